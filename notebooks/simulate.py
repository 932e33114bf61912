"""What notebooks 04 and 05 simulate: trials A to H of notebook 02 on a clock, and glue."""

from collections import defaultdict, deque
from itertools import cycle
from string import ascii_uppercase

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from experiments_clock import Surrogate
from scipy import stats

from sh_teach import (
    Bracket,
    HPOScheduler,
    HPOSearcher,
    HPOTuner,
    RandomSearcher,
    RecordedCurves,
    SimulatedWorkers,
)
from sh_teach.plots.style import axes
from sh_teach.schedulers import rank

# --- the cast --------------------------------------------------------------------------------

PLAN = dict(eta=2, r_min=2, r_max=10)
LEVELS = Bracket(**PLAN).levels  # 2, 4, 8 and 10 epochs
# Seconds for an epoch, and errors after 2, 4, 8 and 10 epochs. A to H are those of notebook 02,
# where H took no longer than the others.
CAST = {
    "A": (1, 0.60, 0.45, 0.35, 0.33),
    "B": (1, 0.35, 0.30, 0.28, 0.27),
    "C": (1, 0.80, 0.50, 0.22, 0.18),
    "D": (1, 0.42, 0.28, 0.24, 0.23),
    "E": (1, 0.90, 0.90, 0.90, 0.90),
    "F": (1, 0.55, 0.36, 0.29, 0.26),
    "G": (1, 0.48, 0.33, 0.25, 0.21),
    "H": (2, 0.70, 0.60, 0.52, 0.50),
    "I": (1.5, 0.65, 0.52, 0.44, 0.40),
    "J": (1.5, 0.50, 0.38, 0.33, 0.30),
    "K": (1.5, 0.75, 0.62, 0.55, 0.50),
    "L": (1.5, 0.58, 0.44, 0.40, 0.37),
    "M": (1.5, 0.85, 0.70, 0.60, 0.58),
    "N": (0.5, 0.90, 0.90, 0.60, 0.45),
    "O": (0.5, 0.66, 0.48, 0.41, 0.39),
    "P": (0.5, 0.40, 0.34, 0.31, 0.29),
}


class Cast:
    """Trials A to P on the rungs 2, 4, 8 and 10; Q to Z are like A to J."""

    r_max = LEVELS[-1]

    @staticmethod
    def searcher(seed=None):
        """Return a searcher that proposes A, B, C, ... in this order, whatever the seed."""
        return InOrder()

    @staticmethod
    def objective(name, max_epochs):
        """Return the error of a trial after that many epochs."""
        return _of(name)[1 + LEVELS.index(max_epochs)]

    @staticmethod
    def runtime(config, r_from, r_to):
        """Return the seconds from one epoch to another."""
        return _of(config["name"])[0] * (r_to - r_from)


def _of(name):
    return CAST[list(CAST)[ascii_uppercase.index(name) % len(CAST)]]


class InOrder(HPOSearcher):
    """Propose one name after the other."""

    def __init__(self):
        self.names = cycle(ascii_uppercase)

    def sample_configuration(self):
        """Return the next name."""
        return {"name": next(self.names)}


# --- glue ------------------------------------------------------------------------------------


def simulate(
    make_scheduler, problem, workers=4, evaluations=30, seed=0, plan=PLAN, catch=(), **options
):
    """Run a scheduler on simulated workers, and return its table.

    The seed fixes the draws, and the stragglers and losses that `options` may ask for.
    """
    scheduler = make_scheduler(problem.searcher(seed), **plan)
    pool = SimulatedWorkers(workers, problem.runtime, seed=seed, **options)
    tuner = HPOTuner(scheduler, problem.objective, workers=pool, progress=False)
    tuner.run(evaluations, catch=catch)
    table = tuner.dataframe()
    if not hasattr(scheduler, "rounds"):  # such as ASHA: all trials would be of round 0
        table["round"] = float("nan")
    return table.assign(trial_id=table["name"]) if "name" in table else table


def idle_share(table, workers):
    """Return the share of the workers' time, up to the last result, in which they are idle."""
    busy = (table["ended"] - table["started"]).sum()
    return 1 - busy / (workers * table["ended"].max())


def outranked(table):
    """Count the promotions from a full first rung that a better trial of its round did not get.

    The rungs are those of `PLAN`: of eight trials at 2 epochs, four are promoted to 4.
    """
    rung = table[table["max_epochs"] == 2]
    by_round = rung.groupby("round")["error"]
    full, place = by_round.transform("size") == 8, by_round.rank(method="min")
    promoted = rung["trial_id"].isin(table.loc[table["max_epochs"] == 4, "trial_id"])
    return int((full & promoted & (place > 4)).sum())


