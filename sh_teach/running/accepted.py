"""What the tuner accepts: a scheduler, an objective that fits it, and the objective's answers."""

import inspect
import math

from sh_teach.arguments import error_value
from sh_teach.words import listing


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
    thing = None if isinstance(scheduler, type) else scheduler
    names = "suggest", "update"
    return [f"{name}()" for name in names if not callable(getattr(thing, name, None))]


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
    if _refusal(signature.bind_partial, resource):
        others = [name for name in signature.parameters if name not in given]
        advice = "Add this argument: the epochs to train for in all"
        if space is not None and len(others) == 1:
            same = "".join(f"{name}={name}, " for name in given if name not in resource)
            call = f"objective({same}{others[0]}=max_epochs)"
            advice = f"If it calls them {others[0]}, pass `lambda {', '.join(given)}: {call}`"
        raise TypeError(f"objective: it takes no max_epochs, the epochs of a rung. {advice}")
    if why := _refusal(signature.bind_partial if space is None else signature.bind, given):
        call = f"objective({', '.join(f'{name}=...' for name in given)})"
        advice = "Change its arguments, or config_space"
        raise TypeError(f"objective: it cannot be called as {call}: {why}. {advice}")


def _refusal(bind, names):
    """Return why these arguments cannot be bound; "" if they can."""
    try:
        bind(**dict.fromkeys(names))
    except TypeError as error:
        return str(error)
    return ""


def _known_arguments(scheduler):
    """Return the names of the hyperparameters, ``None`` if they are not known, and the resource's.

    A student's own scheduler or searcher may give other arguments, so nothing is known of these.
    """

    def is_ours(thing):
        return type(thing).__module__.startswith("sh_teach.schedulers.")

    if not is_ours(scheduler):
        return None, []
    resource = ["max_epochs"] if hasattr(scheduler, "r_max") else []
    space = getattr(scheduler.searcher, "config_space", None)
    return list(space) if is_ours(scheduler.searcher) and space is not None else None, resource


def error_that_counts(evaluation, error, failure, catch):
    """Return the error of an evaluation, ``inf`` for a failure in `catch`; raise any other."""
    if "error" in evaluation:  # it was written down, and then the scheduler raised
        return evaluation["error"]
    try:
        if failure is None:
            return error_value(error)
        if isinstance(failure, catch):
            return math.inf
        raise failure
    except Exception as exception:
        exception.add_note(f"This was the evaluation of {dict(evaluation['config'])!r}.")
        exception.add_note("The results so far are kept. Assign the corrected function to")
        exception.add_note("tuner.objective, and run() continues with this evaluation.")
        raise
