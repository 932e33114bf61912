"""A search as a script: two rounds of the trials A to P, on a Dask cluster, with a journal.

    python cluster_search.py CLUSTER_FILE FOLDER

Notebook 07 shows this file, runs it, kills it, and runs it again.
"""

import sys
import time
from functools import partial
from pathlib import Path

from distributed import Client
from simulate import PLAN, Cast

from sh_teach import HPOTuner, SuccessiveHalvingScheduler
from sh_teach.files import append_line, replace_file

EVALUATIONS = 30  # two rounds of 8, 4, 2 and 1
halving = partial(SuccessiveHalvingScheduler, overlap_rounds=False, **PLAN)


def replay(name, max_epochs, checkpoint, seconds=0.2):
    """Pretend to train a trial: an epoch is noted when it begins, and saved when it ends."""
    trained = int(checkpoint.read_text()) if checkpoint.exists() else 0
    for epoch in range(trained + 1, max_epochs + 1):
        append_line(checkpoint.parent / "log", f"{name} {epoch}\n".encode())
        time.sleep(seconds)
        replace_file(checkpoint, str(epoch).encode())
    return Cast.objective(name, max_epochs)


def search(cluster_file, folder):
    """Run what the journal does not have yet."""
    with Client(scheduler_file=str(cluster_file)) as client:
        tuner = HPOTuner(
            halving(Cast.searcher()),
            replay,
            workers=client,
            checkpoint_dir=Path(folder) / "checkpoints",
            journal=Path(folder) / "search.jsonl",
            progress=False,
        )
        tuner.run(EVALUATIONS)
    print(f"{len(tuner.records)} results; the best is {tuner.incumbent['name']}")


if __name__ == "__main__":
    search(*sys.argv[1:])
