"""The palette, the Axes and the legend that all plots share."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

# The palette of Okabe and Ito (2008): its colours differ for colour-blind readers too.
BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, GREY = "#CC79A7", "#56B4E9", "#8A8A8A"
ROUND_COLORS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
ERROR_LABEL = "validation error"
LAST, STOPPED = "*", "X"  # the markers of trials on the last rung, and below it
OUTLINE = dict(edgecolor="white", linewidth=0.8, zorder=3)


def axes(ax=None, figsize=(7.5, 4.5)):
    """Style the caller's Axes or new ones: no box, and text that the last row can read."""
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained", facecolor="white")
    ax.spines[["top", "right"]].set_visible(False)
    for text in (ax.xaxis.label, ax.yaxis.label):
        text.set_size(13)
    ax.tick_params(labelsize=11)
    return ax


def emptied(figure):
    """Return the Axes of a figure, cleared of what was drawn; new ones would take longer."""
    for ax in figure.axes:
        for artist in (*ax.patches, *ax.lines, *ax.texts):
            artist.remove()
        ax.containers.clear()
        ax.relim()
    return figure.axes


def legend_above(ax, **options):
    """Put the legend into the empty strip above the Axes, so that it hides nothing."""
    place = dict(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    style = dict(frameon=False, ncols=4, fontsize=11, columnspacing=1.5)
    ax.legend(**place, **style | options)


def bar_colors(round, height):
    """Return the colour of an evaluation, darker on a higher rung, and that of a text on it."""
    hue = np.array(to_rgb(ROUND_COLORS[int(round) % len(ROUND_COLORS)]))
    color = 1 - (0.35 + 0.65 * height) * (1 - hue)
    luminance = color**2.2 @ (0.21, 0.72, 0.07)
    return color, "white" if luminance < 0.18 else "black"  # whichever has the greater contrast
