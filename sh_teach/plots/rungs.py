"""Plots of a run by rung. `table` and `ax` are explained in `sh_teach.plots`."""

from itertools import cycle

import numpy as np

from sh_teach.plots import style


def plot_rungs(table, ax=None):
    """Draw every evaluation as a point over its rung: promoted, stopped or on the last rung.

    Points of nearly the same error are drawn side by side, so that none hides another. Evaluations
    without a finite error are above a grey line.

    Parameters
    ----------
    table, ax
        See `sh_teach.plots`; needed are ``trial_id``, ``max_epochs`` and ``error``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = style.axes(ax)
    levels = sorted(table["max_epochs"].unique())
    highest = table.groupby("trial_id")["max_epochs"].transform("max")
    finite = np.isfinite(table["error"])
    low, high = table["error"][finite].agg(["min", "max"]) if finite.any() else (0.0, 1.0)
    span = (high - low) or 1.0
    heights = table["error"].where(finite, high + 0.12 * span)
    steps = heights.groupby(table["max_epochs"]).transform(_side_by_side, closer_than=0.03 * span)
    positions = np.searchsorted(levels, table["max_epochs"]) + 0.07 * steps
    at_last, promoted = table["max_epochs"] == levels[-1], table["max_epochs"] < highest
    for name, chosen, marker, size, color in (
        ("promoted", promoted, "o", 65, style.BLUE),
        ("stopped", ~promoted & ~at_last, style.STOPPED, 65, style.VERMILLION),
        ("on the last rung", at_last, style.LAST, 150, style.GREEN),
    ):
        look = dict(marker=marker, s=size, color=color, label=f"{name} ({chosen.sum()})")
        ax.scatter(positions[chosen], heights[chosen], **look, **style.OUTLINE)
    if not finite.all():
        ax.axhline(high + 0.06 * span, color=style.GREY, linewidth=1)
        right_of_rungs = dict(transform=ax.get_yaxis_transform(), ha="right", va="bottom")
        ax.text(0.99, high + 0.07 * span, "nan or failed", color="0.35", **right_of_rungs)
    for position in range(len(levels)):
        ax.axvline(position, color="0.9", linewidth=8, zorder=0)
    ax.set_xticks(range(len(levels)), levels)
    ax.set(xlabel="rung level (epochs)", ylabel=style.ERROR_LABEL, xlim=(-0.5, len(levels) - 0.5))
    style.legend_above(ax)
    return ax


def _side_by_side(heights, closer_than):
    """Return how many steps to the right each point is drawn, so that none hides another."""
    heights = heights.to_numpy()
    offsets = np.zeros(len(heights))
    placed = []
    for i in np.argsort(heights, kind="stable"):
        near = {offset for height, offset in placed if heights[i] - height < closer_than}
        steps = (sign * step for step in range(len(heights) + 1) for sign in (1, -1))
        offsets[i] = next(step for step in steps if step not in near)
        placed.append((heights[i], offsets[i]))
    return offsets


def plot_learning_curves(table, ax=None, highlight=None):
    """Draw each trial's errors over epochs, joined from rung to rung.

    Parameters
    ----------
    table, ax
        See `sh_teach.plots`; needed are ``trial_id``, ``max_epochs`` and ``error``.
    highlight : sequence of int, optional
        Trials to draw in colour; by default those that reached the last rung.

    Returns
    -------
    matplotlib.axes.Axes
        The other trials in grey, with a cross where one was stopped before the last rung.
    """
    ax = style.axes(ax)
    last = table["max_epochs"].max()
    if highlight is None:
        highlight = table.loc[table["max_epochs"] == last, "trial_id"].unique()
    markers = dict(zip(highlight, cycle("os^Dv"), strict=False))
    palette = cycle([style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION])
    colors = dict(zip(highlight, palette, strict=False))
    cross = dict(color=style.GREY, marker=style.STOPPED, markersize=8)
    lines = {}
    for trial_id, trial in table.sort_values("max_epochs", kind="stable").groupby("trial_id"):
        epochs, errors = trial["max_epochs"], trial["error"]
        if trial_id in markers:
            look = dict(color=colors[trial_id], marker=markers[trial_id], linewidth=2.5, zorder=3)
            (lines[trial_id],) = ax.plot(epochs, errors, label=f"trial {trial_id}", **look)
        else:
            ax.plot(epochs, errors, color=style.GREY, linewidth=0.8, alpha=0.7)
            if epochs.iloc[-1] < last:
                ax.plot(epochs.iloc[-1:], errors.iloc[-1:], **cross)
    handles = [lines[trial_id] for trial_id in highlight]
    if (table.groupby("trial_id")["max_epochs"].max() < last).any():
        handles += ax.plot([], [], label="stopped earlier", linewidth=1, **cross)
    ax.set_xticks(sorted(table["max_epochs"].unique()))
    ax.set(xlabel="epochs", ylabel=style.ERROR_LABEL)
    if handles:
        style.legend_above(ax, handles=handles)
    return ax
