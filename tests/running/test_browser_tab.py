"""What a browser tab lacks: processes. One worker, and simulated ones, need none."""

import subprocess
import sys

TAB = """
import sys
sys.modules["_multiprocessing"] = None  # as in Pyodide
from scipy import stats
from sh_teach import HPOTuner, RandomSearcher, SimulatedWorkers, SuccessiveHalvingScheduler

def run(workers):
    searcher = RandomSearcher({"x": stats.uniform()}, seed=0)
    scheduler = SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=2)
    tuner = HPOTuner(scheduler, lambda x, max_epochs: x, workers=workers, progress=False)
    tuner.run(3)
    return len(tuner.records)

print(run(1), run(SimulatedWorkers(2, lambda config, r_from, r_to: 1.0)))
try:
    run(2)
except ValueError as error:
    print(error)
"""


def test_without_processes_one_worker_runs_and_two_are_refused():
    done = subprocess.run([sys.executable, "-c", TAB], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "3 3",
        "workers=2: in a browser tab it must be 1, or SimulatedWorkers",
    ], done.stderr
