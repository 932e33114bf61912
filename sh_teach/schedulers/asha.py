"""ASHA: successive halving that never waits, and promotes on what it has seen so far."""

from collections import defaultdict
from heapq import heappop, heappush, heappushpop

from sh_teach.schedulers.base import HPOScheduler, rank
from sh_teach.schedulers.bracket import Bracket


class ASHAScheduler(HPOScheduler):
    """Asynchronous successive halving, of the promotion type.

    A free worker gets, from the top rung down, a trial that is among the best ``1 / eta`` of the
    results so far on its rung and was not promoted yet; if there is none, a new trial starts at
    `r_min`. No worker ever waits for a rung to fill. In exchange, some trials are promoted that
    turn out not to be among the best.

    Arguments, attributes, errors: see `SuccessiveHalvingScheduler`; no options, rounds or queue.

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
        # By level, a heap of pairs (rank, trial): the trials not promoted yet.
        self._candidates = {level: [] for level in self.rung_levels}
        self._best = {level: _Best(self.bracket.eta) for level in self.rung_levels}

    def suggest(self):
        """Return the next trial for a free worker; there always is one."""
        for k in reversed(range(self.K)):
            level = self.rung_levels[k]
            candidates = self._candidates[level]
            if candidates and candidates[0][0] in self._best[level]:
                _, trial = heappop(candidates)
                return self.start(trial.promoted(self.rung_levels[k + 1]))
        return self.start(self.new_trial(max_epochs=self.bracket.r_min))

    def update(self, config, error, info=None):
        """Receive a result; see `HPOScheduler.update`."""
        trial, error = self.finish(config, error, info)
        level, observed = trial["max_epochs"], (trial, error)
        self.all_observed_error_at_rungs[level].append(observed)
        place = rank(observed)
        heappush(self._candidates[level], (place, trial))
        self._best[level].add(*place)


class _Best:
    """The best ``1 / eta`` of the ranks so far: a heap of them and a heap of the others."""

    def __init__(self, eta):
        self.eta, self.best, self.others = eta, [], []  # the best ones negated: the worst on top

    def add(self, error, trial_id):
        error, trial_id = heappushpop(self.best, (-error, -trial_id))
        heappush(self.others, (-error, -trial_id))
        if len(self.best) < (len(self.best) + len(self.others)) // self.eta:
            error, trial_id = heappop(self.others)
            heappush(self.best, (-error, -trial_id))

    def __contains__(self, rank):
        error, trial_id = rank
        return bool(self.best) and (-error, -trial_id) >= self.best[0]
