"""Draw the figures of img/ from the recorded curves: ``python scripts/draw_figures.py``.

The same versions of the packages give the same files, to the byte; a test compares them.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt

from sh_teach import (
    Bracket,
    HPOTuner,
    RecordedCurves,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
    hyperband_brackets,
    plot_anytime,
    plot_rungs,
    plot_timeline,
)
from sh_teach.plots.style import BLUE, ERROR_LABEL, GREEN, GREY, ORANGE, PURPLE, VERMILLION, axes

IMG = Path(__file__).resolve().parents[1] / "img"
sys.path.append(str(IMG.parent / "notebooks"))  # its files beside the notebooks draw some
CHANCE = 0.9
FIGSIZE = (8, 4.8)
SVG = {"svg.hashsalt": "sh_teach", "svg.fonttype": "path"}


def learning_curves(curves):
    """All recorded curves; the colour is the learning rate."""
    ax = axes(figsize=FIGSIZE)
    rates = curves.table.groupby("config_id")["learning_rate"].first()
    norm = matplotlib.colors.LogNorm(rates.min(), rates.max())
    errors = curves.table.pivot(index="config_id", columns="epoch", values="validation_error")
    for config_id in rates.sort_values().index:
        color = plt.cm.viridis_r(norm(rates[config_id]))
        ax.plot(errors.loc[config_id], color=color, linewidth=1.1, alpha=0.8)
    ax.axhline(CHANCE, color="0.3", linewidth=1, linestyle=":", zorder=0)
    ax.annotate("guessing", (16, CHANCE), (16, CHANCE + 0.012), ha="right", size="large")
    ax.set_xticks(range(1, 17))
    ax.set(xlabel="epochs", ylabel=ERROR_LABEL, xlim=(1, 16), ylim=(0.08, 0.95))
    colors = plt.cm.ScalarMappable(norm, "viridis_r")
    bar = ax.figure.colorbar(colors, ax=ax, label="learning rate", ticks=[0.01, 0.03, 0.1, 0.3, 1])
    bar.minorticks_off()
    bar.ax.set_yticklabels(["0.01", "0.03", "0.1", "0.3", "1"])
    axes(bar.ax)
    return ax.figure


def halving(curves, seed=3):
    """One round on the real curves: trained where a line is solid, not paid for where dotted."""
    ax = axes(figsize=FIGSIZE)
    bracket = Bracket(r_min=1, r_max=16, eta=2)
    scheduler = SuccessiveHalvingScheduler(curves.searcher(seed), eta=2, r_min=1, r_max=16)
    tuner = HPOTuner(scheduler, curves.objective, progress=False)
    tuner.run(bracket.evaluations)
    epochs = np.arange(1, 17)
    colors = dict(zip(bracket.levels, [GREY, ORANGE, VERMILLION, BLUE, GREEN], strict=True))
    for _, trial in tuner.dataframe().groupby("trial_id"):
        config = trial[curves.hyperparameters].to_dict("records")[0]
        curve = [curves.objective(**config, max_epochs=int(r)) for r in epochs]
        reached = trial["max_epochs"].max()
        style = dict(color=colors[reached], zorder=2 + reached / 16)
        ax.plot(epochs[:reached], curve[:reached], linewidth=2.2, **style)
        ax.plot(epochs[reached - 1 :], curve[reached - 1 :], linewidth=1, ls=":", **style)
        marker, size = ("*", 18) if reached == 16 else ("X", 9)
        end = dict(marker=marker, markersize=size, markeredgecolor="white", clip_on=False)
        ax.plot(reached, curve[reached - 1], **style, **end)
    survivors = (*bracket.sizes[1:], 1)
    for level, size, stay in zip(bracket.levels, bracket.sizes, survivors, strict=True):
        ax.axvline(level, color="0.8", linewidth=1, zorder=0)
        label = f"{size} trials\n{size - stay} stop" if size > stay else "1 trial"
        place = dict(ha="center", va="bottom", size="large", transform=ax.get_xaxis_transform())
        ax.text(level, 1.01, label, color=colors[level], weight="bold", **place)
    ax.set_xscale("log", base=2)
    ax.set_xticks(bracket.levels, bracket.levels)
    ax.minorticks_off()
    ax.set(xlabel="rung level (epochs)", ylabel=ERROR_LABEL, xlim=(0.93, 16.6), ylim=(0.08, 0.95))
    return ax.figure


def simulate(curves, scheduler, workers, evaluations):
    workers = SimulatedWorkers(workers, curves.runtime)
    tuner = HPOTuner(scheduler, curves.objective, workers=workers, progress=False)
    tuner.run(evaluations)
    return tuner.dataframe()


def successive_halving(curves, seed=0, r_min=2):
    return SuccessiveHalvingScheduler(curves.searcher(seed), eta=2, r_min=r_min, r_max=16)


def rungs(curves):
    """One round as points: promoted, stopped, and trained to the end."""
    return plot_rungs(simulate(curves, successive_halving(curves, 3, 1), 1, 31)).figure


def against_random_search(curves):
    """How good 40 runs are at any time, with halving and without."""
    ax = axes(figsize=FIGSIZE)
    # A bracket of one rung is random search.
    random_search = [
        simulate(curves, successive_halving(curves, seed, r_min=16), 1, 15) for seed in range(40)
    ]
    halving = [simulate(curves, successive_halving(curves, seed), 1, 75) for seed in range(40)]
    plot_anytime(random_search, ax=ax, label="random search", color=VERMILLION)
    plot_anytime(halving, ax=ax, label="successive halving", color=BLUE)
    return ax.figure


def overlapping_rounds(curves):
    """Four workers: one that is free while the rung is open starts the next round."""
    return plot_timeline(simulate(curves, successive_halving(curves), 4, 40)).figure


def brackets(curves):
    """Hyperband's five brackets for 81 epochs: how many trials reach which rung."""
    ax = axes(figsize=FIGSIZE)
    styles = zip(
        hyperband_brackets(1, 81, 3),
        (BLUE, ORANGE, GREEN, PURPLE, VERMILLION),
        "os^Dv",
        strict=True,
    )
    for s, (bracket, color, marker) in enumerate(styles):
        style = dict(color=color, marker=marker, markersize=9, linewidth=2.5)
        ax.plot(bracket.levels, bracket.sizes, label=f"s = {4 - s}", **style)
    ax.set(xscale="log", yscale="log", xlabel="rung level (epochs)", ylabel="trials")
    ax.set_xticks([1, 3, 9, 27, 81], [1, 3, 9, 27, 81])
    ax.set_yticks([1, 3, 9, 27, 81], [1, 3, 9, 27, 81])
    ax.minorticks_off()
    ax.legend(frameon=False, fontsize="large")
    return ax.figure


