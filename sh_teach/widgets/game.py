"""You are the scheduler: you choose what a free worker does, and see what each choice costs."""

import sys

from sh_teach.arguments import integer
from sh_teach.schedulers.bracket import Bracket
from sh_teach.schedulers.halving import SuccessiveHalvingScheduler
from sh_teach.schedulers.waiting import WaitingLine
from sh_teach.widgets.steps import Over, Step, check_has, record_steps


class ByChoice(SuccessiveHalvingScheduler):
    """Successive halving by given choices, see `Game.options`, then by its rule; for one round."""

    def __init__(self, searcher, eta, r_min, r_max, choices=()):
        super().__init__(searcher, eta, r_min, r_max)
        self._choices = iter(choices)

    def suggest(self):
        """Return the chosen trial, or ``None`` to wait; raise `Over` if round 0 has its result."""
        if (0, self.r_max) in self.rungs:
            raise Over
        if (choice := next(self._choices, "rule")) == "rule":
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
        self.by_rule = self.result_at

    def _replay(self):
        """Run by the choices and then by the rule, and keep the steps up to the next choice."""
        plan, searcher = self.bracket, self._curves.searcher(self._seed)
        scheduler = ByChoice(searcher, plan.eta, plan.r_min, plan.r_max, self.choices)
        run = record_steps(scheduler, self.workers, self._curves, sys.maxsize)
        suggested = [i for i, step in enumerate(run) if step.kind != "end"]
        self.over = len(suggested) == len(self.choices)
        self.steps = run if self.over else run[: suggested[len(self.choices)]]
        self.result_at = run[-1].time  # if from now on all choices are those of the rule

    @property
    def step(self):
        """The latest step, or that before the first."""
        return self.steps[-1] if self.steps else Step("", 0.0)

    def options(self):
        """Return a dict from names to choices, that of the rule last; a rung is a pair."""
        if self.over:
            return {}
        options = {"wait for the next result": "wait"} if self.step.running else {}
        options[f"start round {self.step.rounds()}"] = "next round"
        first = {(trial.round, trial["max_epochs"]): trial for trial in self.step.waiting[::-1]}
        for (round, level), trial in first.items():
            name = f"train trial {trial.trial_id} of round {round} to {level} epochs"
            options[name] = round, level
        return options

    def choose(self, choice):
        """Carry out a choice, a value of `options`, and return in words what it costs."""
        choices = list(self.options().values())
        if choice not in choices:
            raise ValueError(f"choice={choice!r}: it must be one of {choices}")
        before = self.result_at
        self.choices.append(choice)
        self._replay()
        late = self.result_at - before
        by_rule = choice == choices[-1]
        said = "This is the choice of the rule." if by_rule else "The rule would choose otherwise."
        if late > 0:
            return f"{said} The result of round 0 arrives {late:.1f} s later."
        if late < 0:
            return f"{said} And yet the result of round 0 arrives {-late:.1f} s earlier!"
        return said if by_rule else f"{said} This time it delays nothing."

    def summary(self):
        """Return how the game ended, in words; empty before the end."""
        if not self.over:
            return ""
        late = self.result_at - self.by_rule
        than = f"{abs(late):.1f} s {'later' if late > 0 else 'earlier'} than by the rule"
        if abs(late) < 0.05:
            than = "as by the rule"
        busy = sum(min(e.ends, self.result_at) - e.started for e in self.step.evaluations())
        idle = max(0.0, 1 - busy / (self.workers * self.result_at))
        return (
            f"Round 0 has its result after {self.result_at:.1f} s, {than}. "
            f"Until then the workers were idle {idle:.0%} of the time."
        )

    def undo(self):
        """Undo the last choice, if there is one, and say so."""
        del self.choices[-1:]
        self._replay()
        return "The last choice is undone."
