"""The pictures of notebook 00: races between two methods with the same budget."""

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from sh_teach import compare
from sh_teach.plots.style import BLUE, GREY, VERMILLION, axes, legend_above

NAMES = ("successive halving", "random search")
COLORS = (BLUE, VERMILLION)
OUTCOMES = {-1: ("halving wins", BLUE), 0: ("tie", GREY), 1: ("random search wins", VERMILLION)}
LOW, HIGH = 0.1, 0.2  # the errors at the bottom and at the top of a panel
WIDTH, HEIGHT = 1.16, 1.25  # from one panel to the next; what is drawn in it is 1 by 1
FRAME = np.array([(-0.05, -0.07), (1.05, -0.07), (1.05, 1.07), (-0.05, 1.07)])


def best_so_far(table, budget):
    """Return the epochs spent and the lowest error so far, up to the budget."""
    spent, best = table["epochs"].to_numpy(), np.minimum.accumulate(table["error"].to_numpy())
    return np.append(spent, budget), np.append(best, best[-1])


def plot_race(halving, random_search, budget):
    """Draw one race in full size; return the Axes."""
    ax = axes(figsize=(8, 3.8))
    curves = [best_so_far(table, budget) for table in (halving, random_search)]
    lowest = min(best[-1] for _, best in curves)
    for (spent, best), name, color in zip(curves, NAMES, COLORS, strict=True):
        ax.step(spent, best, where="post", color=color, linewidth=2.5)
        place = dict(xytext=(8, 0), textcoords="offset points", clip_on=False)
        side = "top" if best[-1] == lowest else "bottom"
        text = dict(color=color, size=13, weight="bold", va=side)
        ax.annotate(f"{name}\n{best[-1]:.3f}", (budget, best[-1]), **place, **text)
    ax.set(xlabel="epochs spent", ylabel="lowest validation error so far")
    ax.set(xlim=(0, budget), ylim=(0, 0.5), xticks=np.linspace(0, budget, 6))
    return ax


def plot_races(halving, random_search, budget, columns=20):
    """Draw all races, a small panel each, from the clearest win to the clearest loss."""
    differences = compare(halving, random_search).differences
    panels, tints, filled, lines = [], [], [], ([], [])
    for place, race in enumerate(np.argsort(differences, kind="stable")):
        row, column = divmod(place, columns)
        corner = np.array([column * WIDTH, -row * HEIGHT])
        panels.append(corner + FRAME)
        tints.append(tint(OUTCOMES[np.sign(differences[race])][1]))
        ours, theirs = (in_panel(runs[race], budget) for runs in (halving, random_search))
        filled.append(corner + np.vstack([np.minimum(ours, theirs), theirs[::-1]]))
        lines[0].append(corner + ours)
        lines[1].append(corner + theirs)
    ax = axes(figsize=(12, 6.6))
    ax.add_collection(PolyCollection(panels, facecolors=tints))
    ax.add_collection(PolyCollection(filled, facecolors=BLUE, alpha=0.3, linewidths=0))
    for curves, color in zip(lines[::-1], COLORS[::-1], strict=True):
        ax.add_collection(LineCollection(curves, colors=color, linewidths=1.6))
    rows = -(-len(differences) // columns)
    ax.set(xlim=(-0.06, columns * WIDTH), ylim=(0.05 - rows * HEIGHT + 1, 1.1))
    ax.set_axis_off()
    counts = [(np.sum(np.sign(differences) == sign), *OUTCOMES[sign]) for sign in OUTCOMES]
    keys = [Patch(color=tint(color), label=f"{name}: {n}") for n, name, color in counts]
    legend_above(ax, handles=keys, fontsize=15, handlelength=1.2, handleheight=1.2)
    return ax


def in_panel(table, budget):
    """Return the points of one curve, from 0 to 1 to the right and upwards."""
    spent, best = best_so_far(table, budget)
    epochs = np.linspace(0, budget, 241)
    ended = np.searchsorted(spent, epochs, side="right")
    error = np.insert(best, 0, HIGH)[ended]
    return np.column_stack([epochs / budget, np.clip((error - LOW) / (HIGH - LOW), 0, 1)])


def tint(color):
    """Return a light version of a colour; that of a loss is darker, because losses are few."""
    return tuple(1 - (0.32 if color == VERMILLION else 0.18) * (1 - np.array(to_rgb(color))))
