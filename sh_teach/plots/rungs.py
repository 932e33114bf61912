"""Plots of a run by rung; all read the table of `HPOTuner.dataframe`, and draw where you like."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import Normalize

from sh_teach.plots.style import (
    BLUE,
    ERROR_LABEL,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    axes,
    legend_above,
)


def plot_rungs(table, ax=None):
    """Draw every evaluation as a point over its rung: which survived, which were stopped.

    Points of nearly the same error stand side by side, so that none hides another.

    Parameters
    ----------
    table : pandas.DataFrame
        From `HPOTuner.dataframe`; it needs ``trial_id``, ``max_epochs`` and ``error``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Above a grey line, where there are any, stand the evaluations without a finite error.
    """
    ax = axes(ax)
    levels = sorted(table["max_epochs"].unique())
    furthest = table.groupby("trial_id")["max_epochs"].transform("max")
    finite = np.isfinite(table["error"])
    low, high = table["error"][finite].agg(["min", "max"]) if finite.any() else (0.0, 1.0)
    span = (high - low) or 1.0
    heights = table["error"].where(finite, high + 0.12 * span)
    at_last, survived = table["max_epochs"] == levels[-1], table["max_epochs"] < furthest
    styles = [
        ("promoted", survived, "o", BLUE),
        ("stopped", ~survived & ~at_last, "X", VERMILLION),
        ("on the last rung", at_last, "*", GREEN),
    ]
    offsets = np.zeros(len(table))
    for level in levels:
        here = (table["max_epochs"] == level).to_numpy()
        offsets[here] = _side_by_side(heights[here].to_numpy(), closer_than=0.03 * span)
    positions = np.searchsorted(levels, table["max_epochs"]) + 0.07 * offsets
    for label, chosen, marker, color in styles:
        ax.scatter(
            positions[chosen.to_numpy()],
            heights[chosen],
            s=150 if marker == "*" else 65,
            marker=marker,
            color=color,
            edgecolor="white",
            linewidth=0.8,
            label=f"{label} ({chosen.sum()})",
            zorder=3,
        )
    if not finite.all():
        ax.axhline(high + 0.06 * span, color=GREY, linewidth=1)
        right_of_rungs = dict(transform=ax.get_yaxis_transform(), ha="right", va="bottom")
        ax.text(0.99, high + 0.07 * span, "nan or failed", color="0.35", **right_of_rungs)
    for position in range(len(levels)):
        ax.axvline(position, color="0.9", linewidth=8, zorder=0)
    ax.set_xticks(range(len(levels)), levels)
    ax.set_xlim(-0.5, len(levels) - 0.5)
    ax.set(xlabel="rung level (epochs)", ylabel=ERROR_LABEL)
    legend_above(ax)
    return ax


def plot_learning_curves(table, ax=None, highlight=None):
    """Draw each trial's errors over epochs, joined from rung to rung.

    Parameters
    ----------
    table : pandas.DataFrame
        From `HPOTuner.dataframe`; it needs ``trial_id``, ``max_epochs`` and ``error``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.
    highlight : sequence of int, optional
        Trials to draw in colour; by default those that reached the last rung.

    Returns
    -------
    matplotlib.axes.Axes
        The other trials in grey, with a cross where one was stopped before the last rung.
    """
    ax = axes(ax)
    last = table["max_epochs"].max()
    if highlight is None:
        highlight = table.loc[table["max_epochs"] == last, "trial_id"].unique()
    markers = dict(zip(highlight, "os^Dv" * len(highlight), strict=False))
    colors = dict(zip(highlight, [BLUE, ORANGE, GREEN, VERMILLION] * len(highlight), strict=False))
    lines = {}
    for trial_id, trial in table.sort_values("max_epochs", kind="stable").groupby("trial_id"):
        epochs, errors = trial["max_epochs"], trial["error"]
        if trial_id in markers:
            style = dict(
                color=colors[trial_id], marker=markers[trial_id], label=f"trial {trial_id}"
            )
            (lines[trial_id],) = ax.plot(epochs, errors, linewidth=2.5, zorder=3, **style)
        else:
            ax.plot(epochs, errors, color=GREY, linewidth=0.8, alpha=0.7)
            if epochs.iloc[-1] < last:
                ax.plot(epochs.iloc[-1:], errors.iloc[-1:], color=GREY, marker="X", markersize=8)
    handles = [lines[trial_id] for trial_id in highlight]
    if (table.groupby("trial_id")["max_epochs"].max() < last).any():
        style = dict(color=GREY, marker="X", markersize=8, linewidth=1)
        handles += ax.plot([], [], label="stopped earlier", **style)
    ax.set_xticks(sorted(table["max_epochs"].unique()))
    ax.set(xlabel="epochs", ylabel=ERROR_LABEL)
    if handles:
        legend_above(ax, handles=handles)
    return ax


def plot_halving(table, ax=None):
    """Draw a round as a funnel: which trial reached which rung, and how good it was there.

    Parameters
    ----------
    table : pandas.DataFrame
        One round from `HPOTuner.dataframe`; it needs ``trial_id``, ``max_epochs`` and ``error``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        One lane for each trial, the best in the middle. Its bar is the wider and the darker, the
        lower its error on the rung at the bar's end; white is an error that is not finite.
    """
    trials = table["trial_id"].nunique()
    ax = axes(ax, figsize=(8, min(1.5 + 0.3 * trials, 10)))
    levels = sorted(table["max_epochs"].unique())
    finite = table["error"][np.isfinite(table["error"])]
    norm = Normalize(finite.min(), finite.max()) if len(finite) else Normalize(0, 1)
    ranked = table.assign(error=table["error"].where(np.isfinite(table["error"]), np.inf))
    ranked = ranked.sort_values("max_epochs", kind="stable").drop_duplicates(
        "trial_id", keep="last"
    )
    ranked = ranked.sort_values(["max_epochs", "error"], ascending=[False, True], kind="stable")
    # From the middle outwards: 0, 1, -1, 2, -2, ...
    lanes = {t: (i + 1) // 2 * (-1) ** (i + 1) for i, t in enumerate(ranked["trial_id"])}
    for trial_id, level, error in table[["trial_id", "max_epochs", "error"]].itertuples(
        index=False
    ):
        known = np.isfinite(error)
        goodness = 1 - norm(error) if known else 0.0
        color = plt.cm.cividis(norm(error)) if known else "white"
        lane = dict(y=lanes[trial_id], left=levels.index(level), width=1)
        ax.barh(**lane, height=0.25 + 0.65 * goodness, color=color, edgecolor="0.4", linewidth=0.5)
    for trial_id, level in ranked[["trial_id", "max_epochs"]].itertuples(index=False):
        reached = levels.index(level) + 1
        marker, color = ("*", GREEN) if level == levels[-1] else ("X", VERMILLION)
        style = dict(s=150 if marker == "*" else 45, marker=marker, color=color, clip_on=False)
        ax.scatter(reached, lanes[trial_id], zorder=3, edgecolor="white", linewidth=0.8, **style)
    for reached, level in enumerate(levels, start=1):
        size = table.loc[table["max_epochs"] == level, "trial_id"].nunique()
        above = dict(transform=ax.get_xaxis_transform(), ha="center", va="bottom", fontsize=12)
        ax.text(reached - 0.5, 1.01, f"{size} trial{'s' if size > 1 else ''}", **above)
        ax.axvline(reached, color="0.85", linewidth=1, zorder=0)
    ax.set_xlim(0, len(levels))
    ax.set_xticks(range(len(levels) + 1), [0, *levels])
    ax.set_yticks(list(lanes.values()), list(lanes))
    ax.set(xlabel="rung level (epochs)", ylabel="trial")
    colors = plt.cm.ScalarMappable(norm, "cividis")
    ax.figure.colorbar(colors, ax=ax, label=ERROR_LABEL)
    return ax


def _side_by_side(heights, closer_than):
    """Return how many steps to the right or left each point stands so that none hides another."""
    offsets = np.zeros(len(heights))
    placed = []
    for i in np.argsort(heights, kind="stable"):
        near = {offset for height, offset in placed if heights[i] - height < closer_than}
        steps = (sign * step for step in range(len(heights) + 1) for sign in (1, -1))
        offsets[i] = next(step for step in steps if step not in near)
        placed.append((heights[i], offsets[i]))
    return offsets
