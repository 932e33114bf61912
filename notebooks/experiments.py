"""Experiments on recorded learning curves: searches on the same draws, compared with intervals.

A *repetition* is a seed: it draws an order of the configurations, which all methods share. The
curves were trained once, so no interval says what another training would have given.
"""

import heapq
from bisect import insort
from collections import namedtuple

import numpy as np
import pandas as pd

from sh_teach import Bracket, compare
from sh_teach.plots.time import incumbents

# --- many rounds at once -------------------------------------------------------------------


def recorded(curves, column="validation_error"):
    """Return a column as a matrix, a row for each curve, and the row of each configuration."""
    seed = ["seed"] if "seed" in curves.table else []
    ordered = curves.table.sort_values(["config_id", *seed, "epoch"])
    configs = ordered.loc[ordered["epoch"] == 1, curves.hyperparameters + seed].to_dict("records")
    row_of = {frozenset(config.items()): row for row, config in enumerate(configs)}
    return ordered[column].to_numpy().reshape(-1, curves.r_max), row_of


def draws(curves, repetitions, n):
    """Return the rows of the first `n` configurations that ``curves.searcher(seed)`` proposes."""
    _, row_of = recorded(curves)
    searchers = [curves.searcher(seed) for seed in range(repetitions)]
    return np.array(
        [
            [row_of[frozenset(searcher.sample_configuration().items())] for _ in range(n)]
            for searcher in searchers
        ]
    )


def rounds(errors, starters, levels, sizes):
    """Return who is evaluated in rounds of successive halving, all of them at once.

    A row of `starters`, and of what is returned, is a round; its evaluations come in the order in
    which `SuccessiveHalvingScheduler` starts them on one worker.
    """
    errors = np.where(errors < np.inf, errors, np.inf)  # nan ranks last, with inf
    evaluated, trials = [starters], starters
    for level, promoted in zip(levels[:-1], sizes[1:], strict=True):
        best = np.argsort(errors[trials, level - 1], axis=1, kind="stable")[:, :promoted]
        evaluated.append(np.take_along_axis(trials, best, axis=1))
        # Back into the order of the trials, which breaks ties on the next rung.
        trials = np.take_along_axis(trials, np.sort(best, axis=1), axis=1)
    return np.hstack(evaluated)


def replay(curves, budget, repetitions, levels, sizes, resume=True):
    """Return the tables of searches, round after round, until `budget` epochs are spent.

    The columns are ``epochs`` spent so far (by survivors that resume, or train from scratch),
    ``max_epochs`` of the evaluation, its ``error``, and its ``test_error`` if known.
    """
    price = np.repeat(np.diff([0, *levels]) if resume else levels, sizes)
    n = -(-budget // int(price.sum()))
    starters = draws(curves, repetitions, n * sizes[0])
    errors, _ = recorded(curves)
    rows = rounds(errors, starters.reshape(-1, sizes[0]), levels, sizes)
    rows = rows.reshape(repetitions, -1)
    spent = np.tile(price, n).cumsum()
    within = spent <= budget
    epoch = np.tile(np.repeat(levels, sizes), n) - 1
    both = {"epochs": spent[within], "max_epochs": epoch[within] + 1}
    columns = {"error": errors[rows, epoch][:, within]}
    if "test_error" in curves.table:
        columns["test_error"] = recorded(curves, "test_error")[0][rows, epoch][:, within]
    return [
        pd.DataFrame(both | {name: c[i] for name, c in columns.items()})
        for i in range(repetitions)
    ]


def halving(curves, budget, repetitions=200, eta=2, r_min=1, resume=True):
    """Return tables of successive halving; with ``r_min=curves.r_max`` it is random search."""
    plan = Bracket(r_min, curves.r_max, eta)
    return replay(curves, budget, repetitions, plan.levels, plan.sizes, resume)


def summary(methods, reference):
    """Return a row for each method: its mean error, and how `reference` compares with it."""
    rows = {}
    for name, runs in methods.items():
        own, pair = compare(runs, [0.0] * len(runs)), compare(methods[reference], runs)
        rows[name] = {"error": own.mean, "±": own.margin, "win": pair.win, "tie": pair.tie}
        rows[name] |= {"loss": pair.loss, "difference": pair.mean, "± ": pair.margin}
    return pd.DataFrame(rows).T


# --- the budget for the same error ---------------------------------------------------------


class SameError(namedtuple("SameError", "budget low high within")):
    """The result of `budget_for_same_error`, printed in one line."""

    def __repr__(self):
        never = f"never within {self.within:g}"
        words = [f"{value:g}" if value < np.inf else never for value in self[:3]]
        return "{}, 95 % interval {} to {}".format(*words)


def budget_for_same_error(runs, rivals, budget, spent="ended"):
    """Return what the rivals must spend for the mean error that the runs have at `budget`.

    Parameters
    ----------
    runs, rivals, budget, spent
        As in `compare`; all are tuners or tables.

    Returns
    -------
    SameError
        ``budget``; ``low`` and ``high``, the ends of its 95 % interval, by a bootstrap of 1,000
        samples of the pairs with a fixed seed. ``inf`` means never within the rivals' runs, which
        end at ``within``.

    Raises
    ------
    TypeError, ValueError
        As `compare` does, and if the rivals' runs have no time in common.
    """
    n = len(rivals)
    nothing = [pd.DataFrame({"error": [0.0], spent: [-np.inf]})] * n
    errors = compare(runs, nothing, budget, spent).differences
    compare(nothing, rivals, np.inf, spent)  # names a rival that lacks an error
    times, curves = incumbents(rivals, spent)
    # Row 0 weighs each pair once, the others as often as it was drawn.
    draws = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=1000)
    reached = np.vstack([np.ones(n), draws]) @ (curves - errors[:, None]) < 1e-9
    budgets = np.where(reached.any(axis=1), times[reached.argmax(axis=1)], np.inf)
    low, high = np.quantile(budgets[1:], [0.025, 0.975], method="inverted_cdf")
    return SameError(float(budgets[0]), float(low), float(high), float(times[-1]))