def sixteen_workers(curves):
    """Sixteen workers, several rounds at the same time."""
    return plot_timeline(simulate(curves, successive_halving(curves), 16, 160)).figure


def many_workers(curves):
    """Seconds until an error is found, on up to 100 workers, and the shortest training."""
    from many_workers import Drawn, seconds_until

    ax, numbers, target = axes(figsize=FIGSIZE), (1, 3, 10, 30, 100), 0.125
    draws = [Drawn(curves, seed) for seed in range(16)]
    for method, color, marker in [("wait", ORANGE, "o"), ("ASHA", GREEN, "D")]:
        seconds = [
            np.mean([seconds_until(target, d, method, n, seed) for seed, d in enumerate(draws)])
            for n in numbers
        ]
        look = dict(color=color, marker=marker, markersize=12, linewidth=4)
        ax.plot(numbers, seconds, label=method, **look)
    shortest = min(drawn.shortest(target) for drawn in draws)
    ax.axhline(shortest, color="0.3", linestyle=":", linewidth=4, label="one training")
    ax.set(xscale="log", xlabel="workers", ylabel="seconds until found", ylim=(0, None))
    ax.set_xticks(numbers, numbers)
    ax.minorticks_off()
    ax.legend(frameon=False, fontsize="xx-large")
    return ax.figure


def one_race(curves):
    """The lowest error so far of halving and of random search, for the same epochs."""
    from experiments import halving as races_of
    from races import plot_race

    return plot_race(*(races_of(curves, 480, 1, r_min=r_min)[0] for r_min in (1, 16)), 480).figure


FIGURES = [
    one_race,
    learning_curves,
    halving,
    rungs,
    against_random_search,
    overlapping_rounds,
    brackets,
    sixteen_workers,
    many_workers,
]


def draw(folder=IMG):
    """Write each of `FIGURES` to a folder, as an SVG of its name."""
    curves = RecordedCurves.load()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SVG)
        for figure in FIGURES:
            fig = figure(curves)
            fig.savefig(Path(folder) / f"{figure.__name__}.svg", metadata={"Date": None})
            plt.close(fig)


if __name__ == "__main__":
    sys.exit(draw())
