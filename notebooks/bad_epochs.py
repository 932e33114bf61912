"""Which epochs end badly for many networks of notebook 01, with one seed and with another."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from sh_teach.plots.style import BLUE, GREY, axes

FIRST, LAST = 5, 15  # before, the errors fall steeply; after, there is no next epoch


def leaders_by_seed(curves, again, best=20):
    """Return a table of errors for each seed: a row for each leader, a column for each epoch.

    Seed 0 is that of `curves`, where a leader is among the `best` after the last epoch; only those
    that `again` has are returned. The errors of its seeds are means over both halves of the
    images, which `curves` did not split.
    """
    errors = curves.table.pivot(index="config_id", columns="epoch", values="validation_error")
    leaders = errors[curves.r_max].nsmallest(best).index
    leaders = leaders[leaders.isin(again.table["config_id"])]
    table = again.table[again.table["seed"] != 0]
    table = table.assign(error=(table["validation_error"] + table["test_error"]) / 2)
    found = {
        seed: rows.pivot(index="config_id", columns="epoch", values="error")
        for seed, rows in table.groupby("seed")
    }
    return {seed: rows.loc[leaders] for seed, rows in ({0: errors} | found).items()}


def bumps(errors):
    """Return how much worse each epoch ends than the mean of the epochs before and after it."""
    beside = (errors.shift(1, axis=1) + errors.shift(-1, axis=1)) / 2
    return (errors - beside).loc[:, FIRST:LAST]


def agreement(tables):
    """Return, for each two seeds, the mean correlation of the bumps of two configurations.

    The configurations of a pair are different ones, with the same seed too.
    """
    seeds = pd.Index(tables, name="seed")
    n = len(tables[0])
    rows = np.vstack([bumps(errors) for errors in tables.values()])
    correlations = np.corrcoef(rows).reshape(len(seeds), n, len(seeds), n)
    different = ~np.eye(n, dtype=bool)
    means = correlations.transpose(0, 2, 1, 3)[:, :, different].mean(axis=2)
    return pd.DataFrame(means, index=seeds, columns=seeds)


def plot_bumps(tables):
    """Draw the bumps of each configuration, and their mean, in a panel for each seed."""
    size = (0.5 + 2.9 * len(tables), 3.6)
    panels = dict(sharey=True, squeeze=False, layout="constrained")
    figure, (row,) = plt.subplots(1, len(tables), figsize=size, **panels)
    for ax, (seed, errors) in zip(row, tables.items(), strict=True):
        axes(ax)
        found = bumps(errors)
        ax.plot(found.T, color=GREY, linewidth=0.8)
        ax.plot(found.mean(), color=BLUE, marker="o", linewidth=2.5, label="mean")
        ax.axhline(0, color=plt.rcParams["text.color"], linewidth=0.8)
        ax.set(title=f"seed {seed}", xlabel="epoch", xticks=range(FIRST, LAST + 1, 5))
    row[0].set_ylabel("above both neighbours by")
    row[0].legend(frameon=False, fontsize=11)
    return figure
