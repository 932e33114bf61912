"""ASHA: successive halving that never waits, and promotes on what it has seen so far."""

from bisect import bisect, insort
from collections import defaultdict
from heapq import heappop, heappush

from sh_teach.schedulers.base import HPOScheduler, rank
from sh_teach.schedulers.bracket import Bracket


class ASHAScheduler(HPOScheduler):
    """Asynchronous successive halving, of the promotion type.

    A free worker gets, from the top rung down, a trial that is among the best ``1 / eta`` of the
    results so far on its rung and was not promoted yet; if there is none, a new trial starts at
    `r_min`. No worker ever waits for a rung to fill. In exchange, some trials are promoted that
    turn out not to be among the best.

    Parameters, attributes and errors are those of `SuccessiveHalvingScheduler`, but for its
    options, its rounds and its queue.

    Examples
    --------
    >>> from sh_teach import RandomSearcher
    >>> scheduler = ASHAScheduler(RandomSearcher({"x": [1, 2, 3]}, seed=0), 2, r_min=1, r_max=2)
    >>> for error in 0.5, 0.4:
    ...     scheduler.update(scheduler.suggest(), error)
    >>> scheduler.suggest()["max_epochs"]  # of two results, the better half is promoted
    2

    References
    ----------
    Li et al.: A system for massively parallel hyperparameter tuning. MLSys 2020, arXiv 1810.05934.
    """

    resource = "max_epochs"

    def __init__(self, searcher, eta, r_min, r_max):
        super().__init__(searcher)
        self.bracket = Bracket(r_min, r_max, eta)
        self.eta, self.r_min, self.r_max = eta, r_min, r_max
        self.K = self.bracket.K
        self.rung_levels = list(self.bracket.levels)
        self.all_observed_error_at_rungs = defaultdict(list)
        self._candidates = defaultdict(list)  # by level: a heap of pairs (rank, trial)
        self._promoted = defaultdict(list)  # by level: the pairs that left the heap, sorted

    def suggest(self):
        """Return the next trial for a free worker; there always is one."""
        for k in reversed(range(self.K)):
            trial = self._take_promotable(self.rung_levels[k])
            if trial is not None:
                return self.start(trial.promoted(self.rung_levels[k + 1]))
        return self.start(self.new_trial(max_epochs=self.bracket.r_min))

    def update(self, config, error, info=None):
        """Receive a result; see `HPOScheduler.update`."""
        trial, error = self.finish(config, error, info)
        level, observed = trial["max_epochs"], (trial, error)
        self.all_observed_error_at_rungs[level].append(observed)
        heappush(self._candidates[level], (rank(observed), trial))

    def _take_promotable(self, level):
        """Return the best trial not promoted yet, if it is among the best; else ``None``."""
        candidates, promoted = self._candidates[level], self._promoted[level]
        survivors = len(self.all_observed_error_at_rungs.get(level, [])) // self.bracket.eta
        # All results that are better than the best candidate's belong to promoted trials.
        if not candidates or bisect(promoted, candidates[0]) >= survivors:
            return None
        best = heappop(candidates)
        insort(promoted, best)
        return best[1]
