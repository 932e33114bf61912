"""How long ten thousand rounds of successive halving on the recorded curves take.

Every evaluation goes through tuner and scheduler. Promised: under 10 seconds in one process.

    python benchmarks/recorded_rounds.py
"""

from time import perf_counter

import pandas as pd
from machine import versions

from sh_teach import HPOTuner, RecordedCurves, SuccessiveHalvingScheduler

ROUNDS = 10_000
BRACKETS = [(2, 1), (2, 2), (3, 1), (4, 1)]


def measure(curves, eta, r_min):
    """Return seconds and evaluations of all rounds; each has its own searcher and tuner."""
    evaluations = 0
    began = perf_counter()
    for seed in range(ROUNDS):
        scheduler = SuccessiveHalvingScheduler(curves.searcher(seed), eta, r_min, curves.r_max)
        tuner = HPOTuner(scheduler, curves.objective, progress=False)
        tuner.run(scheduler.bracket.evaluations)
        evaluations += len(tuner.records)
    return perf_counter() - began, evaluations


def main():
    curves = RecordedCurves.load()
    rows = []
    for eta, r_min in BRACKETS:
        seconds, evaluations = measure(curves, eta, r_min)
        each = f"{1e6 * seconds / evaluations:.1f}"
        rows.append((eta, r_min, f"{evaluations:,}", f"{seconds:.1f}", each))
    names = ["eta", "r_min", "evaluations", f"seconds for {ROUNDS:,} rounds", "µs per evaluation"]
    print(pd.DataFrame(rows, columns=names).to_markdown(index=False, disable_numparse=True))
    print(f"\nRecorded curves of {curves.r_max} epochs. {versions('sh_teach', 'numpy')}")


if __name__ == "__main__":
    main()
