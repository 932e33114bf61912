"""Successive halving: which trial a free worker evaluates next, and for how long."""

from collections import defaultdict

from sh_teach.schedulers.base import HPOScheduler, rank
from sh_teach.schedulers.bracket import Bracket
from sh_teach.schedulers.waiting import WaitingLine


class SuccessiveHalvingScheduler(HPOScheduler):
    """Successive halving, round after round, for any number of workers.

    A round evaluates ``n = int(prefact * eta**K)`` new configurations for `r_min` epochs and
    promotes the best ``n // eta`` of them to the next rung, and so on up to `r_max`. Each round
    has rungs of its own. A worker that asks while the rung is not full starts the next round, and
    work of an older round always starts first.

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
        Whether a round may start before the previous one has finished. If not, `suggest` returns
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
    rounds : int
        How many rounds have started.
    waiting : WaitingLine
        The trials that wait for a worker; `queue` is the same as a list.
    rungs : dict of (int, int) to list of (Trial, float)
        The results of each rung, by round and rung level, in the order of arrival.
    all_observed_error_at_rungs : dict of int to list of (Trial, float)
        The results at each rung level, over all rounds, in the order of arrival.
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
        self.bracket = Bracket(r_min, r_max, eta).scaled(prefact)
        self.eta, self.r_min, self.r_max = eta, r_min, r_max
        self.K = self.bracket.K
        self.rung_levels = list(self.bracket.levels)
        self.prefact = float(prefact)
        self.overlap_rounds = overlap_rounds
        self.promote_when_certain = promote_when_certain
        self.rounds = 0
        self.waiting = WaitingLine()
        self.rungs = defaultdict(list)
        self.all_observed_error_at_rungs = defaultdict(list)
        self.promoted = set()

    def suggest(self):
        """Return the next trial for a free worker.

        Returns
        -------
        Trial or None
            ``None`` only with ``overlap_rounds=False``: wait for a result, then ask again.
        """
        if not self.waiting:
            if self.pending and not self.overlap_rounds:
                return None
            plan = self.bracket_of(self.rounds)
            trials = [self.new_trial(self.rounds, max_epochs=plan.r_min) for _ in range(plan.n)]
            self.waiting.push(*trials)
            self.rounds += 1
        return self.start(self.waiting.pop())

    def update(self, config, error, info=None):
        """Receive a result, and promote the survivors of a rung that is full.

        See `HPOScheduler.update` for parameters and errors.
        """
        trial, error = self.finish(config, error, info)
        level, plan = trial["max_epochs"], self.bracket_of(trial.round)
        rung, observed = self.rungs[trial.round, level], (trial, error)
        rung.append(observed)
        self.all_observed_error_at_rungs[level].append(observed)
        k = plan.levels.index(level)
        missing = plan.sizes[k] - len(rung)
        if k < plan.K and (missing == 0 or self.promote_when_certain):
            # Each missing result may still push one trial out of the survivors.
            certain = max(0, plan.sizes[k + 1] - missing)
            for survivor in self.get_top_n_configurations(level, certain, trial.round):
                if (survivor.trial_id, level) not in self.promoted:
                    self.promoted.add((survivor.trial_id, level))
                    self.waiting.push(survivor.promoted(plan.levels[k + 1]))

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
        rung = everything if round is None else self.rungs.get((round, rung_level), [])
        return [trial for trial, _ in sorted(rung, key=rank)[:n]]

    def bracket_of(self, round):
        """Return the plan of a round: here the same one for all."""
        return self.bracket

    @property
    def queue(self):
        """The trials that wait to be evaluated, next first."""
        return list(self.waiting)
