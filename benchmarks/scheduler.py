"""How many decisions the scheduler takes in a second, also as a bracket grows.

A decision is a `suggest` and an `update`. The target: in a bracket of a million evaluations it
takes at most twice as long as in one of a thousand.

    python benchmarks/scheduler.py
"""

import gc
import random
from statistics import median
from time import process_time

import numpy as np
from scipy import stats
from table import row, show

from sh_teach import RandomSearcher, SuccessiveHalvingScheduler

SPACE = {"learning_rate": stats.loguniform(1e-2, 1), "batch_size": stats.randint(32, 256)}
SIZES = [10**3, 10**4, 10**5, 10**6]
ETA, R_MAX = 2, 256
REPEATS = 5
AT_LEAST = 10**5  # evaluations in one measurement: small brackets are run several times


def make_scheduler(evaluations):
    # A round of n trials has about 2 n evaluations: n + n/2 + n/4 + ...
    prefact = evaluations / 2 / R_MAX
    searcher = RandomSearcher(SPACE, seed=0)
    return SuccessiveHalvingScheduler(searcher, ETA, r_min=1, r_max=R_MAX, prefact=prefact)


def seconds_of(work):
    """Return how long ``work()`` keeps the processor busy, garbage collection included."""
    gc.collect()
    began = process_time()
    work()
    return process_time() - began


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


def rows(sizes=SIZES):
    """Return a row for each size of a bracket, and one for drawing alone."""
    rng = random.Random(0)
    errors = [rng.random() for _ in range(max(sizes))]
    times, by_scipy = {size: [] for size in sizes}, []
    # In turns, so that a disturbance does not slow down one size alone.
    for _ in range(REPEATS):
        for size in sizes:
            times[size].append(measure(size, errors))
        by_scipy.append(measure_scipy())
    decisions = {size: median(decision for decision, _ in times[size]) for size in sizes}
    drawing = {size: median(drawing for _, drawing in times[size]) for size in sizes}
    first = sizes[0]
    rows = [
        row(
            f"a decision in a bracket of {size:,} evaluations",
            f"{1e6 * decision:.2f} µs, {1 / decision:,.0f} per second, "
            f"{drawing[size] / decision:.0%} of it drawing",
            f"a bracket of {first:,}, {1e6 * decisions[first]:.2f} µs" if size != first else "",
            f"{decision / decisions[first]:.2f} times as long" if size != first else "",
            "at most 2" if size != first else "",
        )
        for size, decision in decisions.items()
    ]
    # About every second decision draws a configuration.
    drawn, one_by_one = 1e6 * 2 * drawing[first], 1e6 * median(by_scipy)
    against = f"scipy's rvs(), value by value, {one_by_one:.2f} µs"
    ratio = f"{one_by_one / drawn:.1f} times as fast"
    return [*rows, row("drawing a configuration", f"{drawn:.2f} µs", against, ratio)]


if __name__ == "__main__":
    note = (
        f"Medians of {REPEATS} repeats in turns. eta={ETA}, r_min=1, r_max={R_MAX}, "
        f"{len(SPACE)} hyperparameters."
    )
    show(rows(), "sh_teach", "numpy", "scipy", note=note)
