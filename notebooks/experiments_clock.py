"""Experiments on a simulated clock: the price of a pause, and a searcher that learns.

As in ``experiments.py``, a repetition is a seed, and with it an order of the configurations.
"""

import sys
from bisect import bisect_right, insort
from contextlib import suppress
from functools import partial

import numpy as np
import pandas as pd

from sh_teach import (
    ASHAScheduler,
    Bracket,
    HPOScheduler,
    HPOTuner,
    RandomSearcher,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
    compare,
)


class TimeIsUp(Exception):
    """Raised by the objective, to end a simulated run."""


def on_the_clock(scheduler, curves, workers, time):
    """Run a scheduler on `SimulatedWorkers` until their clock shows `time`; return the tuner."""

    def objective(**config):  # called when an evaluation ends
        if workers.now > time:
            raise TimeIsUp
        return curves.objective(**config)

    tuner = HPOTuner(scheduler, objective, workers=workers, progress=False)
    with suppress(TimeIsUp):
        tuner.run(number_of_trials=sys.maxsize)
    return tuner


def against(runs, rivals):
    """Return `compare` of two lists of runs as a row of a table."""
    pair = compare(runs, rivals)
    row = {"win": pair.win, "tie": pair.tie, "loss": pair.loss}
    return row | {"difference": pair.mean, "±": pair.margin}


