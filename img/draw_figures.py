"""Draw the figures of this folder from the recorded curves: ``python img/draw_figures.py``.

The same versions of the packages give the same files, to the byte; a test compares them.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt

from sh_teach import Bracket, HPOTuner, RecordedCurves, SuccessiveHalvingScheduler
from sh_teach.plots import BLUE, ERROR_LABEL, GREEN, GREY, ORANGE, VERMILLION, axes

HERE = Path(__file__).resolve().parent
CHANCE = 0.9
FIGSIZE = (8, 4.8)
SVG = {"svg.hashsalt": "sh_teach", "svg.fonttype": "path", "font.size": 12}


def learning_curves(curves):
    """All recorded curves; the colour tells the learning rate."""
    ax = axes(figsize=FIGSIZE)
    rates = curves.table.groupby("config_id")["learning_rate"].first()
    norm = matplotlib.colors.LogNorm(rates.min(), rates.max())
    errors = curves.table.pivot(index="config_id", columns="epoch", values="validation_error")
    for config_id in rates.sort_values().index:
        color = plt.cm.viridis_r(norm(rates[config_id]))
        ax.plot(errors.loc[config_id], color=color, linewidth=1.1, alpha=0.8)
    ax.axhline(CHANCE, color="0.3", linewidth=1, linestyle=":", zorder=0)
    ax.annotate("guessing", (16, CHANCE), (16, CHANCE + 0.012), ha="right", color="0.3")
    ax.set_xticks(range(1, 17))
    ax.set(xlabel="epochs", ylabel=ERROR_LABEL, xlim=(1, 16), ylim=(0.08, 0.95))
    colors = plt.cm.ScalarMappable(norm, "viridis_r")
    bar = ax.figure.colorbar(colors, ax=ax, label="learning rate", ticks=[0.01, 0.03, 0.1, 0.3, 1])
    bar.minorticks_off()
    bar.ax.set_yticklabels(["0.01", "0.03", "0.1", "0.3", "1"])
    return ax.figure


def halving(curves, seed=3):
    """One round on the real curves: what was trained, and dotted what was not paid for."""
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
        place = dict(ha="center", va="bottom", transform=ax.get_xaxis_transform())
        ax.text(level, 1.01, label, color=colors[level], weight="bold", **place)
    ax.set_xscale("log", base=2)
    ax.set_xticks(bracket.levels, bracket.levels)
    ax.minorticks_off()
    ax.set(xlabel="rung level (epochs)", ylabel=ERROR_LABEL, xlim=(0.93, 16.6), ylim=(0.08, 0.95))
    return ax.figure


def draw(folder=HERE):
    """Write ``learning_curves.svg`` and ``halving.svg`` to a folder."""
    curves = RecordedCurves.load()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SVG)
        for figure in (learning_curves, halving):
            fig = figure(curves)
            fig.savefig(Path(folder) / f"{figure.__name__}.svg", metadata={"Date": None})
            plt.close(fig)


if __name__ == "__main__":
    sys.exit(draw())
