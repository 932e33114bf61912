"""Plots of a run by rung. `table` and `ax` are explained in `sh_teach.plots`."""

import numpy as np

from sh_teach.plots import style
from sh_teach.plots.crowd import draw_bars, draw_curves, draw_marks

MOST_MARKS = 1000  # evaluations; more are drawn as bars
MOST_NAMED = 8  # trials; of more, the legend gives the number


def plot_rungs(table, ax=None):
    """Draw every evaluation as a mark over its rung: promoted, stopped or on the last rung.

    Parameters
    ----------
    table, ax
        See `sh_teach.plots`; needed are ``trial_id``, ``max_epochs`` and ``error``.

    Returns
    -------
    matplotlib.axes.Axes
        Marks of nearly the same error are side by side, closer in a crowd, within the strip of
        their rung; if there are more than 1,000, bars show how many are where. Evaluations
        without a finite error are above a grey line.
    """
    table, levels = style.by_rung("plot_rungs", table)
    ax = style.axes(ax)
    rungs = table["rung"].to_numpy()
    highest = table.groupby("trial_id")["rung"].transform("max")
    kinds = np.where(rungs == len(levels) - 1, 2, rungs == highest)
    finite = np.isfinite(table["error"])
    low, high = table["error"][finite].agg(["min", "max"]) if finite.any() else (0.0, 1.0)
    span = (high - low) or 1.0
    heights = table["error"].where(finite, high + 0.16 * span).to_numpy()
    draw = draw_bars if len(table) > MOST_MARKS else draw_marks
    legend = draw(ax, rungs, heights, kinds)
    if not finite.all():
        ax.axhline(high + 0.05 * span, color=style.text_color(0.5), linewidth=1)
        right_of_rungs = dict(transform=ax.get_yaxis_transform(), ha="right", va="bottom")
        ax.text(0.99, high + 0.055 * span, style.NOT_FINITE, **right_of_rungs)
    for rung in range(len(levels)):
        ax.axvline(rung, color=style.text_color(0.1), linewidth=8, zorder=0)
    style.label_levels(ax, range(len(levels)), levels)
    ax.set(xlabel="rung level (epochs)", ylabel=style.ERROR_LABEL, xlim=(-0.5, len(levels) - 0.5))
    style.legend_above(ax, **legend)
    return ax


def plot_learning_curves(table, ax=None, highlight=None):
    """Draw each trial's errors over epochs, joined from rung to rung.

    Parameters
    ----------
    table, ax
        See `sh_teach.plots`; needed are ``trial_id``, ``max_epochs`` and ``error``.
    highlight : int or sequence of int, optional
        Trials to draw in colour; by default those that reached the last rung. More than eight
        share a colour and an entry of the legend.

    Returns
    -------
    matplotlib.axes.Axes
        The other trials in grey, with a cross where one was stopped before the last rung.
    """
    table, levels = style.by_rung("plot_learning_curves", table)
    table = table.sort_values(["trial_id", "rung"])
    ax = style.axes(ax)
    ends = table.drop_duplicates("trial_id", keep="last")
    name = "highlighted"
    if highlight is None:
        highlight, name = ends["trial_id"][ends["max_epochs"] == levels[-1]], "on the last rung"
    highlight = list(highlight) if np.iterable(highlight) else [highlight]
    others = ends[~ends["trial_id"].isin(highlight)]
    if len(ends) - len(others) < len(highlight):
        raise ValueError(f"highlight={[*highlight]}: give numbers of trials in the table, once")
    draw_curves(ax, table, others["trial_id"], color=style.text_color(0.35), linewidth=0.8)
    if len(highlight) > MOST_NAMED:
        look = dict(color=style.BLUE, linewidth=1, marker="." if len(levels) == 1 else "")
        draw_curves(ax, table, highlight, label=f"{len(highlight):,} {name}", **look)
        highlight = []
    for i, trial_id in enumerate(highlight):
        look = dict(color=style.ROUND_COLORS[i % 6], marker="os^Dv"[i % 5], linewidth=2.5)
        draw_curves(ax, table, [trial_id], label=f"trial {trial_id}", **look)
    stopped = others[others["max_epochs"] < levels[-1]]
    if len(stopped):
        cross = dict(color=style.GREY, marker=style.STOPPED, markersize=8, linestyle="")
        ax.plot("max_epochs", "error", data=stopped, label="stopped earlier", **cross)
    if levels[-1] > 32 * levels[0]:
        ax.set_xscale("log")
        ax.minorticks_off()
    style.label_levels(ax, levels, levels)
    ax.set(xlabel="epochs", ylabel=style.ERROR_LABEL)
    left_out = len(table) - np.isfinite(table["error"]).sum()
    words = f"left out ({style.NOT_FINITE}): {left_out:,}" if left_out else None
    style.legend_above(ax, title=words)
    return ax
