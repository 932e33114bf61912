"""Plots of a bracket: the plan of a round with its costs, and a round that ran by it."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import Normalize
from matplotlib.ticker import EngFormatter, MaxNLocator

from sh_teach.plots import style
from sh_teach.schedulers import rank
from sh_teach.words import plural

MOST_LANES = 40  # trials; of more, the best are drawn


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
    levels, sizes = bracket.levels, bracket.sizes
    if figure is None:
        figure = plt.figure(figsize=style.inches(10, max(3.6, 1.2 + 0.25 * len(levels))))
    figure.clear()
    figure.set_facecolor(plt.rcParams["figure.facecolor"])
    # Fixed margins: to compute them would take longer than all the drawing.
    left = 0.06 + 0.008 * len(str(levels[-1]))
    margins = dict(left=left, right=0.985, bottom=0.18, top=0.86, wspace=0.22)
    ladder, area = both = figure.subplots(1, 2, gridspec_kw=margins)
    promoted = [*sizes[1:], 0]
    rungs = range(len(levels))
    for ax in both:
        style.axes(ax)
        ax.set_xlim(0, bracket.n * (1.06 + 0.03 * len(str(bracket.n))))
        ax.set_xlabel("trials")
    for axis in (ladder.xaxis, area.xaxis, area.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axis.set_major_formatter(EngFormatter(sep=""))
    ladder.barh(rungs, promoted, color=style.BLUE, label="promoted")
    hatched = dict(color=style.VERMILLION, hatch="//", label="stopped")
    ladder.barh(rungs[:-1], -np.diff(sizes), left=sizes[1:], **hatched)
    ladder.barh(rungs[-1:], sizes[-1:], color=style.GREEN, label="trained to the end")
    for k, size in enumerate(sizes):
        ladder.text(size + 0.01 * bracket.n, k, f" {size:,}", va="center", size="large")
    ladder.set_yticks(rungs, levels)
    ladder.set_ylabel("rung level (epochs)")
    label = f"random search: {bracket.n * bracket.r_max:,}"
    ground = dict(color=style.text_color(0.12), label=label)
    area.bar(0, bracket.r_max, width=bracket.n, align="edge", **ground)
    for low, high, size in zip([0, *levels[:-1]], levels, sizes, strict=True):
        step = dict(align="edge", color=style.SKY, edgecolor=area.get_facecolor(), linewidth=0.5)
        label = f"a round: {bracket.epochs(resume=True):,} epochs" if low == 0 else None
        area.bar(0, high - low, bottom=low, width=size, label=label, **step)
    area.set_ylabel("epochs")
    style.legend_above(ladder, fontsize="medium", ncols=3)
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
    table = style.table_of("plot_halving", table, "trial_id", "max_epochs", "error")
    levels = np.sort(table["max_epochs"].unique())
    ends = table.sort_values("max_epochs", kind="stable").drop_duplicates("trial_id", keep="last")
    rows = ends.itertuples()
    best_first = sorted(rows, key=lambda row: (-row.max_epochs, rank((row, row.error))))
    # From the middle outwards: 0, 1, -1, 2, -2, ...
    lanes = [(i + 1) // 2 * (-1) ** (i + 1) for i in range(min(len(ends), MOST_LANES))]
    lane_of = {row.trial_id: lane for row, lane in zip(best_first, lanes, strict=False)}
    ax = style.axes(ax, figsize=(8, np.clip(1.5 + 0.3 * len(lanes), 3, 10)))
    for reached, level in enumerate(levels, start=1):
        size = table.loc[table["max_epochs"] == level, "trial_id"].nunique()
        above = dict(transform=ax.get_xaxis_transform(), ha="center", va="bottom", size="large")
        ax.text(reached - 0.5, 1.01, plural(size, "trial"), **above)
        ax.axvline(reached, color=style.text_color(0.15), linewidth=1, zorder=0)
    finite = table["error"][np.isfinite(table["error"])]
    norm = Normalize(finite.min(), finite.max()) if len(finite) else Normalize(0, 1)
    paper = ax.get_facecolor()
    colormap = plt.cm.cividis.with_extremes(bad=paper)
    drawn = table[table["trial_id"].isin(lane_of)]
    errors = norm(np.ma.masked_invalid(drawn["error"]))
    place = drawn["trial_id"].map(lane_of), 1, 0.9 - 0.65 * errors.filled(1)
    left = np.searchsorted(levels, drawn["max_epochs"])
    rim = dict(edgecolor=style.text_color(0.6), linewidth=0.5)
    ax.barh(*place, left=left, color=colormap(errors), **rim)
    for row in best_first[:MOST_LANES]:
        marker, size, color = style.STOPPED, 45, style.VERMILLION
        if row.max_epochs == levels[-1]:
            marker, size, color = style.LAST, 150, style.GREEN
        place = np.searchsorted(levels, row.max_epochs) + 1, lane_of[row.trial_id]
        look = dict(marker=marker, s=size, color=color, edgecolor=paper, linewidth=0.8)
        ax.scatter(*place, **look, zorder=3, clip_on=False)
    ax.set_yticks(lanes, list(lane_of))
    style.label_levels(ax, range(len(levels) + 1), [0, *levels])
    ax.set(xlabel="rung level (epochs)", xlim=(0, len(levels)), ylabel="trial")
    if len(lanes) < len(ends):
        ax.set_ylabel(f"the best {len(lanes)} of {len(ends):,} trials")
    bar = ax.figure.colorbar(plt.cm.ScalarMappable(norm, "cividis"), ax=ax)
    style.axes(bar.ax).set_ylabel(style.ERROR_LABEL)
    return ax
