"""What all plots share: the palette, the Axes, the legend, and the check of what is drawn.

The colours of the data are ours; backgrounds, texts and their size follow the user's rcParams.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from sh_teach.arguments import error_value
from sh_teach.words import listing

# The palette of Okabe and Ito (2008): its colours differ for colour-blind readers too.
BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, GREY = "#CC79A7", "#56B4E9", "#8A8A8A"
ROUND_COLORS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
ERROR_LABEL, NOT_FINITE = "validation error", "nan, inf or failed"
LAST, STOPPED = "*", "X"  # the markers of trials on the last rung, and below it
RENAME = '. If the resource is there, rename it: table.rename(columns={"epochs": "max_epochs"})'


def table_of(name, run, *needed):
    """Return the table of a run, given as a tuner or as a table, if it has what is needed."""
    table = run.dataframe() if hasattr(run, "dataframe") and not isinstance(run, type) else run
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{name}: give a tuner or tuner.dataframe(), not {type(run).__name__}")
    if table.empty:
        raise ValueError(f"{name}: the table has no evaluations. Run some: tuner.run(15)")
    if missing := [column for column in needed if column not in table]:
        words = f"{name}: the table lacks {listing(missing)}; it has {listing(table.columns)}"
        raise ValueError(words + (RENAME if "max_epochs" in missing else ""))
    return table.assign(error=[error_value(error) for error in table["error"].tolist()])


def by_rung(name, run, *more):
    """Return the table of a run, with the number of each evaluation's rung, and all levels."""
    table = table_of(name, run, "trial_id", "max_epochs", "error", *more)
    levels, rungs = np.unique(table["max_epochs"], return_inverse=True)
    return table.reset_index(drop=True).assign(rung=rungs), levels


def axes(ax=None, figsize=(7.5, 4.5)):
    """Style the caller's Axes or new ones: no box, and text that the last row can read."""
    if ax is None:
        _, ax = plt.subplots(figsize=inches(*figsize), layout="constrained")
    if not isinstance(ax, plt.Axes):
        raise TypeError(f"ax={ax!r}: it must be one Axes, such as axes[0] of plt.subplots(1, 2)")
    ax.yaxis.offsetText.set_ha("right")  # left of the legend
    ax.spines[["top", "right"]].set_visible(False)
    ax.xaxis.label.set_size("x-large")
    ax.yaxis.label.set_size("x-large")
    ax.tick_params(labelsize="large")
    return ax


def inches(width, height):
    """Return the size of a figure, so that larger text has more room."""
    return np.array([width, height]) * plt.rcParams["font.size"] / 10


def text_color(alpha=1.0):
    """Return the colour of the user's texts, more or less faint."""
    return plt.rcParams["text.color"], alpha


def label_levels(ax, places, levels):
    """Label the rungs at their places, upright if side by side they would touch."""
    upright = len("".join(map(str, levels))) > 40
    ax.set_xticks(places, levels, rotation=90 if upright else 0)


def legend_above(ax, **options):
    """Put the legend into the empty strip above the Axes, so that it hides nothing."""
    place = dict(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, alignment="left")
    letters = ax.bbox.width / ax.figure.dpi * 72 / plt.rcParams["font.size"]
    style = dict(ncols=max(1, int(letters / 9)), fontsize="large", title_fontsize="large")
    style |= dict(frameon=False, handlelength=1.5, columnspacing=1.5)
    ax.legend(**place, **style | options)
