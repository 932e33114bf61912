"""Notebook 07: how long a search takes on up to a thousand simulated workers."""

from functools import partial

import numpy as np

from sh_teach import (
    ASHAScheduler,
    HPOSearcher,
    HPOTuner,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
)

PLAN = dict(eta=2, r_min=1, r_max=16)
METHODS = {
    "wait": partial(SuccessiveHalvingScheduler, overlap_rounds=False),
    "next round": SuccessiveHalvingScheduler,
    "ASHA": ASHAScheduler,
}


class Drawn:
    """Ten thousand configurations, drawn anew for each seed, so that no search uses them up.

    Learning rates from 0.01 to 1 and batch sizes from 32 to 255, as recorded. A curve is a mean
    of the three nearest recorded ones, weighted by one over the distance; it is smoother than the
    truth. The seconds of an epoch follow the batch size, as they did when they were recorded.
    """

    def __init__(self, curves, seed, n=10_000):
        rng = np.random.default_rng(seed)
        recorded = curves.table.fillna({"validation_error": 0.9}).groupby("config_id")
        mean = recorded[["learning_rate", "batch_size", "seconds"]].mean()
        learning_rate, batch_size = 10 ** rng.uniform(-2, 0, n), rng.integers(32, 256, n)
        here = place(learning_rate, batch_size)
        there = place(mean["learning_rate"], mean["batch_size"])
        distance = np.linalg.norm(here[:, None] - there, axis=2)
        nearest = np.argpartition(distance, 3)[:, :3]
        weight = 1 / (1e-9 + np.take_along_axis(distance, nearest, axis=1))
        weight /= weight.sum(axis=1, keepdims=True)
        errors = np.stack(recorded["validation_error"].apply(np.array))
        line = np.polyfit(1 / mean["batch_size"], mean["seconds"], deg=1)
        self.errors = np.einsum("ij,ijk->ik", weight, errors[nearest]).tolist()
        self.seconds = np.polyval(line, 1 / batch_size).tolist()  # of an epoch

    def runtime(self, config, r_from, r_to):
        """Return the seconds of training from one epoch to another."""
        return (r_to - r_from) * self.seconds[config["number"]]

    def shortest(self, target):
        """Return the seconds of the shortest training that reaches an error of `target`."""
        found = zip(self.errors, self.seconds, strict=True)
        rungs = (1, 2, 4, 8, 16)
        return min(
            r * seconds for errors, seconds in found for r in rungs if errors[r - 1] <= target
        )


def place(learning_rate, batch_size):
    """Return where configurations lie in a square, so that distances can be taken."""
    return np.column_stack([np.log10(learning_rate) / 2, batch_size / 224])


class OneAfterTheOther(HPOSearcher):
    """Propose the configurations by their numbers, in the order in which they were drawn."""

    def sample_configuration(self):
        """Return the next number."""
        self.drawn += 1
        return {"number": self.drawn - 1}


class Found(Exception):
    """Raised by the objective when the search has what it was looking for."""


def seconds_until(target, drawn, method, workers, seed, straggler_std=0.5, drop_probability=0.0):
    """Return when a search on that many workers has an error of at most `target`.

    The seed fixes the stragglers, and what is lost.
    """
    options = dict(straggler_std=straggler_std, drop_probability=drop_probability, seed=seed)
    pool = SimulatedWorkers(workers, drawn.runtime, **options)

    def objective(number, max_epochs):
        error = drawn.errors[number][max_epochs - 1]
        if error <= target:
            raise Found
        return error

    scheduler = METHODS[method](OneAfterTheOther(), **PLAN)
    tuner = HPOTuner(scheduler, objective, workers=pool, progress=False)
    try:
        tuner.run(number_of_trials=1_000_000)  # an IndexError, if the draws should run dry
    except Found:
        return pool.now
