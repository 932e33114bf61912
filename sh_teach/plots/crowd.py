"""How evaluations are drawn, few or a crowd of them: as marks, as bars, or joined to curves."""

import numpy as np

from sh_teach.plots import style

STRIP = 0.8  # the part of the distance between two rungs that belongs to the marks of one
KINDS = (
    ("promoted", "o", 65, style.BLUE),
    ("stopped", style.STOPPED, 65, style.VERMILLION),
    ("on the last rung", style.LAST, 150, style.GREEN),
)


def draw_marks(ax, rungs, heights, kinds):
    """Draw each evaluation as a mark at its error, smaller if many; return legend options."""
    shrunk = min(1, (64 / len(heights)) ** (1 / 3))
    row = 0.016 * shrunk * (np.ptp(heights) or 1)  # half as high as a mark
    rows = np.floor((heights - heights.min()) / row).astype(int)
    steps, crowd = side_by_side(rows + rungs * (rows.max() + 3), kinds)
    step = 0.0175 * shrunk * (rungs.max() + 1)  # as wide as a mark
    places = rungs + steps * np.minimum(step, STRIP / crowd)
    for kind, (name, marker, size, color) in enumerate(KINDS):
        chosen = kinds == kind
        look = dict(marker=marker, s=size * shrunk**2, color=color, zorder=3)
        look |= dict(edgecolor=ax.get_facecolor(), linewidth=0.8 * shrunk)
        ax.scatter(places[chosen], heights[chosen], label=f"{name} ({chosen.sum()})", **look)
    return dict(markerscale=1 / shrunk)


def side_by_side(rows, kinds):
    """Return how many steps to the right each mark is drawn, and how many marks are near it.

    Marks at most two rows apart are near each other, and get different steps: 0, 1, -1, 2, ...,
    in each row first those of the first kind.
    """
    order = np.lexsort((kinds, rows))
    begin, end = np.searchsorted(rows[order], [rows - 2, rows + 3])
    lanes = np.zeros(len(rows), int)
    for i, mark in enumerate(order):
        near = lanes[order[begin[mark] : i]]
        lanes[mark] = min(set(range(len(near) + 1)).difference(near))
    return (lanes + 1) // 2 * np.where(lanes % 2, 1, -1), end - begin


def draw_bars(ax, rungs, heights, kinds):
    """Draw how many have about the same error, promoted in the middle; return legend options."""
    rows = np.linspace(heights.min(), heights.max(), 81)
    bins = np.arange(len(KINDS) + 1), np.arange(rungs.max() + 2), rows
    counts, _ = np.histogramdd((kinds, rungs, heights), bins)
    totals = counts.cumsum(axis=0)
    widths = STRIP * np.sqrt(totals / totals[-1].max(axis=1, keepdims=True))
    for kind, (name, _, _, color) in enumerate(KINDS):
        rung, row = np.nonzero(counts[kind])
        width = widths[kind, rung, row]
        look = dict(height=rows[1] - rows[0], align="edge", color=color, zorder=5 - kind)
        look["label"] = f"{name} ({counts[kind].sum():,.0f})"
        ax.barh(rows[row], width, left=rung - width / 2, **look)
    words = "evaluations: the more with about the same error, the wider a bar"
    return dict(title=f"{len(heights):,} {words}")


def draw_curves(ax, table, trials, **look):
    """Draw the errors of trials over epochs, from a sorted table, as one line with gaps."""
    chosen = table[table["trial_id"].isin(trials)]
    gaps = np.flatnonzero(chosen["trial_id"] != chosen["trial_id"].shift())[1:]
    points = chosen[["max_epochs", "error"]].to_numpy(float)
    ax.plot(*np.insert(points, gaps, np.nan, axis=0).T, **look)
