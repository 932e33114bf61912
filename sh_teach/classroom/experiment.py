"""Small experiments on a student's scheduler, and the facts that its rules are checked by."""

import math
import random
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product

from sh_teach.classroom.student_code import Stopped, guarded
from sh_teach.running.history import observe
from sh_teach.schedulers.base import rank
from sh_teach.schedulers.bracket import Bracket
from sh_teach.schedulers.searchers import HPOSearcher
from sh_teach.schedulers.trial import Trial
from sh_teach.words import listing, plural


@dataclass(frozen=True)
class Experiment:
    """A bracket, simulated workers and a kind of errors to try a scheduler on."""

    bracket: Bracket
    workers: int = 1
    errors: str = "distinct"  # or "equal", "nan"; see `error`
    seed: int = 0
    rounds: int = 3

    def error(self, draw, max_epochs):
        """Return the error of a configuration, by the number of its draw."""
        rng = random.Random(f"{self.seed} {draw} {max_epochs}")
        number = rng.randrange(10, 90) / 100
        # Higher up, the order of the draws and that of arrival differ, and both are sensible.
        if self.errors == "equal" and max_epochs == self.bracket.r_min:
            return rng.choice([0.3, 0.5])
        if self.errors == "nan":
            return rng.choice([number, number, math.nan, math.inf])
        # No two are equal, and two digits tell them apart as long as there are few.
        return round(number + 1e-6 * draw, 6)

    def runtime(self, config, r_from, r_to):
        """Return whole seconds, so that they read well, and so that some end together."""
        return random.Random(f"runtime {self.seed} {config['draw']} {r_to}").randint(1, 3)

    def run(self, make_scheduler):
        """Return the `Observation` of a new scheduler."""
        scheduler = GuardedScheduler(make_scheduler, self.bracket)
        evaluations = self.rounds * self.bracket.evaluations
        simulated = dict(n=self.workers, runtime=self.runtime, resume=False)
        events, stopped = observe(scheduler, self.error, evaluations, until=Stopped, **simulated)
        return Observation(self, events, stopped, scheduler.changed_dict())

    def __str__(self):
        plan, workers = self.bracket, plural(self.workers, "worker")
        return f"eta {plan.eta}, from {plan.r_min} to {plan.r_max} epochs, {workers}"


class Numbers(HPOSearcher):
    """A searcher whose configurations are numbers, so that every trial is known by its draw."""

    def __init__(self):
        self.proposed = []

    def sample_configuration(self):
        """Return the next number, as ``{"draw": number}``."""
        self.proposed.append({"draw": len(self.proposed)})
        return self.proposed[-1]


class GuardedScheduler:
    """A student's scheduler for the tuner: each call returns something valid or is `Stopped`."""

    def __init__(self, make_scheduler, bracket):
        self.bracket, self.searcher = bracket, Numbers()
        settings = bracket.eta, bracket.r_min, bracket.r_max
        self._make_scheduler = partial(make_scheduler, self.searcher, *settings)
        self.own = {}  # the dicts that the student's scheduler suggested, by trial id and level
        self._running = 0
        self._lent = []  # the dicts passed to update(), each with its name and a copy from before

    @cached_property
    def _scheduler(self):
        call = "make_scheduler(searcher, eta, r_min, r_max)"
        if (made := guarded(call, self._make_scheduler)) is None:
            raise Stopped(f"{call} returned None: it must return a scheduler.")
        return made

    def _call(self, name, *arguments):
        if not hasattr(self._scheduler, name):
            raise Stopped(f"The scheduler has no method {name}() yet.", True)
        return guarded(f"{name}()", getattr(self._scheduler, name), *arguments)

    def suggest(self):
        """Return the student's suggestion as a trial, or ``None``."""
        if (own := self._call("suggest")) is None:
            if self._running == 0:
                why = "suggest() returned None although no evaluation is running."
                raise Stopped(why, unwritten=not self.own)
            return None
        if not isinstance(own, dict) or own.keys() != {"draw", "max_epochs"}:
            raise Stopped(
                f"suggest() returned {own!r}. It must return a dict with what the searcher "
                f"proposed, here draw, with max_epochs, and with nothing else."
            )
        draw, level = own["draw"], own["max_epochs"]
        if level not in self.bracket.levels:
            levels = listing(self.bracket.levels)
            raise Stopped(f"suggest() asked for {level!r} epochs. The rung levels are {levels}.")
        if not isinstance(draw, int) or not 0 <= draw < len(self.searcher.proposed):
            raise Stopped(f"suggest() returned {own!r}, which the searcher never proposed.")
        self._running += 1
        self.own[draw, level] = own
        return Trial(own, draw, draw // self.bracket.n)

    def update(self, trial, error):
        """Report a result to the student's scheduler, with its own dict."""
        own = self.own[trial.trial_id, trial["max_epochs"]]
        self._lent.append(("dict passed to update()", own, dict(own)))
        self._running -= 1
        self._call("update", own, error)

    def changed_dict(self):
        """Return in words which dict the scheduler changed though it is not its own, if any."""
        initial = [("initial configuration", c, {"draw": 0}) for c in self.searcher.proposed[:1]]
        for name, now, then in initial + self._lent:
            if now != then:
                return f"The {name}, {then}, has become {dict(now)}."
        return None


class Rung:
    """A rung of a round: its results, and which trials survive. Events go by their index."""

    def __init__(self, round, k, bracket):
        self.round = round
        self.level, self.size = bracket.levels[k], bracket.sizes[k]
        self.above, self.places = (*bracket.levels, None)[k + 1], (*bracket.sizes, 0)[k + 1]
        self.results = {}  # trial id -> event, in the order of arrival
        self.errors = {}  # trial id -> error, inf for nan
        self.certain = {}  # trial id -> event since which the trial is sure to survive
        self.filled = None  # the event that filled the rung
        self.best = []  # trial ids of the survivors, once the rung is full
        self.promoted = {}  # trial id -> event with which the trial starts on the next rung

    def add(self, i, event):
        """Add a result. Equal errors keep their order: they occur with one worker only."""
        self.results[event.trial.trial_id] = i
        self.errors[event.trial.trial_id], _ = rank((event.trial, event.error))
        missing = self.size - len(self.results)
        if 0 <= missing < self.places:
            sure = sorted(self.errors, key=self.errors.get)[: self.places - missing]
            self.certain = dict.fromkeys(sure, i) | self.certain
            if missing == 0:
                self.filled, self.best = i, sure


@dataclass(frozen=True)
class Observation:
    """What a scheduler did in an experiment, and the rungs that follow, computed once."""

    experiment: Experiment
    events: list
    stopped: Stopped | None
    changed: str | None  # which dict was changed

    def starts(self):
        """Return the index and the trial of each event that starts an evaluation."""
        return [(i, event.trial) for i, event in enumerate(self.events) if event.kind == "start"]

    @cached_property
    def rungs(self):
        """A `Rung` for each round and level that the bracket has, up to the latest round."""
        bracket = self.experiment.bracket
        latest = max((event.trial.round for event in self.events if event.trial), default=-1)
        pairs = product(range(latest + 1), range(bracket.K + 1))
        rungs = {(round, k): Rung(round, k, bracket) for round, k in pairs}
        for i, event in enumerate(self.events):
            if event.kind == "wait":
                continue
            k = bracket.levels.index(event.trial["max_epochs"])
            if event.kind == "end":
                rungs[event.trial.round, k].add(i, event)
            elif k > 0:
                rungs[event.trial.round, k - 1].promoted.setdefault(event.trial.trial_id, i)
        return list(rungs.values())
