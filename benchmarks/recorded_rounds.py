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
    """Return seconds of all rounds, of their objective alone, and the evaluations.

    Each round has its own searcher and tuner.
    """
    seconds, alone, evaluations = 0, 0, 0
    for seed in range(ROUNDS):
        began = perf_counter()
        scheduler = SuccessiveHalvingScheduler(curves.searcher(seed), eta, r_min, curves.r_max)
        tuner = HPOTuner(scheduler, curves.objective, progress=False)
        tuner.run(scheduler.bracket.evaluations)
        done = perf_counter()
        for record in tuner.records:
            curves.objective(**record["config"])
        seconds += done - began
        alone += perf_counter() - done
        evaluations += len(tuner.records)
    return seconds, alone, evaluations


def summary():
    """Return the row for the table of ``make bench``: the largest of the brackets."""
    curves = RecordedCurves.load()
    eta, r_min = BRACKETS[0]
    seconds, alone, evaluations = measure(curves, eta, r_min)
    return [
        {
            "what": f"{ROUNDS:,} rounds on recorded curves, {evaluations:,} evaluations",
            "figure": f"{seconds:.1f} s",
            "compared with": f"the objective alone, without tuner and scheduler, {alone:.1f} s",
            "ratio": f"{seconds / alone:.1f} times as long",
            "promised": "under 10 s",
        }
    ]


def main():
    curves = RecordedCurves.load()
    rows = []
    for eta, r_min in BRACKETS:
        seconds, alone, evaluations = measure(curves, eta, r_min)
        each = f"{1e6 * seconds / evaluations:.1f}"
        rows.append((eta, r_min, f"{evaluations:,}", f"{seconds:.1f}", each, f"{alone:.1f}"))
    names = ["eta", "r_min", "evaluations", f"seconds for {ROUNDS:,} rounds", "µs per evaluation"]
    names.append("seconds of the objective alone")
    print(pd.DataFrame(rows, columns=names).to_markdown(index=False, disable_numparse=True))
    print(f"\nRecorded curves of {curves.r_max} epochs. {versions('sh_teach', 'numpy')}")


if __name__ == "__main__":
    main()
