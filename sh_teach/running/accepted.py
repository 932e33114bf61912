"""What the tuner accepts: a scheduler, an objective that fits it, and the objective's answers."""

import inspect
import math

from sh_teach.arguments import error_value
from sh_teach.schedulers.base import HPOScheduler
from sh_teach.words import listing, plural


def check_kinds(scheduler, objective):
    """Raise a TypeError unless there is something that suggests, and something to call."""
    if lacking := _lacking(scheduler):
        advice = "Pass an object that has both"
        if not _lacking(objective):
            advice = "The order is HPOTuner(scheduler, objective)"
        elif isinstance(scheduler, type):
            advice = f"This is a class. Make an object of it: {scheduler.__name__}(...)"
        elif hasattr(scheduler, "sample_configuration"):
            advice = "This is a searcher. Pass a scheduler, such as BasicScheduler(searcher)"
        raise TypeError(f"scheduler={scheduler!r}: it has no {listing(lacking)}. {advice}")
    if not callable(objective):
        kind = type(objective).__name__
        advice = "Pass the function itself: objective, and not objective(...)"
        raise TypeError(f"objective={objective!r}: it must be a function, not {kind}. {advice}")


def _lacking(scheduler):
    """Return which methods of a scheduler cannot be called; of a class, all."""
    of = None if isinstance(scheduler, type) else scheduler
    return [f"{name}()" for name in ("suggest", "update") if not callable(getattr(of, name, None))]


def check_arguments(scheduler, objective, checkpoint_dir):
    """Raise a TypeError if it is known that the objective cannot take what it will be given."""
    try:  # A decorator may take other arguments than the function that it wraps.
        signature = inspect.signature(objective, follow_wrapped=False)
    except (TypeError, ValueError):
        return  # some functions written in C do not say
    checkpoint = [] if checkpoint_dir is None else ["checkpoint"]
    if _refusal(signature.bind_partial, checkpoint):
        named = f"checkpoint_dir={str(checkpoint_dir)!r}"
        raise TypeError(f"{named}: the objective takes no argument checkpoint")
    space, resource = _known_arguments(scheduler)
    given = [*dict.fromkeys([*(space or []), *resource, *checkpoint])]
    bind = signature.bind_partial if space is None else signature.bind
    if not (why := _refusal(bind, given)):
        return
    advice = "Change its arguments, or config_space; a checkpoint needs checkpoint_dir"
    for own in signature.parameters:
        renamed = [own if name == "max_epochs" else name for name in given]
        if resource and own not in given and not _refusal(bind, renamed):
            call = f"objective({own}=max_epochs, **config)"
            advice = f"If {own} is its max_epochs, pass `lambda max_epochs, **config: {call}`"
    call = f"objective({', '.join(f'{name}=...' for name in given)})"
    raise TypeError(f"objective: it cannot be called as {call}: {why}. {advice}")


def _refusal(bind, names):
    """Return why these arguments cannot be bound; "" if they can."""
    try:
        bind(**dict.fromkeys(names))
    except TypeError as error:
        return str(error)
    return ""


def _known_arguments(scheduler):
    """Return hyperparameters and resource by name; of a student's own, ``None`` and nothing."""
    searcher = getattr(scheduler, "searcher", None)
    ours = [type(thing).__module__.startswith("sh_teach.sch") for thing in (scheduler, searcher)]
    resource = ["max_epochs"] if ours[0] and hasattr(scheduler, "r_max") else []
    return getattr(searcher, "config_space", None) if all(ours) else None, resource


def check_pending(scheduler, started):
    """Raise if trials are pending that are not among these: their rungs would never fill."""
    if not isinstance(scheduler, HPOScheduler):
        return  # `pending` may mean anything there
    if not hasattr(scheduler, "pending"):
        raise TypeError("scheduler: its __init__ must call super().__init__(searcher)")
    ours = {evaluation["trial_id"] for evaluation in started}
    if lost := [trial_id for trial_id in scheduler.pending if trial_id not in ours]:
        raise ValueError(
            f"scheduler: it waits for the result of {plural(len(lost), 'trial')} that another "
            f"tuner started, or that Ctrl-C cut off ({listing(lost[:5])}). Assign the corrected "
            f"function to that tuner's `objective` and call its run(), or make a new scheduler"
        )


def settings_of_run(scheduler):
    """Return the settings of a new scheduler; raise if they cannot tell its run from others."""
    name = type(scheduler).__name__
    if not hasattr(scheduler, "settings"):
        why = f"{name} has no method settings(), by which a journal knows its run"
        raise ValueError(f"{why}. Let it return a dict of the constructor's arguments")
    settings = scheduler.settings()
    if not isinstance(settings, dict):
        raise ValueError(f"settings() of {name} returns {settings!r}: it must return a dict")
    searcher = settings.get("searcher")
    if isinstance(searcher, dict) and searcher.get("seed", 0) is None:
        why = "the searcher has no seed, so its draws cannot be repeated"
        raise ValueError(f"{why}. Give it one, such as seed=0")
    drawn = getattr(getattr(scheduler, "searcher", None), "drawn", 0)
    if drawn or getattr(scheduler, "trials", 0):
        raise ValueError("the scheduler, or its searcher, has been used before. Make new ones")
    return settings


def error_that_counts(config, error, failure, catch):
    """Return the error of an evaluation, ``inf`` for a failure in `catch`; raise any other."""
    try:
        if failure is None:
            return error_value(error)
        if isinstance(failure, catch):
            return math.inf
        raise failure
    except Exception as exception:
        exception.add_note(f"This was the evaluation of {dict(config)!r}.")
        exception.add_note("The results so far are kept. Assign the corrected function to")
        exception.add_note("tuner.objective, and run() continues with this evaluation.")
        raise
