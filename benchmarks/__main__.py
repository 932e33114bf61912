"""One table of what the benchmarks here measure, each figure beside what it is compared with.

``python benchmarks``, or ``make bench``, takes about ten minutes on two processors, on which
nothing else should run meanwhile. Each script alone measures more of its own subject.
"""

import json
import subprocess
import sys
from pathlib import Path

from table import show
from tqdm import tqdm

# What is measured here of each, as the arguments of its function `rows`.
SCRIPTS = {
    "lenet_epoch": {"one_thread": False},
    "two_processes": {},
    "other_tools": {"all_sizes": False},
    "scheduler": {"sizes": [10**3, 10**6]},
    "simulator": {"repeats": 2},
    "recorded_rounds": {"brackets": [[2, 1]]},
}
PACKAGES = ["sh_teach", "torch", "torchvision", "distributed", "optuna", "syne-tune"]
PACKAGES += ["numpy", "scipy", "pandas"]


def rows_of(script, arguments):
    """Return the rows of a script.

    It runs in a process of its own, so that none inherits memory or settings of another:
    importing Syne Tune, for one, leaves all of OpenMP a single thread.
    """
    code = f"import json, {script}; print(json.dumps({script}.rows(**{arguments!r})))"
    folder = Path(__file__).parent
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    rows = []
    progress = tqdm(SCRIPTS.items(), unit="script")
    for script, arguments in progress:
        progress.set_description(script)
        rows += rows_of(script, arguments)
    show(rows, *PACKAGES, note="A ratio compares two figures measured in one run.")


if __name__ == "__main__":
    main()
