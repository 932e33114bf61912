"""Successive halving: which trial a free worker evaluates next, and for how long."""

import heapq
from collections import defaultdict, deque

from sh_teach.arguments import positive
from sh_teach.schedulers.base import HPOScheduler, rank
from sh_teach.schedulers.bracket import Bracket
from sh_teach.schedulers.trial import RESOURCE


class SuccessiveHalvingScheduler(HPOScheduler):
    """Successive halving, round after round, for any number of workers.

    A round evaluates ``n = int(prefact * eta**K)`` new configurations for `r_min` epochs and
    promotes the best ``n // eta`` of them to the next rung, and so on up to `r_max`. Each round
    has rungs of its own. A worker that asks while the rung is not full starts the next round, and
    what an older round still has to do always goes first.

    Parameters
    ----------
    searcher : HPOSearcher
        Where new configurations come from.
    eta : int
        Halving constant: one trial in `eta` survives a rung.
    r_min, r_max : int
        Resource, here epochs, of the first rung and of the last.
    prefact : float
        Scales the number of trials in a round.
    overlap_rounds : bool
        Whether a round may start before the one before is done. If not, `suggest` returns
        ``None`` until the rung is full.
    promote_when_certain : bool
        Whether a trial is promoted before its rung is full, as soon as no pending result can push
        it out of the survivors. The survivors are the same.

    Attributes
    ----------
    bracket : Bracket
        The plan of a round.
    K : int
        Number of promotions from the first rung to the last.
    rung_levels : list of int
        The resource at each rung.
    queue : list of Trial
        What waits to be evaluated, next first.
    all_observed_error_at_rungs : dict of int to list of (Trial, float)
        Everything observed at a rung level, over all rounds, as it came in.
    promoted : set of (int, int)
        ``(trial_id, rung level)`` of each trial that was promoted from that level.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, see `Bracket`, or if `prefact` leaves no trial.

    Examples
    --------
    >>> from sh_teach import RandomSearcher
    >>> searcher = RandomSearcher({"x": [1, 2, 3]}, seed=0)
    >>> scheduler = SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=2)
    >>> for error in 0.3, 0.2:
    ...     scheduler.update(scheduler.suggest(), error)
    >>> survivor = scheduler.suggest()
    >>> survivor.trial_id, survivor["max_epochs"]
    (1, 2)

    References
    ----------
    Karnin, Koren, Somekh: Almost optimal exploration in multi-armed bandits. ICML 2013.
    Jamieson, Talwalkar: Non-stochastic best arm identification and hyperparameter optimization.
    AISTATS 2016, arXiv 1502.07943.
    """

    def __init__(
        self,
        searcher,
        eta,
        r_min,
        r_max,
        prefact=1,
        overlap_rounds=True,
        promote_when_certain=False,
    ):
        super().__init__(searcher)
        bracket = Bracket(r_min, r_max, eta)
        n = int(positive("prefact", prefact) * bracket.n)
        if n < 1:
            raise ValueError(f"prefact={prefact!r}: no trial is left of eta**K={bracket.n}")
        self.bracket = Bracket(r_min, r_max, eta, n)
        self.brackets = [self.bracket]  # Hyperband goes through several in turn
        self.K = self.bracket.K
        self.rung_levels = list(self.bracket.levels)
        self.overlap_rounds = overlap_rounds
        self.promote_when_certain = promote_when_certain
        self.all_observed_error_at_rungs = defaultdict(list)
        self.promoted = set()
        self._observed = defaultdict(list)
        # The smallest rung first: of the oldest round the highest level, and there first come,
        # first served.
        self._waiting = defaultdict(deque)  # by (round, -level)
        self._rungs_waiting = []  # a heap of its keys
        self._rounds = 0

    @property
    def queue(self):
        """The trials that wait to be evaluated, next first."""
        return [trial for rung in sorted(self._waiting) for trial in self._waiting[rung]]

    def suggest(self):
        """Return the trial that a free worker shall evaluate.

        Returns
        -------
        Trial or None
            ``None`` only with ``overlap_rounds=False``: wait for a result, then ask again.
        """
        if not self._waiting:
            if self.pending and not self.overlap_rounds:
                return None
            self._start_round()
        rung = self._rungs_waiting[0]
        trial = self._waiting[rung].popleft()
        if not self._waiting[rung]:
            del self._waiting[heapq.heappop(self._rungs_waiting)]
        return self._hand_out(trial)

    def update(self, config, error, info=None):
        """Learn a result, and promote the survivors of a rung that is full.

        See `HPOScheduler.update` for parameters and errors.
        """
        trial, error = self._take_back(config, error, info)
        level, observed = trial[RESOURCE], (trial, error)
        self.all_observed_error_at_rungs[level].append(observed)
        self._observed[trial.round, level].append(observed)
        self._promote(trial.round, level)

    def get_top_n_configurations(self, rung_level, n, round=None):
        """Return the best trials of a rung, best first.

        Parameters
        ----------
        rung_level : int
            The rung's resource.
        n : int
            How many trials; fewer if the rung holds fewer.
        round : int, optional
            By default, all rounds together.

        Returns
        -------
        list of Trial
            ``nan`` and ``inf`` come last, equal errors in the order of their trials.
        """
        everything = self.all_observed_error_at_rungs.get(rung_level, [])
        rung = everything if round is None else self._observed.get((round, rung_level), [])
        return [trial for trial, _ in sorted(rung, key=rank)[:n]]

    def _bracket_of(self, round):
        return self.brackets[round % len(self.brackets)]

    def _start_round(self):
        bracket = self._bracket_of(self._rounds)
        resource = {RESOURCE: bracket.r_min}
        trials = [self._new_trial(self._rounds, **resource) for _ in range(bracket.n)]
        # Only now: had the searcher failed, half a round would wait for ever.
        self._rounds += 1
        for trial in trials:
            self._enqueue(trial)

    def _enqueue(self, trial):
        rung = trial.round, -trial[RESOURCE]
        if rung not in self._waiting:
            heapq.heappush(self._rungs_waiting, rung)
        self._waiting[rung].append(trial)

    def _promote(self, round, level):
        bracket = self._bracket_of(round)
        k = bracket.levels.index(level)
        missing = bracket.sizes[k] - len(self._observed[round, level])
        if k == bracket.K or (missing and not self.promote_when_certain):
            return
        # Each result that is still missing may push one more trial out.
        certain = max(0, bracket.sizes[k + 1] - missing)
        for trial in self.get_top_n_configurations(level, certain, round):
            if (trial.trial_id, level) not in self.promoted:
                self.promoted.add((trial.trial_id, level))
                self._enqueue(trial.promoted(bracket.levels[k + 1]))
