"""How fast the simulated workers are, and how the time for an evaluation grows with their number.

``python benchmarks/simulator.py`` promises: a million evaluations on ten thousand workers in
under 20 seconds and 2 GB, and per evaluation at most 1.5 times what ten thousand take.
"""

import random
import subprocess
import sys
from time import perf_counter

import pandas as pd
from machine import versions

from sh_teach import (
    ASHAScheduler,
    HPOTuner,
    RandomSearcher,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
)

EVALUATIONS = [10**4, 10**5, 10**6]
WORKERS = 10**4
REPEATS = 3


def scheduler(name, evaluations):
    searcher = RandomSearcher({"x": [1, 2, 3]}, seed=0)
    if name == "ASHA":
        return ASHAScheduler(searcher, eta=4, r_min=1, r_max=256)
    # A bracket of about so many evaluations: n + n/4 + n/16 + ... = 4/3 n.
    return SuccessiveHalvingScheduler(searcher, 4, 1, 256, prefact=evaluations * 3 / 4 / 256)


def measure(name, evaluations):
    """Print seconds and megabytes of one run; called in a process of its own."""
    rng = random.Random(0)
    workers = SimulatedWorkers(WORKERS, lambda config, a, b: (b - a) * (1 + rng.random()))
    tuner = HPOTuner(
        scheduler(name, evaluations),
        lambda x, max_epochs: rng.random(),
        workers=workers,
        progress=False,
    )
    began = perf_counter()
    tuner.run(evaluations)
    print(perf_counter() - began, peak_megabytes())


def peak_megabytes():
    try:
        import resource
    except ImportError:  # Windows has none
        return float("nan")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def measure_all(repeats=REPEATS):
    """Return a row for each scheduler and number of evaluations, the best of the repeats."""
    rows = []
    for name in ("successive halving", "ASHA"):
        best = {}
        for evaluations in EVALUATIONS * repeats:
            command = [sys.executable, __file__, name, str(evaluations)]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            seconds, megabytes = map(float, output.split())
            best[evaluations] = min(
                best.get(evaluations, (seconds, megabytes)), (seconds, megabytes)
            )
        for evaluations, (seconds, megabytes) in best.items():
            each = seconds / evaluations
            first = best[EVALUATIONS[0]][0] / EVALUATIONS[0]
            rows.append((name, evaluations, seconds, 1e6 * each, each / first, megabytes))
    return rows


def summary(repeats=2):
    """Return the rows for the table of ``make bench``."""
    rows = measure_all(repeats)
    return [
        {
            "what": f"time for each of {evaluations:,} evaluations by {name}, "
            f"simulated on {WORKERS:,} workers",
            "figure": f"{micros:.1f} µs ({seconds:.1f} s, {megabytes:,.0f} MB)",
            "compared with": f"each of {EVALUATIONS[0]:,}, {micros / relative:.1f} µs",
            "ratio": f"{relative:.2f} times as long",
            "promised": "at most 1.5, under 20 s and 2 GB",
        }
        for name, evaluations, seconds, micros, relative, megabytes in rows
        if evaluations == EVALUATIONS[-1]
    ]


def main():
    rows = measure_all()
    names = ["scheduler", "evaluations", "seconds", "µs each", "relative", "peak MB"]
    print(pd.DataFrame(rows, columns=names).to_markdown(index=False, floatfmt=".2f", intfmt=","))
    print(f"\n{WORKERS:,} workers, best of {REPEATS} runs, each in a process of its own.")
    print(versions("sh_teach", "numpy"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        main()
