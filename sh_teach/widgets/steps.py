"""A simulated run as a list of steps, each with a sentence that says what happened, and why."""

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

from sh_teach.arguments import integer
from sh_teach.running.history import observe
from sh_teach.schedulers.base import rank
from sh_teach.words import listing, plural


@dataclass(frozen=True)
class Step:
    """An event of a run, and the state after it."""

    kind: str = ""  # "start" or "end" of an evaluation, or "wait": nothing was suggested
    time: float = 0.0  # seconds on the simulated clock
    sentence: str = ""  # what happened, and why
    waiting: list = field(default_factory=list)  # trials in the queue, next first
    running: dict = field(default_factory=dict)  # worker -> dict(trial, worker, started, ends)
    done: list = field(default_factory=list)  # the same, in the order of their ends, with error
    promoted: list = field(default_factory=list)  # trials that this event promoted

    def rungs(self):
        """Return a list of (trial, error), best first, for each (round, level), in their order."""
        rungs = {}
        for evaluation in self.done:
            trial, error = evaluation["trial"], evaluation["error"]
            rungs.setdefault((trial.round, trial["max_epochs"]), []).append((trial, error))
        return {rung: sorted(observed, key=rank) for rung, observed in sorted(rungs.items())}

    def started(self):
        """Return the trials of all evaluations, those that run last."""
        return [evaluation["trial"] for evaluation in (*self.done, *self.running.values())]


def record_steps(scheduler, workers, curves, evaluations=None):
    """Simulate a run and take down each of its steps.

    Parameters
    ----------
    scheduler : SuccessiveHalvingScheduler
        A new one, or one like it: with `queue` and `bracket`, and trials that know their round.
    workers : int
        How many simulated workers.
    curves : RecordedCurves
        Or anything with its `objective` and `runtime`.
    evaluations : int, optional
        How many results to show; by default those of two rounds.

    Returns
    -------
    list of Step

    Raises
    ------
    TypeError
        If the scheduler has no `queue` or no `bracket`.
    ValueError
        If the scheduler has been used before, or if `evaluations` is below 1.

    Examples
    --------
    >>> from sh_teach import RecordedCurves, SuccessiveHalvingScheduler
    >>> curves = RecordedCurves.load()
    >>> scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), eta=2, r_min=1, r_max=2)
    >>> for step in record_steps(scheduler, 1, curves, evaluations=2)[:2]:
    ...     print(step.sentence)
    Worker 0 is free, and no trial waits: round 0 starts, and trial 0 is trained to 1 epoch.
    Trial 0 has error 0.900 after 1 epoch: result 1 of 2 on its rung of round 0.
    """
    for name in ("queue", "bracket"):
        if not hasattr(scheduler, name):
            raise TypeError(f"scheduler: {type(scheduler).__name__} has no {name} to be shown")
    if getattr(scheduler, "trials", 0):
        raise ValueError("scheduler: it has been used before; make a new one in the same cell")
    if evaluations is None:
        evaluations = sum(plan_of(scheduler, round).evaluations for round in (0, 1))
    evaluations = integer("evaluations", evaluations, minimum=1)
    workers = integer("workers", workers, minimum=1)
    pool = dict(n=workers, runtime=curves.runtime)
    # More than are shown: at the end of a run workers idle for want of evaluations.
    history = observe(scheduler, curves.objective, evaluations + workers, until=YourTurn, **pool)
    steps, before = [], Step()
    for event in history.events:
        step = _state_after(event, before)
        sentence = _sentence(scheduler, workers, before, event, step)
        steps.append(replace(step, sentence=sentence))
        before = step
    if history.stopped:
        return steps
    last = [i for i, step in enumerate(steps) if step.kind == "end"][evaluations - 1]
    return _next_first(steps[: last + 1])


def plan_of(scheduler, round):
    """Return the bracket of a round; a student's scheduler may have one for all."""
    if hasattr(scheduler, "bracket_of"):
        return scheduler.bracket_of(round)
    return scheduler.bracket


class YourTurn(Exception):
    """A scheduler raises it from `suggest` to end the list of steps: a choice is due."""


def _next_first(steps):
    """Return the steps with each queue in the order of service; its end may be served first."""
    for before, step in pairwise(steps):
        if step.kind == "start" and before.waiting:
            trial = step.started()[-1]
            if trial == before.waiting[-1] and trial != before.waiting[0]:
                return [replace(step, waiting=step.waiting[::-1]) for step in steps]
    return steps


