"""What notebook 06 runs and draws: methods on several problems, and Hyperband's cycle."""

from typing import NamedTuple

import numpy as np
from experiments_clock import on_the_clock
from experiments_noise import GUESSING
from matplotlib import pyplot as plt

from sh_teach import SimulatedWorkers, compare
from sh_teach.plots.style import BLUE, GREEN, GREY, ORANGE, axes, text_color

LOOK = {  # a colour and a marker for each method
    "random search": (GREY, "X"),
    "halving": (BLUE, "o"),
    "Hyperband": (ORANGE, "s"),
    "ASHA": (GREEN, "D"),
}


# --- runs ----------------------------------------------------------------------------------


class Run(NamedTuple):
    """A search, in plain lists: when each evaluation ended, and the incumbent's error then."""

    ended: list
    error: list
    trials: int  # that have a result

    def error_at(self, time):
        """Return the incumbent's error; without a result, that of guessing."""
        known = np.searchsorted(self.ended, time, side="right")
        return np.array([GUESSING, *self.error])[known]


def epochs_trained(config, r_from, r_to):
    """Return the epochs of an evaluation: a runtime, for a clock that counts epochs."""
    return r_to - r_from


def searches(make, curves, budget, workers=1, runtime=epochs_trained, repetitions=200):
    """Return runs of a scheduler, one for each seed, until the clock shows the budget."""
    runs = []
    for seed in range(repetitions):
        pool = SimulatedWorkers(workers, runtime)
        records = on_the_clock(make(curves.searcher(seed)), curves, pool, budget).records
        errors = [r["error"] if np.isfinite(r["error"]) else GUESSING for r in records]
        best = np.minimum.accumulate([GUESSING, *errors])[1:].tolist()
        trials = len({record["trial_id"] for record in records})
        runs.append(Run([record["ended"] for record in records], best, trials))
    return runs


def versus(runs, rivals, time=np.inf):
    """Return `compare` of the errors that two methods have at that time."""
    return compare(*([float(run.error_at(time)) for run in both] for both in (runs, rivals)))


def verdict(pair):
    """Return what a comparison shows: the first is lower, higher, or level with the second."""
    if abs(pair.mean) <= pair.margin:
        return "level"
    return "lower" if pair.mean < 0 else "higher"


# --- figures -------------------------------------------------------------------------------


def apart(ends, gap):
    """Return heights for labels at these ends: in their order, and at least a gap apart."""
    places, last = {}, -np.inf
    for name in sorted(ends, key=ends.get):
        places[name] = last = max(ends[name], last + gap)
    return places


def plot_means(problems, runs, limits):
    """Draw the mean error of each method over the epochs, a panel for each problem.

    `problems` maps names to budgets, `runs` pairs of a problem and a method to runs, and `limits`
    problems to the range of the errors. A method's name stands at the end of its line.
    """
    size = dict(figsize=(15, 4.4), layout="constrained", squeeze=False)
    figure, (panels,) = plt.subplots(1, len(problems), **size)
    for ax, (problem, budget) in zip(panels, problems.items(), strict=True):
        axes(ax)
        grid, (low, high) = np.linspace(0, budget, 301), limits[problem]
        means = {
            name: np.mean([run.error_at(grid) for run in runs[problem, name]], axis=0)
            for name in LOOK
        }
        places = apart({name: mean[-1] for name, mean in means.items()}, 0.075 * (high - low))
        for name, mean in means.items():
            color, _ = LOOK[name]
            ax.plot(grid, mean, color=color, linewidth=2.5)
            at = dict(xytext=(1.06 * budget, places[name]), annotation_clip=False)
            text = dict(color=color, weight="bold", va="center", size=12)
            line = dict(arrowstyle="-", color=color, shrinkA=0, shrinkB=0)
            ax.annotate(name, (budget, mean[-1]), **at, **text, arrowprops=line)
        ax.set(title=problem, xlabel="epochs trained", xlim=(0, budget), ylim=(low, high))
    panels[0].set_ylabel("mean error of the incumbent")
    return figure


def plot_differences(panels, look=None, reference="random search"):
    """Draw mean differences in error with their 95 % intervals, a panel for each problem.

    `panels` maps titles to dicts of names and comparisons; wins, ties and losses are written
    beside them. `look` has a colour and a marker for the first word of a name.
    """
    rows = max(map(len, panels.values()))
    size = (15, 1.5 + 0.5 * rows)
    figure, row = plt.subplots(1, len(panels), figsize=size, layout="constrained", squeeze=False)
    figure.get_layout_engine().set(w_pad=0.2)  # the shares of a panel end where the next begins
    for ax, (title, pairs) in zip(row[0], panels.items(), strict=True):
        axes(ax)
        for place, (name, pair) in enumerate(pairs.items()):
            color, marker = (look or LOOK).get(name.partition(",")[0], (BLUE, "o"))
            mark = dict(color=color, marker=marker, markersize=9, capsize=5, linewidth=2.5)
            ax.errorbar(pair.mean, place, xerr=pair.margin, **mark)
            shares = " / ".join(f"{100 * share:.0f}" for share in (pair.win, pair.tie, pair.loss))
            beside = dict(transform=ax.get_yaxis_transform(), va="center", size=12)
            ax.text(1.02, place, shares, **beside)
        ax.axvline(0, color=text_color(), linewidth=1)
        ax.set_yticks(range(len(pairs)), pairs)
        ax.set(
            title=title, xlabel=f"error less that of {reference}", ylim=(len(pairs) - 0.4, -0.6)
        )
        ax.locator_params(axis="x", nbins=4)
    return figure


def plot_cycle(brackets, ax=None):
    """Draw what each bracket costs from scratch: a bar, with a piece for each rung."""
    ax = axes(ax, figsize=(11, 4.2))
    shades = np.linspace(1, 0.35, len(brackets[0].levels))
    for s, bracket in enumerate(reversed(brackets)):
        left = 0
        for level, size in zip(bracket.levels, bracket.sizes, strict=True):
            shade = shades[brackets[0].levels.index(level)]
            ax.barh(
                s, level * size, left=left, color=BLUE, alpha=shade, edgecolor=ax.get_facecolor()
            )
            words = f"{size}×{level}"
            ink = "white" if shade > 0.6 else text_color()[0]
            inside = dict(ha="center", va="center", color=ink, size=12)
            ax.text(left + level * size / 2, s, words, **inside)
            left += level * size
        ax.text(left, s, f"  {left} epochs", va="center", size=12)
    ax.set_yticks(range(len(brackets)), [f"s = {s}" for s in range(len(brackets))])
    ax.set(xlabel="epochs, each evaluation from scratch", xlim=(0, 1.16 * brackets[0].epochs()))
    return ax


def plot_prices(prices, ax=None):
    """Draw by how much promoting is worse than stopping, by the price of a resume in epochs.

    `prices` maps names to a table of `price_of_resuming` and the seconds of a mean epoch.
    """
    ax = axes(ax, figsize=(9, 4.4))
    for (name, (table, epoch)), (color, marker) in zip(
        prices.items(), [(BLUE, "o"), (ORANGE, "s")], strict=True
    ):
        look = dict(color=color, marker=marker, capsize=4, linewidth=2, label=name)
        ax.errorbar(table.index / epoch, table["difference"], table["±"], **look)
    ax.axhline(0, color=text_color(), linewidth=1)
    ax.set(xlabel="price of a resume, in mean epochs", ylabel="error: promote less stop")
    ax.legend(frameon=False, fontsize="large")
    return ax
