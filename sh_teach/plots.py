"""Plots of a run; all read the table of `HPOTuner.dataframe` and draw on Axes of the caller's."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

# The palette of Okabe and Ito (2008): its colours differ for colour-blind readers too.
BLUE, VERMILLION, GREEN, ORANGE, GREY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#8A8A8A"
ERROR_LABEL = "validation error"


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
    ax = _axes(ax, figsize=(7.5, 4.5))
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
    _legend_above(ax)
    return ax


def plot_learning_curves(table, ax=None):
    """Draw each trial's errors over epochs, joined from rung to rung.

    Parameters
    ----------
    table : pandas.DataFrame
        From `HPOTuner.dataframe`; it needs ``trial_id``, ``max_epochs`` and ``error``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Trials that reached the last rung in colour, the others in grey, each ending in a cross.
    """
    ax = _axes(ax, figsize=(7.5, 4.5))
    last = table["max_epochs"].max()
    colors = iter([BLUE, ORANGE, GREEN, VERMILLION] * len(table))
    for trial_id, trial in table.sort_values("max_epochs", kind="stable").groupby("trial_id"):
        epochs, errors = trial["max_epochs"], trial["error"]
        if epochs.iloc[-1] == last:
            style = dict(color=next(colors), linewidth=2.5, zorder=3, label=f"trial {trial_id}")
            ax.plot(epochs, errors, marker="o", **style)
        else:
            ax.plot(epochs, errors, color=GREY, linewidth=1, marker="o", markersize=3)
            ax.plot(epochs.iloc[-1:], errors.iloc[-1:], color=GREY, marker="X", markersize=8)
    ax.set_xticks(sorted(table["max_epochs"].unique()))
    ax.set(xlabel="epochs", ylabel=ERROR_LABEL)
    if table["trial_id"].nunique() > 1:
        ax.plot([], [], color=GREY, marker="X", markersize=8, lw=1, label="stopped earlier")
    _legend_above(ax)
    return ax


def plot_trajectory(table, ax=None, label=None, color=BLUE):
    """Draw the incumbent's error over time: the best validation error found so far.

    Parameters
    ----------
    table : pandas.DataFrame
        From `HPOTuner.dataframe`; it needs ``ended`` (seconds) and ``error``.
    ax : matplotlib.axes.Axes, optional
        Where to draw, several runs on the same Axes if you like; by default on a new figure.
    label : str, optional
        Name of the run in the legend.
    color : str
        Colour of the line.

    Returns
    -------
    matplotlib.axes.Axes
        The line starts with the first finite error.
    """
    ax = _axes(ax, figsize=(7.5, 3.5))
    best = table["error"].where(np.isfinite(table["error"]), np.inf).cummin()
    known = np.isfinite(best)
    ax.step(table["ended"][known], best[known], where="post", color=color, lw=2.5, label=label)
    improved = best < best.shift(fill_value=np.inf)
    ax.scatter(table["ended"][improved], best[improved], color=color, s=40, zorder=3)
    ax.set(xlabel="time (seconds)", ylabel="error of the incumbent")
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(8))
    if label is not None:
        ax.legend(frameon=False, loc="upper right")
    return ax


def _axes(ax, figsize):
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained", facecolor="white")
    ax.spines[["top", "right"]].set_visible(False)
    for text in (ax.xaxis.label, ax.yaxis.label):
        text.set_size(13)
    ax.tick_params(labelsize=11)
    return ax


def _legend_above(ax):
    place = dict(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    ax.legend(frameon=False, ncols=4, fontsize=11, columnspacing=1.5, **place)


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
