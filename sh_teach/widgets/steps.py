"""A simulated run as a list of steps, each with a sentence that says what happened, and why."""

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

from sh_teach.arguments import integer
from sh_teach.running.history import Event, observe
from sh_teach.schedulers.base import rank
from sh_teach.words import listing, plural

MOST_EVALUATIONS = 500  # of two rounds, which somebody will step through


@dataclass(frozen=True)
class Step(Event):
    """An event of a run, the state after it, and a sentence."""

    sentence: str = ""  # what happened, and why
    running: dict = field(default_factory=dict)  # worker -> the start of its evaluation
    done: tuple = ()  # the ends of evaluations, in their order
    promoted: tuple = ()  # trials that this event promoted, best first

    def evaluations(self):
        """Return an event for each evaluation: those that have ended, then those that run."""
        return [*self.done, *self.running.values()]

    def rounds(self):
        """Return how many rounds have started."""
        trials = [*self.waiting, *(event.trial for event in self.evaluations())]
        return 1 + max((trial.round for trial in trials), default=-1)

    def rungs(self):
        """Return a list of (trial, error), best first, for each (round, level), in their order."""
        rungs = {}
        for end in self.done:
            rung = end.trial.round, end.trial["max_epochs"]
            rungs.setdefault(rung, []).append((end.trial, end.error))
        return {rung: sorted(observed, key=rank) for rung, observed in sorted(rungs.items())}

    def latest_errors(self):
        """Return the latest error of each trial that has one, by its number."""
        return {end.trial.trial_id: end.error for end in self.done}


def record_steps(scheduler, workers, curves, evaluations=None):
    """Simulate a run of a new scheduler and return its steps, by default those of two rounds.

    Of one's own, a scheduler needs `queue`, `bracket`, and trials that know their round; curves
    need `objective` and `runtime`. Raises a TypeError or ValueError that names what does not fit.
    """
    check_has("scheduler", scheduler, ("queue", "bracket"), "a new SuccessiveHalvingScheduler")
    check_has("curves", curves, ("objective", "runtime"), "RecordedCurves.load()")
    workers = integer("workers", workers, minimum=1)
    if getattr(scheduler, "trials", 0):
        raise ValueError("scheduler: it has been used before; make a new one in the same cell")
    plan_of = plans(scheduler)
    r_max = plan_of(0).r_max
    if r_max > getattr(curves, "r_max", math.inf):
        raise ValueError(f"r_max={r_max}: {curves.r_max} epochs were recorded, no more")
    if evaluations is None:
        evaluations = plan_of(0).evaluations + plan_of(1).evaluations
        if evaluations > MOST_EVALUATIONS:
            why = f"and at most {MOST_EVALUATIONS} are shown; choose a smaller r_max or prefact"
            raise ValueError(f"scheduler: two rounds are {evaluations:,} evaluations, {why}")
    evaluations = integer("evaluations", evaluations, minimum=1)
    pool = dict(n=workers, runtime=curves.runtime, until=Over)
    # More than are shown: at the end of a run workers idle for want of evaluations.
    events, over = observe(scheduler, curves.objective, evaluations + workers, **pool)
    steps = []
    for event in events:
        if event.trial and event.trial.round is None:
            raise TypeError("scheduler: it suggests plain dicts; make trials with its new_trial()")
        step = _state_after(event, steps[-1] if steps else Step("", 0.0))
        steps.append(replace(step, sentence=_sentence(scheduler, workers, step)))
        if event.kind == "end" and len(step.done) == evaluations:
            break
    return steps if over else _next_first(steps)


class Over(Exception):
    """A scheduler raises it from `suggest` to end the list of steps."""


def check_has(name, thing, attributes, instead):
    """Raise a TypeError if an argument is a class, or lacks an attribute that is needed."""
    if isinstance(thing, type):
        raise TypeError(f"{name}: it is the class {thing.__name__}; pass {instead}")
    for attribute in attributes:
        if not hasattr(thing, attribute):
            lacks = f"{type(thing).__name__} has no {attribute}"
            raise TypeError(f"{name}: {lacks}; pass {instead}, or something like it")


def plans(scheduler):
    """Return a function from a round to its bracket, of which a scheduler may have only one."""
    return getattr(scheduler, "bracket_of", lambda round: scheduler.bracket)


def _next_first(steps):
    """Return the steps with each queue in the order of service; its end may be served first."""
    for before, step in pairwise(steps):
        first, last = before.waiting[:1], before.waiting[-1:]
        if step.kind == "start" and (step.trial,) == last != first:
            return [replace(step, waiting=step.waiting[::-1]) for step in steps]
    return steps


def _state_after(event, before):
    done = (*before.done, event) if event.kind == "end" else before.done
    running = {worker: start for worker, start in before.running.items() if worker != event.worker}
    if event.kind == "start":
        running[event.worker] = event
    step = Step(**vars(event), running=running, done=done)
    errors, waited = step.latest_errors(), {trial.trial_id for trial in before.waiting}
    new = [(t, errors[t.trial_id]) for t in event.waiting if t.trial_id in errors.keys() - waited]
    return replace(step, promoted=tuple(trial for trial, _ in sorted(new, key=rank)))


def _sentence(scheduler, workers, step):
    if step.kind == "wait":
        free = [worker for worker in range(workers) if worker not in step.running]
        why = ", although a trial waits" if step.waiting else ": no rung is full"
        return f"Worker{'s' if len(free) > 1 else ''} {listing(free)} must wait{why}."
    event = str(step)
    explain = _why_it_starts if step.kind == "start" else _what_it_means
    return f"{event[0].upper()}{event[1:]}{explain(scheduler, step)}"


def _why_it_starts(scheduler, step):
    """Return why this trial starts, and which trial should, if that is another one."""
    errors = step.latest_errors()

    def turn(trial):
        place = trial.round, -trial["max_epochs"]
        if getattr(scheduler, "promote_when_certain", False):
            return place  # first come, first served: the first that was certain need not be best
        return *place, *rank((trial, errors.get(trial.trial_id, 0)))

    trial, due = step.trial, min((step.trial, *step.waiting), key=turn)
    if due.trial_id != trial.trial_id:
        rule = f"By the rule it is the turn of trial {due.trial_id} of round {due.round}"
        return f". {rule}, to {plural(due['max_epochs'], 'epoch')}."
    if trial["max_epochs"] > plans(scheduler)(trial.round).r_min:
        return ": the oldest round goes first, there the highest rung, and there the best."
    if [event.trial.round for event in step.evaluations()].count(trial.round) == 1:
        return f": no trial waits, so round {trial.round} starts."
    return ": first come, first served."


def _what_it_means(scheduler, step):
    """Return what a result means for its rung."""
    round, level = step.trial.round, step.trial["max_epochs"]
    plan = plans(scheduler)(round)
    if (k := plan.levels.index(level)) == plan.K:
        return ": this is the last rung."
    count, size = len(step.rungs()[round, level]), plan.sizes[k]
    said = f": result {count} of {size} on its rung."
    if not step.promoted:
        nothing = " The rung is full, but no trial is promoted from it."
        return said + nothing if count == size else said
    ids = listing(trial.trial_id for trial in step.promoted)
    trials_are = f"trial {ids} is" if len(step.promoted) == 1 else f"trials {ids} are"
    if count == size and {trial.round for trial in step.promoted} == {round}:
        why = "The rung is full"
    elif getattr(scheduler, "promote_when_certain", False):
        why = "Before the rung is full, this is certain"
    else:
        why = "Results of several rounds are counted as one rung"
    return f"{said} {why}: {trials_are} promoted to {plan.levels[k + 1]} epochs."
