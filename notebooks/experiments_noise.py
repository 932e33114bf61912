"""Experiments on noise: seeds, the winner's curse, early ranks, and learning rates that decay.

What is repeated is a draw, of configurations or of pairs. The trainings are not repeated: all
draws share the same recorded curves, so an interval covers the draw alone.
"""

import numpy as np
import pandas as pd
from experiments import halving, rounds
from matplotlib import pyplot as plt
from scipy.stats import rankdata

from sh_teach import compare
from sh_teach.plots.style import BLUE, VERMILLION, axes

GUESSING = 0.9  # the error of ten equally large classes; it stands in for a training that diverged


def last_errors(curves, epoch=None, column="validation_error"):
    """Return the errors after an epoch, by default the last: a row per configuration.

    There is a column for each seed; configurations that lack a seed are left out.
    """
    table = curves.table[curves.table["epoch"] == (epoch or curves.r_max)]
    table = table.assign(seed=table.get("seed", 0)).fillna({column: GUESSING})
    return table.pivot(index="config_id", columns="seed", values=column).dropna().to_numpy()


def _several_seeds(curves):
    errors = last_errors(curves)
    if errors.shape[1] < 2:
        raise ValueError("curves: each configuration must be recorded with at least 2 seeds")
    return errors


# --- is rank 1 really rank 1? --------------------------------------------------------------


def spread(curves, best=None, samples=1000):
    """Return how far the last errors spread, and why: a standard deviation for each cause.

    The causes: the configuration; the seed, as far as it moves all configurations alike; the
    two together, which is the noise in a ranking; and the epoch, from each of the last four to
    the next. `best` keeps that many configurations, of the lowest mean. The 95 % interval, from
    ``low`` to ``high``, is that of a bootstrap over the configurations.
    """
    errors = _several_seeds(curves)
    late = np.array([last_errors(curves, curves.r_max - i) for i in range(4)])
    order = errors.mean(axis=1).argsort(kind="stable")[:best]
    rng = np.random.default_rng(0)
    draws = [order, *(rng.choice(order, len(order)) for _ in range(samples))]
    found = np.array([_deviations(errors[rows], late[:, rows]) for rows in draws])
    low, high = np.quantile(found[1:], [0.025, 0.975], axis=0)
    causes = ["configuration", "seed", "configuration and seed", "epoch"]
    return pd.DataFrame({"deviation": found[0], "low": low, "high": high}, index=causes)


def _deviations(errors, late):
    """Return the standard deviations of `spread`, from mean squares: a two-way table."""
    configs, seeds = errors.shape
    rows, columns = errors.mean(axis=1, keepdims=True), errors.mean(axis=0)
    rest = errors - rows - columns + errors.mean()
    both = (rest**2).sum() / ((configs - 1) * (seeds - 1))
    variances = rows.var(ddof=1) - both / seeds, columns.var(ddof=1) - both / configs, both
    epoch = np.mean(np.diff(late, axis=0) ** 2) / 2
    return np.sqrt(np.maximum([*variances, epoch], 0))


def rank_one(curves, n=12, repetitions=200):
    """Choose the best of `n` configurations by one seed, and look at it with the other seeds.

    Each repetition draws the configurations and the seed. Returns the `Comparison` of the winner's
    error with the mean of its errors with the other seeds (each less the mean of all that were
    drawn), and the shares of its ranks there.
    """
    errors, won, again, ranks = _several_seeds(curves), [], [], []
    for repetition in range(repetitions):
        rng = np.random.default_rng(repetition)
        drawn = errors[rng.permutation(len(errors))[:n]]
        drawn = drawn - drawn.mean(axis=0)
        seed = rng.integers(errors.shape[1])
        chosen, others = drawn[:, seed], np.delete(drawn, seed, axis=1).mean(axis=1)
        winner = chosen.argmin()
        won.append(chosen[winner])
        again.append(others[winner])
        ranks.append(1 + int((others < others[winner]).sum()))
    shares = pd.Series(ranks, name="rank").value_counts(normalize=True).sort_index()
    return compare(won, again), shares


def honest_selection(curves, epochs=48, repetitions=200):
    """Compare the incumbents' validation errors with their errors on the other half of the images.

    One half may be easier than the other: what the better half of the configurations (by both
    errors together) have less on it, at the last epoch, is taken off first. So the mean difference
    is how much too good the validation error of an incumbent is. Returns the `Comparison`, and how
    many different incumbents there are in all: with few of them its interval is too narrow.
    """
    easier = _between_halves(_on_both_halves(curves)).mean()
    runs = halving(curves, epochs, repetitions)
    incumbents = [run.loc[run["error"].idxmin()] for run in runs]
    reported = [incumbent["test_error"] + easier for incumbent in incumbents]
    selected = [incumbent["error"] for incumbent in incumbents]
    return compare(selected, reported), len(set(zip(selected, reported, strict=True)))


def halves_apart(curves, images=5000):
    """Return how far the errors on the two halves of the images differ from curve to curve.

    The standard deviation of their difference over the better half of the curves; what it would
    be if each curve had that many images of its own in each half; and the number of these curves.
    """
    errors = _on_both_halves(curves)
    share = errors.mean(axis=1)
    of_their_own = np.sqrt((2 * share * (1 - share) / images).mean())
    return _between_halves(errors).std(), of_their_own, len(errors)