# --- what the rungs buy --------------------------------------------------------------------


def one_cut(curves, budget=480, repetitions=200, eta=2, n=16, cuts=(1, 2, 3, 4)):
    """Compare the ladder with one cut only: one of `n` trials is trained to the end.

    Returns the `summary`: wins and differences are those of the ladder.
    """
    methods = {"ladder": halving(curves, budget, repetitions, eta)}
    for epoch in cuts:
        levels, sizes = (epoch, curves.r_max), (n, 1)
        methods[f"cut after {epoch}"] = replay(curves, budget, repetitions, levels, sizes)
    return summary(methods, "ladder")


def budgets(curves, small, large, eta=2, repetitions=200):
    """Return what random search must spend for the errors of halving, in epochs.

    A row for each of the two budgets of halving: its mean error, the budget at which random
    search has the same one, with its 95 % interval, and how many times as much that is.
    """
    end = len(recorded(curves)[1]) * curves.r_max  # each curve once
    random_search = halving(curves, end, repetitions, r_min=curves.r_max)
    rows = {}
    for budget in (small, large):
        runs = halving(curves, budget, repetitions, eta)
        need = budget_for_same_error(runs, random_search, budget, "epochs")
        own = compare(runs, [0.0] * repetitions)
        rows[budget] = {"error": own.mean, "±": own.margin, "random search needs": need.budget}
        rows[budget] |= {"from": need.low, "to": need.high, "times": need.budget / budget}
    return pd.DataFrame(rows).T


# --- promoting without waiting -------------------------------------------------------------


def wrong_promotions(results=(16, 64, 256, 1024, 4096), repetitions=100, eta=2):
    """Return which share of ASHA's promotions from a rung a full rung would not have made.

    The errors are independent: the share depends on their order only. A row for each number of
    results: the share, and half of its 95 % interval.
    """
    errors = [np.random.default_rng(seed).random(max(results)) for seed in range(repetitions)]
    shares = np.array([wrong_so_far(row.tolist(), results, eta) for row in errors])
    rows = [compare(column, np.zeros(repetitions)) for column in shares.T]
    table = [(n, row.mean, row.margin) for n, row in zip(results, rows, strict=True)]
    return pd.DataFrame(table, columns=["results", "share", "±"]).set_index("results")


def wrong_so_far(errors, results, eta):
    """Return the share of wrong promotions after each of these numbers of results."""
    ranked, waiting, promoted, shares = [], [], set(), []
    for i, error in enumerate(errors):
        insort(ranked, (error, i))
        heapq.heappush(waiting, (error, i))
        top = (i + 1) // eta
        while top and waiting and waiting[0] <= ranked[top - 1]:
            promoted.add(heapq.heappop(waiting))
        if i + 1 in results:
            shares.append(len(promoted - set(ranked[:top])) / len(promoted))
    return shares