class StoppingScheduler(HPOScheduler):
    """ASHA of the stopping type, as in Optuna, Ray and Syne Tune: no trial is ever paused.

    A trial trains on if it is among the best ``1 / eta`` of the results so far on its rung, or is
    the best of all; else it is stopped, for good.
    """

    def __init__(self, searcher, eta, r_min, r_max):
        super().__init__(searcher)
        self.eta, self.r_min, self.r_max = eta, r_min, r_max
        self.rung_levels = Bracket(r_min, r_max, eta).levels
        self._errors = {level: [] for level in self.rung_levels}
        self._training_on = []

    def suggest(self):
        """Return the trial that trains on, on the worker that it has just left, or a new one."""
        if self._training_on:
            return self.start(self._training_on.pop(0))
        return self.start(self.new_trial(max_epochs=self.r_min))

    def update(self, config, error, info=None):
        """Receive a result; the trial trains on or is stopped."""
        trial, error = self.finish(config, error, info)
        level = trial["max_epochs"]
        rung = self._errors[level]
        better = bisect_right(rung, error) if error < np.inf else len(rung)
        insort(rung, error if error < np.inf else np.inf)
        if level < self.r_max and better < max(1, len(rung) // self.eta):
            above = self.rung_levels[self.rung_levels.index(level) + 1]
            self._training_on.append(trial.promoted(above))


def price_of_resuming(
    curves, costs=(0, 2, 4, 8, 16), eta=3, workers=1, seconds=1200, repetitions=100
):
    """Compare ASHA that pauses and promotes with ASHA that stops, by the cost of resuming.

    A promoted trial pays that many seconds, to load its checkpoint and to start again. A trial
    that trains on never left its worker, and pays nothing. Returns a row for each cost: wins, ties
    and losses of promoting, and its mean difference in error: above 0, stopping has overtaken it.
    """

    def runs(method, cost):
        return [
            on_the_clock(
                method(curves.searcher(seed), eta, 1, curves.r_max),
                curves,
                SimulatedWorkers(workers, curves.runtime, resume_cost=cost),
                seconds,
            )
            for seed in range(repetitions)
        ]

    stopping = runs(StoppingScheduler, 0)
    rows = {cost: against(runs(ASHAScheduler, cost), stopping) for cost in costs}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cost")


class Between:
    """A number between two bounds, or its logarithm, is uniform: as in scipy.stats, but faster."""

    def __init__(self, low, high, log=False):
        self.scale, self.back = (np.log, np.exp) if log else (np.asarray, np.asarray)
        self.low, self.width = self.scale(low), self.scale(high) - self.scale(low)

    def ppf(self, share):
        """Return the number that a draw is below with this probability."""
        return self.back(self.low + self.width * np.asarray(share))

    def cdf(self, number):
        """Return the probability that a draw is below this number."""
        return np.clip((self.scale(number) - self.low) / self.width, 0, 1)

    def rvs(self, size=None, random_state=None):
        """Return random draws."""
        return self.ppf(random_state.random(size))


class Surrogate:
    """An objective at any configuration, made up from recorded curves.

    Its error is the mean of the three nearest recorded configurations (of all their seeds),
    weighted by one over the distance, where each hyperparameter is scaled by the distribution that
    it is drawn from; a training that diverged counts as 0.9, guessing. It is smoother than the
    truth, and no configuration in it is better than the best that was recorded.
    """

    def __init__(self, curves, config_space):
        self.config_space, self.r_max = config_space, curves.r_max
        self._grid = np.linspace(0, 1, 1001)
        self._quantiles = {name: entry.ppf(self._grid) for name, entry in config_space.items()}
        filled = curves.table.fillna({"validation_error": 0.9})
        mean = filled.groupby(["config_id", "epoch"]).mean().unstack("epoch")
        self._errors = mean["validation_error"].to_numpy()
        firsts = curves.table.drop_duplicates("config_id").sort_values("config_id")
        self._places = self._scaled(firsts)

    def objective(self, max_epochs, **config):
        """Return the error after that many epochs."""
        distance = np.linalg.norm(self._places - self._scaled(config), axis=1)
        nearest = np.argpartition(distance, 3)[:3]
        weight = 1 / (distance[nearest] + 1e-9)
        return float(weight @ self._errors[nearest, max_epochs - 1] / weight.sum())

    def _scaled(self, values):
        names = self._quantiles
        return np.transpose([np.interp(values[n], names[n], self._grid) for n in names])


class Bowl:
    """An objective made up by a formula: a bowl, and what fades as the training continues.

    The first hyperparameter also sets how fast that is. A bowl is what a searcher that learns
    likes best: good configurations are neighbours.
    """

    def __init__(self, dimensions=4, r_max=27):
        self.r_max = r_max
        self.config_space = {f"x{i}": Between(0, 1) for i in range(dimensions)}
        self._best = np.linspace(0.3, 0.7, dimensions)

    def objective(self, max_epochs, **config):
        """Return the error after that many epochs; no training falls below 0.1."""
        away = np.array([config[name] for name in self.config_space]) - self._best
        fading = 1 + max_epochs * (0.5 + config["x0"])
        return float(0.1 + 0.5 * away @ away + 0.4 / fading)


LEARNERS = {
    "halving": SuccessiveHalvingScheduler,
    "halving, large rounds": partial(SuccessiveHalvingScheduler, prefact=4),
    "ASHA": ASHAScheduler,
}


def learning(problem, searcher_class, eta=3, epochs=648, repetitions=20, names=tuple(LEARNERS)):
    """Compare a searcher that learns with random draws, on one worker.

    Halving draws a whole round before it has a result of it, and so learns from one round to the
    next; ASHA learns from one trial to the next. Returns a row for each scheduler in `names`,
    learning against random, and one in which ASHA and halving both learn: wins, ties, losses and
    the mean difference in error. All have the same seeds, but learning changes the draws.
    """
    schedulers = {name: LEARNERS[name] for name in names}

    def runs(scheduler, searcher):
        return [
            on_the_clock(
                scheduler(searcher(problem.config_space, seed=seed), eta, 1, problem.r_max),
                problem,
                SimulatedWorkers(1, lambda config, r_from, r_to: r_to - r_from),
                epochs,
            )
            for seed in range(repetitions)
        ]

    learned = {name: runs(scheduler, searcher_class) for name, scheduler in schedulers.items()}
    rows = {
        name: against(learned[name], runs(scheduler, RandomSearcher))
        for name, scheduler in schedulers.items()
    }
    if {"ASHA", "halving"} <= set(names):
        rows["ASHA against halving, both learn"] = against(learned["ASHA"], learned["halving"])
    return pd.DataFrame.from_dict(rows, orient="index")
