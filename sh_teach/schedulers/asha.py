"""ASHA: successive halving that never waits, and promotes on what it has seen so far."""

import heapq
from collections import defaultdict

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
        self._rungs = {level: _Rung(self.bracket.eta) for level in self.rung_levels}

    def suggest(self):
        """Return the next trial for a free worker; there always is one."""
        for k in reversed(range(self.K)):
            trial = self._rungs[self.rung_levels[k]].take_promotable()
            if trial is not None:
                return self.start(trial.promoted(self.rung_levels[k + 1]))
        return self.start(self.new_trial(max_epochs=self.bracket.r_min))

    def update(self, config, error, info=None):
        """Receive a result; see `HPOScheduler.update`."""
        trial, error = self.finish(config, error, info)
        level = trial["max_epochs"]
        self.all_observed_error_at_rungs[level].append((trial, error))
        self._rungs[level].add(trial, error)


class _Rung:
    """The results of a rung. Heaps keep its best ``1 / eta`` at hand, however many there are."""

    def __init__(self, eta):
        self._eta, self._results = eta, 0
        self._best = []  # the best results // eta, the worst of them on top: negated
        self._others, self._not_promoted = [], []  # the best of them on top

    def add(self, trial, error):
        error, trial_id = rank((trial, error))
        self._results += 1
        heapq.heappush(self._not_promoted, (error, trial_id, trial))
        error, trial_id = heapq.heappushpop(self._best, (-error, -trial_id))
        heapq.heappush(self._others, (-error, -trial_id))
        if len(self._best) < self._results // self._eta:
            error, trial_id = heapq.heappop(self._others)
            heapq.heappush(self._best, (-error, -trial_id))

    def take_promotable(self):
        """Return the best trial not promoted yet, if it is among the best; else ``None``."""
        if not self._best or not self._not_promoted:
            return None
        error, trial_id, trial = self._not_promoted[0]
        if (-error, -trial_id) < self._best[0]:
            return None
        heapq.heappop(self._not_promoted)
        return trial
