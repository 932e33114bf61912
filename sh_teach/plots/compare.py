"""Two methods on the same draws: which one wins, by how much, and at what price."""

from collections import namedtuple
from numbers import Real

import numpy as np
from matplotlib import pyplot as plt
from scipy.special import stdtrit

from sh_teach.plots.style import SKY, axes, legend_above
from sh_teach.plots.time import incumbents
from sh_teach.words import listing, plural


class Comparison(namedtuple("Comparison", "differences win tie loss mean margin note")):
    """The result of `compare`, printed in one line."""

    def __repr__(self):
        shares = f"{self.win:.0%} wins, {self.tie:.0%} ties, {self.loss:.0%} losses"
        mean = f"mean difference {self.mean:z.4f} ± {self.margin:.4f}{self.note}"
        return f"{shares.replace('%', ' %')} in {len(self.differences)} pairs; {mean}"

    def plot(self, ax=None):
        """Draw the differences, sorted, and their mean in its interval; return the Axes."""
        ax = axes(ax, figsize=(6.5, 3.5))
        ax.stairs(np.sort(self.differences), fill=True, color=SKY, label="differences")
        ink = plt.rcParams["text.color"]
        ax.axhline(0, color=ink, linewidth=1)
        ax.axhline(self.mean, color=ink, linestyle="--", label="mean, 95 % interval")
        ends = self.mean - self.margin, self.mean + self.margin
        ax.axhspan(*ends, color=ink, alpha=0.2, linewidth=0)
        ax.set(xlabel="pairs, sorted (below 0: wins)", ylabel="difference in error")
        legend_above(ax)
        return ax


class SameError(namedtuple("SameError", "budget low high within")):
    """The result of `budget_for_same_error`, printed in one line."""

    def __repr__(self):
        never = f"never within {self.within:g}"
        words = [f"{value:g}" if value < np.inf else never for value in self[:3]]
        return "{}, 95 % interval {} to {}".format(*words)


def compare(runs, rivals, budget=None, spent="ended"):
    """Compare two methods pair by pair, each run by its incumbent: the lowest finite error.

    Parameters
    ----------
    runs, rivals : list of HPOTuner, pandas.DataFrame or float
        Those at the same place are a pair, with the same draws. A table has a column ``error``; a
        number is the incumbent's error.
    budget : float, optional
        What each run may spend; by default, all that it recorded.
    spent : str
        The column with what a run had spent when an evaluation ended, in the unit of `budget`.

    Returns
    -------
    Comparison
        ``differences``, run less rival; the shares ``win`` (below 0), ``tie`` and ``loss``; their
        ``mean``; ``margin``, half of its 95 % interval (Student's t over the pairs); ``note``, why
        that is unreliable, or empty. Its method ``plot(ax=None)`` draws the differences.

    Raises
    ------
    TypeError, ValueError
        If a run is of another kind, lacks a column or has no finite error within the budget, or
        if there are not as many runs as rivals, or none.

    Examples
    --------
    >>> compare([0.11, 0.13, 0.12, 0.15] * 10, [0.12, 0.13, 0.14, 0.15] * 10)
    50 % wins, 50 % ties, 0 % losses in 40 pairs; mean difference -0.0075 ± 0.0027
    """
    n = _pairs(runs, rivals)
    gaps = _incumbents("runs", runs, budget, spent)
    gaps -= _incumbents("rivals", rivals, budget, spent)
    shares = [float(np.mean(np.sign(gaps) == sign)) for sign in (-1, 0, 1)]
    margin = stdtrit(n - 1, 0.975) * gaps.std(ddof=1) / n**0.5 if n > 1 else np.nan
    differ = np.count_nonzero(gaps)
    note = f" (unreliable: only {plural(differ, 'pair')} without a tie)" if differ < 10 else ""
    return Comparison(gaps, *shares, float(gaps.mean()), float(margin), note)


def budget_for_same_error(runs, rivals, budget, spent="ended"):
    """Return what the rivals must spend for the mean error that the runs have at `budget`.

    Parameters
    ----------
    runs, rivals, budget, spent
        As in `compare`; the rivals are tuners or tables.

    Returns
    -------
    SameError
        ``budget``; ``low`` and ``high``, the ends of its 95 % interval, by a bootstrap of 1,000
        samples of the pairs with a fixed seed. ``inf`` means never within the rivals' runs, which
        end at ``within``.

    Raises
    ------
    TypeError, ValueError
        As `compare` does.
    """
    n = _pairs(runs, rivals)
    errors = _incumbents("runs", runs, budget, spent)
    _incumbents("rivals", rivals, np.inf, spent)
    times, curves = incumbents([_table("rivals", run, [spent]) for run in rivals], spent)
    if not len(times):
        raise ValueError(f"rivals: there is no {spent} at which each of them has an error")
    # Row 0 weighs each pair once, the others as often as it was drawn.
    draws = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=1000)
    reached = np.vstack([np.ones(n), draws]) @ (curves - errors[:, None]) < 1e-9
    budgets = np.where(reached.any(axis=1), times[reached.argmax(axis=1)], np.inf)
    low, high = np.quantile(budgets[1:], [0.025, 0.975], method="inverted_cdf")
    return SameError(float(budgets[0]), float(low), float(high), float(times[-1]))


def _pairs(runs, rivals):
    if not len(runs) == len(rivals) > 0:
        raise ValueError(f"{len(runs)} runs, {len(rivals)} rivals: each needs one of the other")
    return len(runs)


def _incumbents(name, runs, budget, spent):
    errors = []
    for i, run in enumerate(runs):
        table = _table(f"{name}[{i}]", run, [] if budget is None else [spent])
        found = np.asarray(table["error"], float)
        found = found if budget is None else found[np.asarray(table[spent], float) <= budget]
        found = found[np.isfinite(found)]
        if not len(found):
            within = "" if budget in (None, np.inf) else f" by {spent} = {budget:g}"
            raise ValueError(f"{name}[{i}] has no finite error{within}: leave this pair out")
        errors.append(found.min())
    return np.array(errors)


def _table(name, run, columns):
    """Return a run as a table; a number becomes a dict that can be read like one."""
    table = run.dataframe() if hasattr(run, "dataframe") else run
    table = {"error": np.array([run], float)} if isinstance(run, Real) else table
    if not hasattr(table, "keys"):
        raise TypeError(f"{name} is a {type(run).__name__}: give a tuner, a table or a number")
    for column in ["error", *columns]:
        if column not in table:
            raise ValueError(f"{name} has no column {column!r}: it has {listing(table)}")
    return table
