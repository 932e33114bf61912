"""Successive halving: which trial a free worker evaluates next, and for how long."""

import inspect
import warnings
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
    eta, r_min, r_max : int
        Halving constant, and epochs of the first rung and of the last; see `Bracket`.
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
        The plan of a round; `K` and `rung_levels`, a list, are taken from it. `rounds` started.
    waiting : WaitingLine
        The trials that wait for a worker; `queue` is the same as a list, next first.
    rungs : dict of (int, int) to list of (Trial, float)
        The results of each rung, by round and rung level, in the order of arrival.
    all_observed_error_at_rungs : dict of int to list of (Trial, float)
        The results at each rung level, over all rounds, in the order of arrival.
    promoted : set of (int, int)
        ``(trial_id, rung level)`` of each trial that was promoted from that level.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, if `prefact` leaves no trial, or if ``max_epochs`` is a
        hyperparameter. A UserWarning if a round has more than 10,000 trials.

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

    resource = "max_epochs"
    smaller_rounds = "a smaller prefact, or a larger r_min or eta"  # in the words of a warning

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
        _warn_of_large_rounds(self)

    def suggest(self):
        """Return the next trial for a free worker.

        With ``overlap_rounds=False`` it may be ``None``: wait for a result, then ask again.
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
        """Receive a result, see `HPOScheduler.update`; promote the survivors of a full rung."""
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
        """Return a list of the best `n` trials at a rung level, best first.

        They are those of one round, or by default of all rounds together. ``nan`` and ``inf`` come
        last, equal errors in the order of their trials. A rung may hold fewer trials than `n`.
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


def _warn_of_large_rounds(scheduler):
    """Warn, at the line that makes the scheduler, if a round has more than 10,000 trials."""
    plan = scheduler.bracket
    if plan.n > 10_000:
        frame, level = inspect.currentframe().f_back, 2
        while frame.f_locals.get("self") is scheduler:  # the constructor, and that of a subclass
            frame, level = frame.f_back, level + 1
        cost = f"{plan.n:,} trials, {plan.evaluations:,} evaluations and {plan.epochs():,} epochs"
        change = f"For fewer, choose {scheduler.smaller_rounds}"
        warnings.warn(f"r_max={plan.r_max}: a round has {cost}. {change}", stacklevel=level)
