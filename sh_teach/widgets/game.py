"""You are the scheduler: you choose what a free worker does, and see what each choice costs."""

import sys
from itertools import chain, repeat

from sh_teach.arguments import integer
from sh_teach.schedulers.bracket import Bracket
from sh_teach.schedulers.halving import SuccessiveHalvingScheduler
from sh_teach.schedulers.waiting import WaitingLine
from sh_teach.widgets.steps import YourTurn, check_has, record_steps


class ByChoice(SuccessiveHalvingScheduler):
    """Successive halving that follows given choices: each one of `options`, or ``"rule"``."""

    def __init__(self, searcher, eta, r_min, r_max, choices=()):
        super().__init__(searcher, eta, r_min, r_max)
        self._choices = iter(choices)

    def options(self):
        """Return a dict from names to choices, that of the rule last; a rung is a pair."""
        options = {"wait for the next result": "wait"} if self.pending else {}
        options[f"start round {self.rounds}"] = "next round"
        first = {(trial.round, trial["max_epochs"]): trial for trial in reversed(self.queue)}
        for (round, level), trial in first.items():
            name = f"train trial {trial.trial_id} of round {round} to {level} epochs"
            options[name] = round, level
        return options

    def over(self):
        """Return whether round 0 has its result."""
        return (0, self.r_max) in self.rungs

    def suggest(self):
        """Return the chosen trial, or ``None`` to wait; raise `YourTurn` if a choice is due.

        It is raised at the end of the game as well.
        """
        choice = next(self._choices, None)
        if choice is None or self.over():
            raise YourTurn
        if choice == "rule":
            return super().suggest()
        if choice == "wait":
            return None
        if choice == "next round":
            # While no trial waits, the usual rule starts a round.
            others, self.waiting = self.waiting, WaitingLine()
            trial = super().suggest()
            self.waiting.push(*others)
            return trial
        return self.start(self.waiting.take(choice))


class Game:
    """A run that is decided choice by choice, and what each choice costs."""

    def __init__(self, curves, workers=4, eta=2, r_min=2, r_max=8, seed=0):
        check_has("curves", curves, ("searcher",), "RecordedCurves.load()")
        self._curves, self._seed = curves, integer("seed", seed, minimum=0)
        self.workers = workers
        self.bracket = Bracket(r_min, r_max, eta)
        self.choices = []
        self._replay()
        self.by_rule = self._forecast  # `result_at` if all choices are those of the rule

    def _replay(self):
        """Run up to the next choice, and on to the result of round 0 as the rule decides."""
        self._now, self.steps = self._run(self.choices)
        _, by_rule = self._run(chain(self.choices, repeat("rule")))
        self._forecast = by_rule[-1].time
        self.result_at = self._forecast if self._now.over() else None  # only at the end

    def _run(self, choices):
        plan, searcher = self.bracket, self._curves.searcher(self._seed)
        scheduler = ByChoice(searcher, plan.eta, plan.r_min, plan.r_max, choices)
        return scheduler, record_steps(scheduler, self.workers, self._curves, sys.maxsize)

    def options(self):
        """Return the choices that there are, by name, that of the rule last; at the end, none."""
        return {} if self._now.over() else self._now.options()

    def choose(self, choice):
        """Carry out a choice, a value of `options`, and return in words what it costs."""
        choices = list(self.options().values())
        if choice not in choices:
            raise ValueError(f"choice={choice!r}: it must be one of {choices}")
        before = self._forecast
        self.choices.append(choice)
        self._replay()
        late = self._forecast - before
        by_rule = choice == choices[-1]
        said = "This is the choice of the rule." if by_rule else "The rule would choose otherwise."
        if late > 0:
            return f"{said} The result of round 0 arrives {late:.1f} s later."
        if late < 0:
            return f"{said} And yet the result of round 0 arrives {-late:.1f} s earlier!"
        return said if by_rule else f"{said} This time it delays nothing."

    def summary(self):
        """Return how the game ended, in words; empty before the end."""
        if self.result_at is None:
            return ""
        late = self.result_at - self.by_rule
        than = f"{abs(late):.1f} s {'later' if late > 0 else 'earlier'} than by the rule"
        if abs(late) < 0.05:
            than = "as by the rule"
        evaluations = self.steps[-1].evaluations()
        busy = sum(min(e.ends, self.result_at) - e.started for e in evaluations)
        idle = max(0.0, 1 - busy / (self.workers * self.result_at))
        return (
            f"Round 0 has its result after {self.result_at:.1f} s, {than}. "
            f"Until then the workers were idle {idle:.0%} of the time."
        )

    def undo(self):
        """Undo the last choice, if there is one."""
        del self.choices[-1:]
        self._replay()