def _state_after(event, before):
    running, done, promoted = dict(before.running), before.done, []
    if event.kind == "start":
        evaluation = dict(trial=event.trial, worker=event.worker)
        running[event.worker] = evaluation | dict(started=event.time, ends=event.ends)
    elif event.kind == "end":
        done = [*done, running.pop(event.worker) | {"error": event.error}]
        latest = _latest_errors(done)
        waited = {trial.trial_id for trial in before.waiting}
        new = [t for t in event.waiting if t.trial_id in latest and t.trial_id not in waited]
        promoted = sorted(new, key=lambda trial: rank((trial, latest[trial.trial_id])))
    state = dict(waiting=list(event.waiting), running=running, done=done, promoted=promoted)
    return Step(event.kind, event.time, **state)


def _latest_errors(done):
    return {evaluation["trial"].trial_id: evaluation["error"] for evaluation in done}


def _sentence(scheduler, workers, before, event, after):
    if event.kind == "start":
        return _why(scheduler, before, event)
    if event.kind == "end":
        return _result(scheduler, event, after)
    free = [worker for worker in range(workers) if worker not in before.running]
    why = ", although a trial waits" if before.waiting else ": no rung is full"
    return f"Worker{'s' if len(free) > 1 else ''} {listing(free)} must wait{why}."


def _why(scheduler, before, event):
    """Say why this trial starts, and which trial should, if that is another one."""
    trial, round = event.trial, event.trial.round
    to = f"to {plural(trial['max_epochs'], 'epoch')}"
    said = f"Worker {event.worker} is free and trains trial {trial.trial_id} of round {round} {to}"
    new_round = round not in {started.round for started in before.started()}
    if new_round:
        nothing = "" if before.waiting else ", and no trial waits"
        starts = f"round {round} starts, and trial {trial.trial_id} is trained {to}"
        said = f"Worker {event.worker} is free{nothing}: {starts}"
    due = _due(scheduler, before.waiting or [trial, *event.waiting], before.done)
    if due.trial_id != trial.trial_id:
        turn = f"By the rule it is the turn of trial {due.trial_id} of round {due.round}"
        return f"{said}. {turn}, to {plural(due['max_epochs'], 'epoch')}."
    if new_round:
        return f"{said}."
    if trial["max_epochs"] == plan_of(scheduler, round).r_min:
        return f"{said}: first come, first served."
    return f"{said}: the oldest round goes first, there the highest rung, and there the best."


def _due(scheduler, waiting, done):
    """Return the waiting trial that starts next where all rules are kept."""
    if getattr(scheduler, "promote_when_certain", False):
        return waiting[0]  # the first that was certain, which is not always the best
    latest = _latest_errors(done)

    def turn(trial):
        error = latest.get(trial.trial_id, 0)
        return trial.round, -trial["max_epochs"], *rank((trial, error))

    return min(waiting, key=turn)


def _result(scheduler, event, after):
    """Say what a result means for its rung."""
    trial, level = event.trial, event.trial["max_epochs"]
    plan = plan_of(scheduler, trial.round)
    k = plan.levels.index(level)
    count, size = len(after.rungs()[trial.round, level]), plan.sizes[k]
    error = f"error {event.error:.3f}" if math.isfinite(event.error) else "no finite error"
    said = f"Trial {trial.trial_id} has {error} after {plural(level, 'epoch')}"
    if k == plan.K:
        return f"{said}: this is the last rung of round {trial.round}."
    said = f"{said}: result {count} of {size} on its rung of round {trial.round}."
    if not after.promoted:
        nothing = " The rung is full, but no trial is promoted from it."
        return said + nothing if count == size else said
    ids = listing(promoted.trial_id for promoted in after.promoted)
    trials_are = f"trial {ids} is" if len(after.promoted) == 1 else f"trials {ids} are"
    news = f"{trials_are} promoted to {plan.levels[k + 1]} epochs."
    if count == size and {promoted.round for promoted in after.promoted} == {trial.round}:
        return f"{said} The rung is full: {news}"
    if getattr(scheduler, "promote_when_certain", False):
        return f"{said} Before the rung is full, this is certain: {news}"
    return f"{said} Results of several rounds are counted as one rung: {news}"
