"""Keep a new Dask worker waiting before it joins: it does when a file named `DOOR` appears.

A worker that is started with ``--preload at_the_door`` imports this file before it joins.
"""

import os
import time
from pathlib import Path

LONGEST = 600  # seconds
began, door = time.monotonic(), Path(os.environ["DOOR"])
door.with_suffix(".waiting").touch()
while not door.exists():
    if time.monotonic() - began > LONGEST:
        raise SystemExit(f"{door}: nobody has opened it")
    time.sleep(0.02)
