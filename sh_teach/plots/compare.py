"""Two methods on the same draws: which one wins, and by how much."""

from collections import namedtuple
from numbers import Real

import numpy as np
from scipy.special import stdtrit

from sh_teach.plots import style
from sh_teach.plots.time import listed
from sh_teach.words import plural


class Comparison(namedtuple("Comparison", "differences win tie loss mean margin note")):
    """The result of `compare`, printed in one line."""

    def __repr__(self):
        shares = f"{self.win:.0%} wins, {self.tie:.0%} ties, {self.loss:.0%} losses"
        mean = f"mean difference {self.mean:z.4f} ± {self.margin:.4f}{self.note}"
        return f"{shares.replace('%', ' %')} in {len(self.differences)} pairs; {mean}"

    def plot(self, ax=None):
        """Draw the differences, sorted, and their mean in its interval; return the Axes."""
        ax = style.axes(ax, figsize=(6.5, 3.5))
        ax.stairs(np.sort(self.differences), fill=True, color=style.SKY, label="differences")
        ink = style.text_color()
        ax.axhline(0, color=ink, linewidth=1)
        ax.axhline(self.mean, color=ink, linestyle="--", label="mean, 95 % interval")
        low, high = self.mean - self.margin, self.mean + self.margin
        ax.axhspan(low, high, color=style.text_color(0.2), linewidth=0)
        ax.set(xlabel="pairs, sorted (below 0: wins)", ylabel="difference in error")
        style.legend_above(ax)
        return ax


def compare(runs, rivals, budget=None, spent="ended"):
    """Compare two methods pair by pair, each run by its incumbent: the lowest finite error.

    Parameters
    ----------
    runs, rivals : list of HPOTuner, pandas.DataFrame or float
        Those at the same place are a pair, with the same draws; a single run is a list of one. A
        table needs ``error``; a number is the incumbent's error.
    budget : float, optional
        What each tuner or table may spend; by default, all that it recorded.
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
    runs, rivals = listed(runs), listed(rivals)
    n = len(runs)
    if not n == len(rivals) > 0:
        raise ValueError(f"{n} runs, {len(rivals)} rivals: each needs one of the other")
    gaps = _incumbents("runs", runs, budget, spent)
    gaps -= _incumbents("rivals", rivals, budget, spent)
    shares = [float(np.mean(np.sign(gaps) == sign)) for sign in (-1, 0, 1)]
    margin = stdtrit(n - 1, 0.975) * gaps.std(ddof=1) / n**0.5 if n > 1 else np.nan
    differ = np.count_nonzero(gaps)
    note = f" (unreliable: only {plural(differ, 'pair')} without a tie)" if differ < 10 else ""
    return Comparison(gaps, *shares, float(gaps.mean()), float(margin), note)


def _incumbents(name, runs, budget, spent):
    errors = []
    for i, run in enumerate(runs):
        if budget is not None:
            table = style.table_of(f"{name}[{i}]", run, "error", spent)
            found = table["error"].to_numpy()[table[spent].to_numpy() <= budget]
        elif isinstance(run, Real):
            found = np.array([run], float)
        else:
            found = style.table_of(f"{name}[{i}]", run, "error")["error"].to_numpy()
        found = found[np.isfinite(found)]
        if not len(found):
            within = "" if budget in (None, np.inf) else f" by {spent} = {budget:g}"
            raise ValueError(f"{name}[{i}] has no finite error{within}: leave this pair out")
        errors.append(found.min())
    return np.array(errors)
