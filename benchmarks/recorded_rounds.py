"""How long ten thousand rounds of successive halving on the recorded curves take.

Every evaluation goes through tuner and scheduler. The target: under 10 seconds in one process.

    python benchmarks/recorded_rounds.py
"""

from time import perf_counter

from table import row, show

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


def rows(brackets=BRACKETS):
    """Return a row for each pair of eta and r_min."""
    curves = RecordedCurves.load()
    rows = []
    for eta, r_min in brackets:
        seconds, alone, evaluations = measure(curves, eta, r_min)
        what = f"{ROUNDS:,} rounds on recorded curves, eta={eta}, r_min={r_min}"
        each = 1e6 * seconds / evaluations
        figure = f"{seconds:.1f} s, {each:.1f} µs for each of {evaluations:,} evaluations"
        against = f"the objective alone, without tuner and scheduler, {alone:.1f} s"
        ratio = f"{seconds / alone:.1f} times as long"
        rows.append(row(what, figure, against, ratio, "under 10 s"))
    return rows


if __name__ == "__main__":
    show(rows(), "sh_teach", "numpy")
