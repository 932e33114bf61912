"""You are the scheduler: somebody chooses what a free worker does, and learns what it cost."""

from sh_teach.schedulers.halving import SuccessiveHalvingScheduler
from sh_teach.schedulers.waiting import WaitingLine
from sh_teach.widgets.steps import YourTurn, record_steps


class ByHand(SuccessiveHalvingScheduler):
    """Successive halving, where somebody chooses what a free worker does.

    Parameters
    ----------
    searcher, eta, r_min, r_max
        As for `SuccessiveHalvingScheduler`.
    choices : sequence
        One for each time that a worker asks: ``"wait"``, ``"next round"``, or the round and rung
        level of a trial that waits.
    then_rule : bool
        Whether the usual rule decides after that. If not, `suggest` raises `YourTurn`.
    """

    def __init__(self, searcher, eta, r_min, r_max, choices=(), then_rule=False):
        super().__init__(searcher, eta, r_min, r_max)
        self._choices = iter(choices)
        self._then_rule = then_rule

    def options(self):
        """Return the choices that there are, that of the rule first."""
        waiting = dict.fromkeys((trial.round, trial["max_epochs"]) for trial in self.waiting)
        return [*waiting, "next round", *(["wait"] if self.pending else [])]

    def suggest(self):
        """Return the trial that was chosen, or ``None`` for ``"wait"``."""
        choice = next(self._choices, None)
        if choice is None:
            if self._then_rule:
                return super().suggest()
            raise YourTurn
        if choice not in self.options():
            raise ValueError(f"choices has {choice!r}: it must be one of {self.options()}")
        if choice == "wait":
            return None
        if choice == "next round":
            # While nothing waits, the usual rule starts a round.
            others, self.waiting = self.waiting, WaitingLine()
            trial = super().suggest()
            self.waiting.push(*others)
            return trial
        return self.start(self.waiting.take(choice))


class Game:
    """A run that somebody decides choice by choice, and what each choice costs.

    Parameters
    ----------
    curves : RecordedCurves
        What is trained.
    workers : int
        How many simulated workers.
    eta, r_min, r_max : int
        The bracket of each round.
    seed : int
        Fixes which configurations are drawn.

    Attributes
    ----------
    choices : list
        Those made so far; see `ByHand`.
    steps : list of Step
        The run up to the moment at which the next choice is due.
    result_at : float or None
        When round 0 had trained a trial to `r_max`; then the game is over.
    """

    def __init__(self, curves, workers=4, eta=2, r_min=2, r_max=8, seed=0):
        self._curves = curves
        self.workers = workers
        self._plan = dict(eta=eta, r_min=r_min, r_max=r_max)
        self._seed = seed
        self.choices = []
        self.by_rule = self._forecast([])
        self._replay()

    def _scheduler(self, choices, then_rule):
        searcher = self._curves.searcher(self._seed)
        return ByHand(searcher, **self._plan, choices=choices, then_rule=then_rule)

    def _replay(self):
        """Run the choices from the start: so taking one back is leaving it out."""
        self._now = self._scheduler(self.choices, then_rule=False)
        many = len(self.choices) + 1
        self.steps = record_steps(self._now, self.workers, self._curves, many)
        self.bracket = self._now.bracket
        self.result_at = _result_at(self.steps, self.bracket)

    def _forecast(self, choices):
        """Return when round 0 has its result if the rule decides after these choices."""
        scheduler = self._scheduler(choices, then_rule=True)
        enough = len(choices) + self.workers + 2 * scheduler.bracket.evaluations
        steps = record_steps(scheduler, self.workers, self._curves, enough)
        return _result_at(steps, scheduler.bracket)

    def _trials(self):
        if not self.steps:
            return []
        now = self.steps[-1]
        at_work = [e["trial"] for e in (*now.done, *now.running.values())]
        return [*now.waiting, *at_work]

    def options(self):
        """Return the choices that there are, by what they are called.

        Returns
        -------
        dict of str to (str or tuple)
            Empty when the game is over.
        """
        if self.result_at is not None:
            return {}
        first = {}
        for trial in self._now.queue:
            first.setdefault((trial.round, trial["max_epochs"]), trial.trial_id)
        names = {}
        for option in reversed(self._now.options()):
            if option == "wait":
                names["wait for the next result"] = option
            elif option == "next round":
                started = 1 + max((t.round for t in self._trials()), default=-1)
                names[f"start round {started}"] = option
            else:
                round, level = option
                names[f"train trial {first[option]} of round {round} to {level} epochs"] = option
        return names

    def choose(self, choice):
        """Carry out a choice.

        Parameters
        ----------
        choice : str or tuple
            One of the values of `options`.

        Returns
        -------
        str
            What it cost against the rule.
        """
        if choice not in self.options().values():
            raise ValueError(f"choice={choice!r}: it must be one of {self.options()}")
        rule = self._now.options()[0]
        before = self._forecast(self.choices)
        self.choices.append(choice)
        self._replay()
        late = self._forecast(self.choices) - before
        said = "As the rule has it." if choice == rule else "The rule would have chosen otherwise."
        if late > 0:
            return f"{said} The result of round 0 comes {late:.1f} s later for it."
        if late < 0:
            return f"{said} And yet the result of round 0 comes {-late:.1f} s earlier!"
        return said if choice == rule else f"{said} This time it delays nothing."

    def summary(self):
        """Return how the game ended, in words; empty while it goes on."""
        if self.result_at is None:
            return ""
        late = self.result_at - self.by_rule
        than = (
            "as by the rule"
            if abs(late) < 0.05
            else (f"{abs(late):.1f} s {'later' if late > 0 else 'earlier'} than by the rule")
        )
        evaluations = [*self.steps[-1].done, *self.steps[-1].running.values()]
        busy = sum(min(e["ends"], self.result_at) - e["started"] for e in evaluations)
        idle = max(0.0, 1 - busy / (self.workers * self.result_at))
        return (
            f"Round 0 has its result after {self.result_at:.1f} s, {than}. "
            f"Until then the workers idled {idle:.0%} of the time."
        )

    def take_back(self):
        """Undo the last choice, if there is one."""
        del self.choices[-1:]
        self._replay()


def _result_at(steps, bracket):
    for step in steps:
        if step.kind == "end":
            trial = step.done[-1]["trial"]
            if trial.round == 0 and trial["max_epochs"] == bracket.r_max:
                return step.time
    return None
