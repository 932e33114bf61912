"""How many decisions the scheduler takes in a second, also as a bracket grows.

A decision is a `suggest` and an `update`. Promised: in a bracket of a million evaluations it
takes at most twice as long as in one of a thousand.

    python benchmarks/scheduler.py
"""

import gc
import random
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd
from machine import versions
from scipy import stats

from sh_teach import RandomSearcher, SuccessiveHalvingScheduler

SPACE = {"learning_rate": stats.loguniform(1e-2, 1), "batch_size": stats.randint(32, 256)}
EVALUATIONS = [10**3, 10**4, 10**5, 10**6]
ETA, R_MAX = 2, 256
REPEATS = 5
AT_LEAST = 10**5  # evaluations in one measurement: small brackets are run several times


def make_scheduler(evaluations):
    # A round of n trials has about 2 n evaluations: n + n/2 + n/4 + ...
    prefact = evaluations / 2 / R_MAX
    searcher = RandomSearcher(SPACE, seed=0)
    return SuccessiveHalvingScheduler(searcher, ETA, r_min=1, r_max=R_MAX, prefact=prefact)


def seconds_of(work):
    """Return how long ``work()`` takes, the garbage collector running as it usually does."""
    gc.collect()
    began = perf_counter()
    work()
    return perf_counter() - began


def measure(evaluations, errors):
    """Return seconds per decision, and how many of them went into drawing the configurations."""
    bracket = make_scheduler(evaluations).bracket
    brackets = max(1, AT_LEAST // evaluations)

    def decide():
        for _ in range(brackets):
            scheduler = make_scheduler(evaluations)
            for error in errors[: bracket.evaluations]:
                scheduler.update(scheduler.suggest(), error)

    def draw():
        for _ in range(brackets):
            searcher = RandomSearcher(SPACE, seed=0)
            configs = [searcher.sample_configuration() for _ in range(bracket.n)]
        return configs

    decisions = brackets * bracket.evaluations
    return seconds_of(decide) / decisions, seconds_of(draw) / decisions


def measure_scipy(configurations=1000):
    """Return seconds for one configuration when every value is drawn by a call of its own."""
    rng = np.random.default_rng(0)

    def draw():
        for _ in range(configurations):
            {name: entry.rvs(random_state=rng) for name, entry in SPACE.items()}

    return seconds_of(draw) / configurations


def measure_all():
    """Return the repeats of `measure` for each size, and those of `measure_scipy`."""
    rng = random.Random(0)
    errors = [rng.random() for _ in range(max(EVALUATIONS))]
    times, by_scipy = {evaluations: [] for evaluations in EVALUATIONS}, []
    # In turns, so that a disturbance does not hit one size alone.
    for _ in range(REPEATS):
        for evaluations in EVALUATIONS:
            times[evaluations].append(measure(evaluations, errors))
        by_scipy.append(measure_scipy())
    return times, by_scipy


def summary():
    """Return the row for the table of ``make bench``."""
    times, _ = measure_all()
    small, *_, large = (median(decision for decision, _ in times[n]) for n in EVALUATIONS)
    return [
        {
            "what": f"time for a decision in a bracket of {EVALUATIONS[-1]:,} evaluations",
            "figure": f"{1e6 * large:.1f} µs",
            "compared with": f"a bracket of {EVALUATIONS[0]:,}, {1e6 * small:.1f} µs",
            "ratio": f"{large / small:.2f} times as long",
            "promised": "at most 2",
        }
    ]


def main():
    times, by_scipy = measure_all()
    rows = []
    for evaluations in EVALUATIONS:
        bracket = make_scheduler(evaluations).bracket
        decision = median(decision for decision, _ in times[evaluations])
        drawing = median(drawing for _, drawing in times[evaluations])
        slowest = max(decision for decision, _ in times[evaluations])
        first = median(decision for decision, _ in times[EVALUATIONS[0]])
        rows.append(
            {
                "": f"bracket of {bracket.n:,} trials",
                "evaluations": f"{bracket.evaluations:,}",
                "decisions per second": f"{1 / decision:,.0f}",
                "µs per decision": f"{1e6 * decision:.2f}",
                "slowest repeat, µs": f"{1e6 * slowest:.2f}",
                f"time relative to {EVALUATIONS[0]:,}": f"{decision / first:.2f}",
                "of it drawing": f"{drawing / decision:.0%}",
            }
        )
    one_by_one = median(by_scipy)
    rows.append(
        {
            "": "for comparison: scipy's rvs(), value by value, no scheduler",
            "decisions per second": f"{1 / one_by_one:,.0f}",
            "µs per decision": f"{1e6 * one_by_one:.2f}",
            "slowest repeat, µs": f"{1e6 * max(by_scipy):.2f}",
            "of it drawing": "100%",
        }
    )
    table = pd.DataFrame(rows).fillna("")
    print(table.to_markdown(index=False, disable_numparse=True, colalign=["left"] + ["right"] * 6))
    print(
        f"\nMedians of {REPEATS} repeats in turns. eta={ETA}, r_min=1, r_max={R_MAX}, "
        f"{len(SPACE)} hyperparameters.\n"
        f"{versions('sh_teach', 'numpy', 'scipy')}"
    )


if __name__ == "__main__":
    main()
