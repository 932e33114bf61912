"""How evaluations are drawn, few or a crowd of them: as marks, as bars, or joined to curves."""

from collections import deque
from heapq import heappop, heappush

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
    lanes = np.zeros(len(rows), int)
    near, free = deque(), []
    for i in order:
        while near and rows[i] - rows[near[0]] > 2:
            heappush(free, lanes[near.popleft()])
        lanes[i] = heappop(free) if free else len(near)
        near.append(i)
    below, above = np.searchsorted(rows[order], [rows - 2, rows + 3])
    return (lanes + 1) // 2 * np.where(lanes % 2, 1, -1), above - below


def draw_bars(ax, rungs, heights, kinds):
    """Draw how many have about the same error, promoted in the middle; return legend options."""
    bins = np.arange(rungs.max() + 2) - 0.5, np.linspace(heights.min(), heights.max(), 81)
    most = np.histogram2d(rungs, heights, bins)[0].max(axis=1, keepdims=True)
    total, thick = 0, bins[1][1] - bins[1][0]
    for kind, (name, _, _, color) in enumerate(KINDS):
        counts = np.histogram2d(rungs[kinds == kind], heights[kinds == kind], bins)[0]
        total = total + counts
        rung, row = np.nonzero(counts)
        widths = STRIP * np.sqrt(total / most)[rung, row]
        place = dict(y=bins[1][row] + thick / 2, height=thick, left=rung - widths / 2)
        look = dict(color=color, zorder=5 - kind, label=f"{name} ({counts.sum():,.0f})")
        ax.barh(width=widths, **place, **look)
    words = "evaluations: the more with about the same error, the wider a bar"
    return dict(title=f"{len(heights):,} {words}")


def draw_curves(ax, table, trials, **look):
    """Draw the errors of trials over epochs, from a sorted table, as one line with gaps."""
    chosen = table[table["trial_id"].isin(trials)]
    gaps = np.flatnonzero(chosen["trial_id"] != chosen["trial_id"].shift())[1:]
    names = "max_epochs", "error"
    return ax.plot(*(np.insert(chosen[n].to_numpy(float), gaps, np.nan) for n in names), **look)
