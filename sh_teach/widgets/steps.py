"""A simulated run as a list of steps: what the step-through of widgets.py shows, one by one."""

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

from sh_teach.arguments import integer
from sh_teach.running.simulated import SimulatedWorkers
from sh_teach.running.tuner import HPOTuner
from sh_teach.schedulers.base import rank


@dataclass(frozen=True)
class Step:
    """One event of a run, and how things stand after it.

    Attributes
    ----------
    kind : str
        ``"start"`` or ``"end"`` of an evaluation, or ``"wait"``: the scheduler had nothing.
    time : float
        Seconds on the simulated clock.
    sentence : str
        What happened, and why.
    waiting : list of Trial
        What waits to be evaluated, next first.
    running : dict of int to dict
        By worker, what it evaluates: ``trial``, ``worker``, ``started``, ``ends`` (seconds).
    done : list of dict
        The evaluations that have ended, in that order: the same with ``error``.
    promoted : list of Trial
        Whom this event promoted.
    """

    kind: str
    time: float
    sentence: str
    waiting: list
    running: dict
    done: list
    promoted: list = field(default_factory=list)

    def rungs(self):
        """Return what has been observed, best first, by round and rung level.

        Returns
        -------
        dict of (int, int) to list of (Trial, float)
        """
        rungs = {}
        for evaluation in self.done:
            trial = evaluation["trial"]
            rungs.setdefault((trial.round, trial["max_epochs"]), []).append(
                (trial, evaluation["error"])
            )
        return {rung: sorted(observed, key=rank) for rung, observed in sorted(rungs.items())}


def record_steps(scheduler, workers, curves, evaluations=None):
    """Simulate a run and take down each of its steps.

    Parameters
    ----------
    scheduler : SuccessiveHalvingScheduler
        A new one, or one like it: with `queue`, and with trials that know their round.
    workers : int
        How many simulated workers.
    curves : RecordedCurves
        Or anything with its `objective` and `runtime`.
    evaluations : int, optional
        How many results to show; by default those of two rounds.

    Returns
    -------
    list of Step

    Examples
    --------
    >>> from sh_teach import RecordedCurves, SuccessiveHalvingScheduler
    >>> curves = RecordedCurves.load()
    >>> scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), eta=2, r_min=1, r_max=2)
    >>> for step in record_steps(scheduler, 1, curves, evaluations=2)[:2]:
    ...     print(step.sentence)
    Worker 0 is free, and nothing waits: round 0 begins, trial 0 is trained to 1 epoch.
    Trial 0 has error 0.900 after 1 epoch: result 1 of 2 on its rung of round 0.
    """
    if evaluations is None:
        evaluations = 2 * scheduler.bracket.evaluations
    evaluations = integer("evaluations", evaluations, minimum=1)
    recorder = _Recorder(scheduler, workers, curves.runtime)
    tuner = HPOTuner(recorder, curves.objective, workers=recorder.workers, progress=False)
    try:
        # More than are shown: at the end of a run workers idle for want of evaluations.
        tuner.run(evaluations + recorder.workers.n)
    except YourTurn:
        return recorder.steps
    last = [i for i, step in enumerate(recorder.steps) if step.kind == "end"][evaluations - 1]
    return _next_first(recorder.steps[: last + 1])


def _next_first(steps):
    """Return the steps with what waits in the order in which it goes out, by what they did."""
    for before, step in pairwise(steps):
        if step.kind == "start" and len(before.waiting) > 1:
            started = set(step.running) - set(before.running)
            trial = step.running[started.pop()]["trial"]
            if trial == before.waiting[-1] and trial != before.waiting[0]:
                return [replace(step, waiting=step.waiting[::-1]) for step in steps]
    return steps


class YourTurn(Exception):
    """A scheduler raises it from `suggest` to end the list of steps here: somebody must choose."""


