"""Plots of a bracket: the plan of a round with its costs, and a round that ran by it."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import Normalize
from matplotlib.ticker import EngFormatter, MaxNLocator

from sh_teach.plots import style
from sh_teach.plots.crowd import KINDS
from sh_teach.words import plural

MOST_LANES = 40  # trials; of more, the best are drawn


def plot_bracket(bracket, figure=None):
    """Draw a bracket: how many trials each rung promotes, and what a round costs.

    Parameters
    ----------
    bracket : Bracket or SuccessiveHalvingScheduler
        The plan to draw, or a scheduler that has it.
    figure : matplotlib.figure.Figure, optional
        Where to draw; by default a new one. An earlier bracket on it is replaced.

    Returns
    -------
    matplotlib.figure.Figure
        Left, a bar for each rung: how many of its trials are promoted and how many are stopped.
        Right, areas are epochs of training: the coloured stairs are one round with checkpoints,
        and the grey ground behind them is random search with as many trials.
    """
    bracket = getattr(bracket, "bracket", bracket)
    levels, sizes, n = bracket.levels, bracket.sizes, bracket.n
    if figure is None:
        figure = plt.figure(figsize=style.inches(10, max(3.6, 1.2 + 0.25 * len(levels))))
    figure.clear()
    figure.set_facecolor(plt.rcParams["figure.facecolor"])
    # Fixed margins: to compute them would take longer than all the drawing.
    left = 0.06 + 0.008 * len(str(levels[-1]))
    margins = dict(left=left, right=0.985, bottom=0.18, top=0.86, wspace=0.22)
    ladder, area = figure.subplots(1, 2, gridspec_kw=margins)
    for ax in (ladder, area):
        style.axes(ax).set(xlabel="trials", xlim=(0, n * (1.06 + 0.03 * len(str(n)))))
    for axis in (ladder.xaxis, area.xaxis, area.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axis.set_major_formatter(EngFormatter(sep=""))
    rungs = range(len(levels))
    ladder.barh(rungs, [*sizes[1:], 0], color=style.BLUE, label="promoted")
    hatched = dict(color=style.VERMILLION, hatch="//", label="stopped")
    ladder.barh(rungs[:-1], -np.diff(sizes), left=sizes[1:], **hatched)
    ladder.barh(rungs[-1:], sizes[-1:], color=style.GREEN, label="trained to the end")
    for rung, size in enumerate(sizes):
        ladder.text(size + 0.01 * n, rung, f" {size:,}", va="center", size="large")
    ladder.set(yticks=rungs, yticklabels=levels, ylabel="rung level (epochs)")
    style.legend_above(ladder, fontsize="medium", ncols=3)
    ground = dict(color=style.text_color(0.12), label=f"random search: {n * bracket.r_max:,}")
    area.bar(0, bracket.r_max, n, align="edge", **ground)
    stairs = dict(color=style.SKY, edgecolor=area.get_facecolor(), linewidth=0.5)
    stairs["label"] = f"a round: {bracket.epochs(resume=True):,} epochs"
    begin = [0, *levels[:-1]]
    area.bar(0, np.subtract(levels, begin), sizes, bottom=begin, align="edge", **stairs)
    area.set_ylabel("epochs")
    style.legend_above(area, fontsize="medium", ncols=1)
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
        One lane for each trial, the best in the middle; the best 40 if there are more. As the
        error on the rung at a bar's end falls, the bar gets wider and darker; an empty bar is an
        error that is not finite.
    """
    table, levels = style.by_rung("plot_halving", table)
    errors = table["error"] = table["error"].where(np.isfinite(table["error"]))
    best_first = table.sort_values(["rung", "error", "trial_id"], ascending=[False, True, True])
    ends = best_first.drop_duplicates("trial_id")
    drawn = ends[:MOST_LANES]
    # From the middle outwards: 0, 1, -1, 2, -2, ...
    lanes = [(i + 1) // 2 * (-1) ** (i + 1) for i in range(len(drawn))]
    ax = style.axes(ax, figsize=(8, np.clip(1.5 + 0.3 * len(lanes), 3, 10)))
    above = dict(transform=ax.get_xaxis_transform(), ha="center", va="bottom", size="large")
    for rung, size in table.groupby("rung")["trial_id"].nunique().items():
        ax.text(rung + 0.5, 1.01, plural(size, "trial"), **above)
        ax.axvline(rung + 1, color=style.text_color(0.15), linewidth=1, zorder=0)
    norm = Normalize(errors.min(), errors.max()) if errors.count() else Normalize(0, 1)
    paper = ax.get_facecolor()
    colormap = plt.cm.cividis.with_extremes(bad=paper)
    for trial_id, lane in zip(drawn["trial_id"], lanes, strict=True):
        of_trial = table[table["trial_id"] == trial_id]
        share = norm(np.ma.masked_invalid(of_trial["error"]))
        look = dict(color=colormap(share), edgecolor=style.text_color(0.6), linewidth=0.5)
        ax.barh(lane, 1, 0.9 - 0.65 * share.filled(1), left=of_trial["rung"], **look)
        reached = of_trial["rung"].max()
        _, marker, size, color = KINDS[2 if reached == len(levels) - 1 else 1]
        look = dict(marker=marker, s=size, color=color, edgecolor=paper, linewidth=0.8)
        ax.scatter(reached + 1, lane, **look, zorder=3, clip_on=False)
    ax.set_yticks(lanes, drawn["trial_id"])
    style.label_levels(ax, range(len(levels) + 1), [0, *levels])
    ax.set(xlabel="rung level (epochs)", xlim=(0, len(levels)), ylabel="trial")
    if len(drawn) < len(ends):
        ax.set_ylabel(f"the best {len(drawn)} of {len(ends):,} trials")
    bar = ax.figure.colorbar(plt.cm.ScalarMappable(norm, "cividis"), ax=ax)
    style.axes(bar.ax).set_ylabel(style.ERROR_LABEL)
    return ax