def _on_both_halves(curves):
    """Return the last errors on both halves of the images: a row for each better curve."""
    last = curves.table[curves.table["epoch"] == curves.r_max].dropna()
    errors = last[["validation_error", "test_error"]]
    return errors[errors.sum(axis=1) <= errors.sum(axis=1).median()]


def _between_halves(errors):
    return errors["validation_error"] - errors["test_error"]


# --- when can ranks be trusted? ------------------------------------------------------------


def early_ranks(curves, best=15, samples=200):
    """Return Spearman's correlation of the errors after each epoch with the last ones.

    ``all`` configurations, and the ``best`` ones by the last error; with several seeds, the mean
    over them. The 95 % intervals are those of a bootstrap over the configurations.
    """
    errors = np.array([last_errors(curves, epoch) for epoch in range(1, curves.r_max + 1)])
    rng = np.random.default_rng(0)
    columns = {}
    for name, size in (("all", errors.shape[1]), ("best", best)):
        found = []
        for of_seed in np.moveaxis(errors, 2, 0):
            chosen = of_seed[:, of_seed[-1].argsort(kind="stable")[:size]]
            draws = [range(size), *rng.integers(size, size=(samples, size))]
            found.append([_spearman(chosen[:, draw]) for draw in draws])
        found = np.mean(found, axis=0)
        low, high = np.nanquantile(found[1:], [0.025, 0.975], axis=0)
        columns |= {name: found[0], f"{name} low": low, f"{name} high": high}
    return pd.DataFrame(columns, index=pd.RangeIndex(1, curves.r_max + 1, name="epoch"))


def _spearman(errors):
    """Return the correlation of the ranks in each row with those in the last row."""
    ranks = rankdata(errors, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.linalg.norm(ranks, axis=1)
    with np.errstate(invalid="ignore"):  # a row in which all errors are equal
        return ranks @ ranks[-1] / (length * length[-1])


def plot_early_ranks(problems, best=15):
    """Draw `early_ranks` of several problems side by side; `problems` maps names to curves."""
    size = (5.5 * len(problems), 4)
    panels = dict(sharey=True, squeeze=False, layout="constrained")
    figure, (row,) = plt.subplots(1, len(problems), figsize=size, **panels)
    for ax, (title, curves) in zip(row, problems.items(), strict=True):
        axes(ax)
        table = early_ranks(curves, best)
        names = ("all", f"all {curves.table['config_id'].nunique()}"), ("best", f"the best {best}")
        for (name, label), color, marker in zip(names, (BLUE, VERMILLION), "os", strict=True):
            ax.plot(table[name], color=color, marker=marker, label=label)
            band = table[f"{name} low"], table[f"{name} high"]
            ax.fill_between(table.index, *band, color=color, alpha=0.2, linewidth=0)
        ax.axhline(0, color=plt.rcParams["text.color"], linewidth=0.8)
        ax.set(title=title, xlabel="epochs")
        ax.legend(frameon=False, loc="lower right", fontsize=11)
    row[0].set_ylabel("rank correlation with the last epoch")
    return figure


def schedules(curves, levels=(3, 9, 27), sizes=(9, 3, 1), repetitions=200):
    """Compare learning rates that decay to the end of the rung with those planned for the last.

    `curves` has the column ``decay_epochs``, and ``config_id`` is 100 times the configuration plus
    that. Returns the `Comparison` of the last errors (decay planned for ``levels[-1]``) of the
    survivor of a round, if the schedule follows the rung, with that of one planned for the last;
    and for each early rung the rank correlations of both with the last errors.
    """
    table = curves.table.assign(configuration=curves.table["config_id"] // 100)
    table = table.fillna({"validation_error": GUESSING})
    wide = table.pivot(
        index=["configuration", "seed"],
        columns=["decay_epochs", "epoch"],
        values="validation_error",
    ).dropna()
    last = levels[-1]
    seen = {
        "follows the rung": wide[[(level, level) for level in levels]].to_numpy(),
        "planned for the last": wide[[(last, level) for level in levels]].to_numpy(),
    }
    starters = _draw_curves(wide.index, sizes[0], repetitions)
    ranks = range(1, len(levels) + 1)
    survivors = [rounds(errors, starters, ranks, sizes)[:, -1] for errors in seen.values()]
    final = seen["planned for the last"][:, -1]
    correlations = {name: _spearman(errors.T)[:-1] for name, errors in seen.items()}
    ranked = pd.DataFrame(correlations, index=pd.Index(levels[:-1], name="epochs"))
    return compare(*(final[rows] for rows in survivors)), ranked


def _draw_curves(index, n, repetitions):
    """Return rows of an index of configurations and seeds: `n` configurations, one seed each."""
    groups = pd.Series(range(len(index)), index=index).groupby(level="configuration")
    with_each_seed = [rows.tolist() for _, rows in groups]
    drawn = []
    for repetition in range(repetitions):
        rng = np.random.default_rng(repetition)
        chosen = rng.permutation(len(with_each_seed))[:n]
        drawn.append([rng.choice(with_each_seed[number]) for number in chosen])
    return np.array(drawn)
