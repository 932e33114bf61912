"""One table of what all benchmarks here measure, each figure beside what it is compared with.

``python benchmarks``, or ``make bench``, takes about ten minutes on two processors, on which
nothing else should run meanwhile. Each script alone prints more of its own subject. A ratio
compares two figures of the same row, measured in the same run.
"""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
from machine import versions
from tqdm import tqdm

SCRIPTS = [
    "lenet_epoch",
    "two_processes",
    "other_tools",
    "scheduler",
    "simulator",
    "recorded_rounds",
]
PACKAGES = ["sh_teach", "torch", "torchvision", "distributed", "optuna", "syne-tune"]
PACKAGES += ["numpy", "scipy", "pandas"]


def summary_of(script):
    """Return the rows that a script has for the table.

    It runs in a process of its own, so that none inherits memory or settings of another:
    importing Syne Tune, for one, leaves all of OpenMP a single thread.
    """
    command = [sys.executable, "-c", f"import json, {script} as s; print(json.dumps(s.summary()))"]
    folder = Path(__file__).parent
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    rows = []
    progress = tqdm(SCRIPTS, unit="script")
    for script in progress:
        progress.set_description(script)
        rows += summary_of(script)
    table = pd.DataFrame(rows)
    print(table.to_markdown(index=False, disable_numparse=True))
    print(f"\nA ratio compares two figures measured in one run. {versions(*PACKAGES)}")


if __name__ == "__main__":
    main()