class _Recorder:
    """Stands between the tuner and its scheduler, and between it and the workers."""

    def __init__(self, scheduler, workers, runtime):
        self.scheduler = scheduler
        self.workers = _ObservedWorkers(workers, runtime, self)
        self.steps = []
        self._waiting = []  # before the call that is being taken down
        self._running = {}
        self._done = []
        self._latest = {}  # trial_id -> its latest error
        self._begun = set()  # rounds

    def suggest(self):
        self._waiting = self._queue()
        trial = self.scheduler.suggest()
        if trial is None:
            free = sorted(set(range(self.workers.n)) - self._running.keys())
            why = ", although something waits" if self._waiting else ": no rung is full"
            self._note("wait", f"Worker{'s' * (len(free) > 1)} {_and(free)} must wait{why}.")
        return trial

    def started(self, evaluation, ends):
        trial, worker = evaluation["config"], evaluation["worker"]
        times = dict(worker=worker, started=self.workers.now, ends=ends)
        self._running = self._running | {worker: dict(trial=trial.copy(), **times)}
        self._note("start", self._why(trial, worker))

    def update(self, config, error):
        # The trial that it may change in place is still as it was in `running`.
        worker = next(
            w for w, r in self._running.items() if r["trial"].trial_id == config.trial_id
        )
        before = {(trial.trial_id, trial["max_epochs"]) for trial in self._queue()}
        self.scheduler.update(config, error)
        self._latest[config.trial_id] = error
        ended = self._running[worker] | {"error": error}
        self._running = {w: r for w, r in self._running.items() if w != worker}
        self._done = [*self._done, ended]
        news = [t for t in self._queue() if (t.trial_id, t["max_epochs"]) not in before]
        promoted = sorted(news, key=lambda trial: rank((trial, self._latest[trial.trial_id])))
        self._note("end", self._result(ended["trial"], error, promoted), promoted)

    def _queue(self):
        return [trial.copy() for trial in self.scheduler.queue]

    def _note(self, kind, sentence, promoted=()):
        state = dict(waiting=self._queue(), running=self._running, done=self._done)
        step = Step(kind, self.workers.now, sentence, **state, promoted=list(promoted))
        self.steps.append(step)

    def _bracket(self, round):
        brackets = getattr(self.scheduler, "brackets", [self.scheduler.bracket])
        return brackets[round % len(brackets)]

    def _why(self, trial, worker):
        """Say why this trial went out, and which should have, if that is another one."""
        id, round, to = trial.trial_id, trial.round, f"to {_epochs(trial['max_epochs'])}"
        rightful = self._rightful(self._waiting or [trial, *self._queue()])
        turn = (
            f"By the rule it is the turn of trial {rightful.trial_id} of round {rightful.round}, "
            f"to {_epochs(rightful['max_epochs'])}."
        )
        right = rightful.trial_id == id
        if round not in self._begun:
            self._begun.add(round)
            nothing = "" if self._waiting else ", and nothing waits"
            begins = f"round {round} begins, trial {id} is trained {to}."
            begins = f"Worker {worker} is free{nothing}: {begins}"
            return begins if right else f"{begins} {turn}"
        gets = f"Worker {worker} is free and trains trial {id} of round {round} {to}"
        if not right:
            return f"{gets}. {turn}"
        if trial["max_epochs"] == self._bracket(round).r_min:
            return f"{gets}: first come, first served."
        return f"{gets}: the oldest round goes first, there the highest rung, and there the best."

    def _rightful(self, waiting):
        """Return which of those that wait goes out first where all promises are kept."""
        if getattr(self.scheduler, "promote_when_certain", False):
            return waiting[0]  # who was certain first, which is not always the best

        def turn(trial):
            return (
                trial.round,
                -trial["max_epochs"],
                *rank((trial, self._latest.get(trial.trial_id, 0))),
            )

        return min(waiting, key=turn)

    def _result(self, trial, error, promoted):
        """Say what a result means for its rung."""
        bracket, level = self._bracket(trial.round), trial["max_epochs"]
        k = bracket.levels.index(level)
        size = bracket.sizes[k]
        count = sum(
            e["trial"].round == trial.round and e["trial"]["max_epochs"] == level
            for e in self._done
        )
        what = f"error {error:.3f}" if math.isfinite(error) else "no finite error"
        said = f"Trial {trial.trial_id} has {what} after {_epochs(level)}"
        if k == bracket.K:
            return f"{said}: round {trial.round} has trained it to the end."
        said = f"{said}: result {count} of {size} on its rung of round {trial.round}."
        if not promoted:
            lost = " The rung is full, and yet nobody is promoted from it." * (count == size)
            return said + lost
        on = f"{_and(t.trial_id for t in promoted)} may go on to {_epochs(bracket.levels[k + 1])}"
        if {t.round for t in promoted} != {trial.round} or count != size:
            if getattr(self.scheduler, "promote_when_certain", False):
                return f"{said} No missing result can push it out any more: {on}."
            return f"{said} Results of several rounds are counted as one rung: {on}."
        return f"{said} The rung is full: {on}."


class _ObservedWorkers(SimulatedWorkers):
    """Simulated workers that tell when they start what, and until when it will take."""

    def __init__(self, n, runtime, recorder):
        super().__init__(n, runtime)
        self._recorder = recorder

    def start(self, evaluation, objective, arguments):
        super().start(evaluation, objective, arguments)
        self._recorder.started(evaluation, evaluation["ends"])


def _and(items):
    *most, last = map(str, items)
    return f"{', '.join(most)} and {last}" if most else last


def _epochs(number):
    return f"{number} epoch{'s' if number > 1 else ''}"
