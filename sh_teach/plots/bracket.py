"""Plots of a bracket: the plan of a round with its costs, and a round that ran by it."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from sh_teach.plots import style
from sh_teach.schedulers import rank
from sh_teach.words import plural


def plot_bracket(bracket, figure=None):
    """Draw a bracket: how many trials each rung promotes, and what a round costs.

    Parameters
    ----------
    bracket : Bracket
        The plan to draw.
    figure : matplotlib.figure.Figure, optional
        Where to draw; by default a new one. An earlier bracket on it is replaced.

    Returns
    -------
    matplotlib.figure.Figure
        Left, a bar for each rung: how many of its trials are promoted and how many are stopped.
        Right, areas are epochs of training: the coloured stairs are one round with checkpoints,
        and the grey ground behind them is random search with as many trials.
    """
    if figure is None:
        figure = plt.figure(figsize=(10, 3.6), facecolor="white")
    margins = dict(left=0.07, right=0.985, top=0.86, bottom=0.17, wspace=0.2)
    both = style.emptied(figure) if figure.axes else figure.subplots(1, 2, gridspec_kw=margins)
    ladder, area = both
    levels, sizes = bracket.levels, bracket.sizes
    promoted = [*sizes[1:], 0]
    rungs = range(len(levels))
    for ax in both:
        style.axes(ax)
        ax.set_xlim(0, bracket.n * 1.12)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        ax.set_xlabel("trials")
    ladder.barh(rungs, promoted, color=style.BLUE, label="promoted")
    hatched = dict(color=style.VERMILLION, hatch="//", label="stopped")
    ladder.barh(rungs[:-1], -np.diff(sizes), left=sizes[1:], **hatched)
    ladder.barh(rungs[-1:], sizes[-1:], color=style.GREEN, label="trained to the end")
    for k, size in enumerate(sizes):
        ladder.text(size + 0.01 * bracket.n, k, f" {size}", va="center", size=11)
    ladder.set_yticks(rungs, levels)
    ladder.set_ylabel("rung level (epochs)")
    ground = dict(color="0.88", label=f"random search: {bracket.n * bracket.r_max:,}")
    area.bar(0, bracket.r_max, width=bracket.n, align="edge", **ground)
    for low, high, size in zip([0, *levels[:-1]], levels, sizes, strict=True):
        step = dict(align="edge", color=style.SKY, edgecolor="white", linewidth=0.5)
        label = f"a round: {bracket.epochs(resume=True):,} epochs" if low == 0 else None
        area.bar(0, high - low, bottom=low, width=size, label=label, **step)
    area.set_ylabel("epochs")
    area.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    for ax in both:
        style.legend_above(ax, fontsize=10)
    return figure


def plot_halving(table, ax=None):
    """Draw a round as a funnel: which trial reached which rung, and with which error.

    Parameters
    ----------
    table, ax
        See `sh_teach.plots`; one round, with ``trial_id``, ``max_epochs`` and ``error``.

    Returns
    -------
    matplotlib.axes.Axes
        One lane for each trial, the best in the middle. As the error on the rung at a bar's end
        falls, the bar gets wider and darker; a white bar is an error that is not finite.
    """
    ax = style.axes(ax, figsize=(8, min(1.5 + 0.3 * table["trial_id"].nunique(), 10)))
    levels = sorted(table["max_epochs"].unique())
    finite = table["error"][np.isfinite(table["error"])]
    norm = Normalize(finite.min(), finite.max()) if len(finite) else Normalize(0, 1)
    last = table.sort_values("max_epochs", kind="stable").drop_duplicates("trial_id", keep="last")
    rows = last.itertuples()
    best_first = sorted(rows, key=lambda row: (-row.max_epochs, rank((row, row.error))))
    # From the middle outwards: 0, 1, -1, 2, -2, ...
    lanes = {row.trial_id: (i + 1) // 2 * (-1) ** (i + 1) for i, row in enumerate(best_first)}
    for row in table.itertuples():
        known = np.isfinite(row.error)
        height = 0.25 + 0.65 * (1 - norm(row.error)) if known else 0.25
        color = plt.cm.cividis(norm(row.error)) if known else "white"
        place = dict(y=lanes[row.trial_id], left=levels.index(row.max_epochs), width=1)
        ax.barh(**place, height=height, color=color, edgecolor="0.4", linewidth=0.5)
    for row in best_first:
        marker, size, color = style.STOPPED, 45, style.VERMILLION
        if row.max_epochs == levels[-1]:
            marker, size, color = style.LAST, 150, style.GREEN
        place = levels.index(row.max_epochs) + 1, lanes[row.trial_id]
        ax.scatter(*place, s=size, marker=marker, color=color, clip_on=False, **style.OUTLINE)
    for reached, level in enumerate(levels, start=1):
        size = table.loc[table["max_epochs"] == level, "trial_id"].nunique()
        above = dict(transform=ax.get_xaxis_transform(), ha="center", va="bottom", fontsize=12)
        ax.text(reached - 0.5, 1.01, plural(size, "trial"), **above)
        ax.axvline(reached, color="0.85", linewidth=1, zorder=0)
    ax.set_xticks(range(len(levels) + 1), [0, *levels])
    ax.set_yticks(list(lanes.values()), list(lanes))
    ax.set(xlabel="rung level (epochs)", ylabel="trial", xlim=(0, len(levels)))
    ax.figure.colorbar(plt.cm.ScalarMappable(norm, "cividis"), ax=ax, label=style.ERROR_LABEL)
    return ax
