"""Two figures of notebook 03, and the table of networks that were trained more than once."""

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap

from sh_teach import RecordedCurves
from sh_teach.plots.style import BLUE, ERROR_LABEL, VERMILLION, axes, legend_above


def trained_again(curves, again):
    """Return the configurations that both have, with a seed for each training of one.

    Seed 0 is that of `curves`, the others are those of `again`; their errors are means over both
    halves of the images, which `curves` did not split.
    """
    table = again.table[again.table["seed"] != 0]
    mean = (table["validation_error"] + table["test_error"]) / 2
    table = table.assign(validation_error=mean).drop(columns="test_error")
    first = curves.table[curves.table["config_id"].isin(table["config_id"])].assign(seed=0)
    return RecordedCurves(pd.concat([first, table])[table.columns])


def plot_plans(shares, ax=None):
    """Draw a heat map: a row for each plan, a column for each budget; return the Axes.

    `shares` are the pairs that a plan wins, less those that it loses, as shares of all.
    """
    ax = axes(ax, figsize=(8, 4.8))
    colors = LinearSegmentedColormap.from_list("wins", [VERMILLION, "white", BLUE])
    ax.imshow(shares, cmap=colors, vmin=-1, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        number = f"{100 * share:+.0f}".replace("-", "−") if round(100 * share) else "0"
        ax.text(column, row, number, ha="center", va="center", color="black", fontsize=12)
    ax.set_xticks(range(len(shares.columns)), shares.columns)
    ax.set_yticks(range(len(shares)), [f"{eta}, {r_min}" for eta, r_min in shares.index])
    ax.set(xlabel="epochs spent by each method", ylabel=r"$\eta$, $r_\mathrm{min}$")
    ax.set_title("races won less races lost, in percent", fontsize=12)
    return ax


def plot_again(errors, ax=None):
    """Draw the last errors of each configuration, in the order of the first training's errors.

    `errors` has a row for each configuration and a column for each training. Returns the Axes.
    """
    ax = axes(ax, figsize=(8, 3.8))
    errors = errors[errors[:, 0].argsort(kind="stable")]
    ranks = range(1, len(errors) + 1)
    for training, column in enumerate(errors.T):
        label = "first training" if training == 0 else "another seed" if training == 1 else None
        color, marker = (BLUE, "o") if training == 0 else (VERMILLION, "x")
        line = "-" if training == 0 else ""
        ax.plot(ranks, column, color=color, marker=marker, linestyle=line, label=label)
    ax.set(xlabel="rank in the first training", ylabel=ERROR_LABEL, xticks=ranks)
    legend_above(ax)
    return ax
