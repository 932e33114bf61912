"""Plots of a run by rung. `table` and `ax` are explained in `sh_teach.plots`."""

from itertools import cycle

import numpy as np

from sh_teach.plots import style
from sh_teach.plots.crowd import draw_bars, draw_marks
from sh_teach.words import listing

MOST_MARKS = 1000  # evaluations; more are drawn as bars
MOST_NAMED = 8  # trials; of more, the legend gives the number


def plot_rungs(table, ax=None):
    """Draw every evaluation as a mark over its rung: promoted, stopped or on the last rung.

    Marks of nearly the same error are drawn side by side, closer in a crowd, and always within
    the strip of their rung. If there are more than 1,000, bars show how many are where.
    Evaluations without a finite error are above a grey line.

    Parameters
    ----------
    table, ax
        See `sh_teach.plots`; needed are ``trial_id``, ``max_epochs`` and ``error``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = style.table_of("plot_rungs", table, "trial_id", "max_epochs", "error")
    ax = style.axes(ax)
    levels = sorted(table["max_epochs"].unique())
    rungs = np.searchsorted(levels, table["max_epochs"])
    highest = table.groupby("trial_id")["max_epochs"].transform("max")
    stopped = table["max_epochs"] == highest
    kinds = np.where(rungs == len(levels) - 1, 2, stopped.astype(int))
    finite = np.isfinite(table["error"])
    low, high = table["error"][finite].agg(["min", "max"]) if finite.any() else (0.0, 1.0)
    span = (high - low) or 1.0
    heights = table["error"].where(finite, high + 0.16 * span).to_numpy()
    draw = draw_marks if len(table) <= MOST_MARKS else draw_bars
    legend = draw(ax, rungs, heights, kinds)
    if not finite.all():
        ax.axhline(high + 0.05 * span, color=style.GREY, linewidth=1)
        right_of_rungs = dict(transform=ax.get_yaxis_transform(), ha="right", va="bottom")
        ax.text(0.99, high + 0.055 * span, style.NOT_FINITE, **right_of_rungs)
    for rung in range(len(levels)):
        ax.axvline(rung, color=style.GREY, alpha=0.2, linewidth=8, zorder=0)
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
    highlight : sequence of int, optional
        Trials to draw in colour; by default those that reached the last rung. More than eight
        share a colour and an entry of the legend.

    Returns
    -------
    matplotlib.axes.Axes
        The other trials in grey, with a cross where one was stopped before the last rung.
    """
    table = style.table_of("plot_learning_curves", table, "trial_id", "max_epochs", "error")
    table = table.sort_values("max_epochs", kind="stable")
    ax = style.axes(ax)
    levels = sorted(table["max_epochs"].unique())
    ends = table.drop_duplicates("trial_id", keep="last")
    stopped = ends[ends["max_epochs"] < levels[-1]]
    name = "highlighted trials"
    if highlight is None:
        highlight, name = ends.loc[~ends.index.isin(stopped.index), "trial_id"], "on the last rung"
    unknown = set(highlight) - set(ends["trial_id"])
    if unknown:
        raise ValueError(f"highlight: the table has no trial {listing(sorted(unknown))}")
    coloured = table["trial_id"].isin(highlight)
    ax.plot(*_joined(table[~coloured]), color=style.GREY, linewidth=0.8, alpha=0.7)
    handles = []
    if len(highlight) > MOST_NAMED:
        look = dict(color=style.BLUE, linewidth=1, zorder=3, label=f"{len(highlight):,} {name}")
        handles += ax.plot(*_joined(table[coloured]), **look)
    else:
        colors = cycle([style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION])
        for trial_id, color, marker in zip(highlight, colors, cycle("os^Dv"), strict=False):
            trial = table[table["trial_id"] == trial_id]
            look = dict(color=color, marker=marker, linewidth=2.5, zorder=3)
            handles += ax.plot(
                "max_epochs", "error", data=trial, label=f"trial {trial_id}", **look
            )
    stopped = stopped[~stopped["trial_id"].isin(highlight)]
    if len(stopped):
        cross = dict(color=style.GREY, marker=style.STOPPED, markersize=8, linestyle="")
        handles += ax.plot(
            stopped["max_epochs"], stopped["error"], label="stopped earlier", **cross
        )
    if levels[-1] > 32 * levels[0]:
        ax.set_xscale("log")
        ax.minorticks_off()
    style.label_levels(ax, levels, levels)
    ax.set(xlabel="epochs", ylabel=style.ERROR_LABEL)
    unseen = len(table) - np.isfinite(table["error"]).sum()
    style.legend_above(
        ax,
        handles=handles,
        title=f"not drawn ({style.NOT_FINITE}): {unseen:,}" if unseen else None,
    )
    return ax


def _joined(table):
    """Return the epochs and the errors of many curves as those of one, with gaps in between."""
    table = table.sort_values(["trial_id", "max_epochs"])
    begins = np.flatnonzero(table["trial_id"] != table["trial_id"].shift())
    return [
        np.insert(table[name].astype(float), begins, np.nan) for name in ("max_epochs", "error")
    ]