def first_finished(table):
    """Return the second at which the first trial has been trained to the last rung."""
    return table.loc[table["max_epochs"] == table["max_epochs"].max(), "ended"].min()


# --- notebook 05 -------------------------------------------------------------------------------


def many_curves(curves, n=3000):
    """Return `n` configurations with curves made up from recorded ones, so that draws last.

    A curve is a mean of the three nearest recorded ones, by `Surrogate`; the seconds of an epoch
    follow the batch size, as they did when the curves were recorded.
    """
    space = {"learning_rate": stats.loguniform(1e-2, 1), "batch_size": stats.randint(32, 256)}
    surrogate, searcher = Surrogate(curves, space), RandomSearcher(space, seed=0)
    recorded = curves.table.groupby("config_id").mean()
    slope, intercept = np.polyfit(1 / recorded["batch_size"], recorded["seconds"], deg=1)
    rows = []
    for number in range(n):
        config = searcher.sample_configuration()
        seconds = intercept + slope / config["batch_size"]
        for epoch in range(1, LEVELS[-1] + 1):
            error = surrogate.objective(**config, max_epochs=epoch)
            # Rounded, since the last bits differ between machines, and decide ties on a plateau.
            rows.append((number, *config.values(), epoch, round(error, 12), round(seconds, 9)))
    columns = ["config_id", *space, "epoch", "validation_error", "seconds"]
    return RecordedCurves(pd.DataFrame(rows, columns=columns))


def up_to(table, seconds, workers):
    """Return what a run has reached by then: idle share, first at 10 epochs, lowest error."""
    ended, started = (table[name].clip(upper=seconds) for name in ("ended", "started"))
    idle = 1 - (ended - started).sum() / (workers * seconds)
    return idle, first_finished(table), table.loc[table["ended"] <= seconds, "error"].min()


def plot_scaling(results, styles):
    """Draw three panels over the number of workers, each line labelled at its end.

    `results` has the mean idle share, first result and error of each strategy and number of
    workers; `styles` has a colour, a marker and a width for each strategy.
    """
    titles = {"idle": "idle share", "first": "first at 10 epochs (s)", "error": "lowest error"}
    figure, panels = plt.subplots(1, 3, figsize=(15, 4.6), layout="constrained")
    numbers = sorted(set(results.index.get_level_values("workers")))
    for ax, (column, title) in zip(panels, titles.items(), strict=True):
        axes(ax)
        ends = {name: results[column][name].iloc[-1] for name in styles}
        low, high = results[column].min(), results[column].max()
        places = _apart(ends, 0.07 * (high - low))
        for name, (color, marker, width) in styles.items():
            look = dict(color=color, marker=marker, linewidth=width, markersize=4 + width)
            ax.plot(results[column][name], **look)
            at = dict(xytext=(numbers[-1] * 1.25, places[name]), va="center", size=12)
            ax.annotate(name, (numbers[-1], ends[name]), color=color, weight="bold", **at)
        ax.set(xscale="log", title=title, xlabel="workers", xlim=(0.9, numbers[-1] * 5))
        ax.set_xticks(numbers, numbers)
        ax.minorticks_off()
    return figure


def _apart(ends, gap):
    """Return heights for labels at these ends: in their order, and at least a gap apart."""
    places, last = {}, -float("inf")
    for name in sorted(ends, key=ends.get):
        places[name] = last = max(ends[name], last + gap)
    return places


# --- the scheduler of notebook 02 --------------------------------------------------------------


class OneWorker(HPOScheduler):
    """Successive halving for one worker, as notebook 02 writes it in three cells."""

    def __init__(self, searcher, eta, r_min, r_max):
        super().__init__(searcher)
        self.bracket = Bracket(r_min, r_max, eta)
        self.queue = deque()  # the trials that wait, the next one first
        self.rungs = defaultdict(list)  # level -> (trial, error) pairs of this round

    def suggest(self):
        """Return the trial at the head of the queue; if none waits, start a round."""
        if not self.queue:  # the round has finished: start the next one
            self.rungs.clear()
            for _ in range(self.bracket.n):
                self.queue.append(self.new_trial(max_epochs=self.bracket.r_min))
        return self.start(self.queue.popleft())

    def update(self, config, error, info=None):
        """Note a result; if its rung is full, promote the best."""
        trial, error = self.finish(config, error, info)
        level = trial["max_epochs"]
        k, rung = self.bracket.levels.index(level), self.rungs[level]
        rung.append((trial, error))
        if k < self.bracket.K and len(rung) == self.bracket.sizes[k]:  # it is full
            best_first = sorted(rung, key=rank)
            for survivor, _ in best_first[: self.bracket.sizes[k + 1]]:
                self.queue.append(survivor.promoted(self.bracket.levels[k + 1]))
