"""Checks of arguments: every message names the argument, its value and what is allowed."""

import inspect
import math
import numbers
import re
from pathlib import Path

from sh_teach.words import listing


def integer(name, value, minimum):
    """Return `value` as an int, or raise a TypeError; a ValueError if it is below `minimum`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: it must be an integer, not {type(value).__name__}")
    if value < minimum:
        raise ValueError(f"{name}={value!r}: it must be at least {minimum}")
    return int(value)


def positive(name, value):
    """Return `value` as a float, or raise a TypeError; a ValueError unless 0 < value < inf."""
    if not 0 < _number(name, value) < math.inf:
        raise ValueError(f"{name}={value!r}: it must be above 0 and finite")
    return float(value)


def at_least_0(name, value, below=math.inf):
    """Return `value` as a float, or raise a TypeError; a ValueError unless 0 <= value < below."""
    if not 0 <= _number(name, value) < below:
        raise ValueError(f"{name}={value!r}: it must be at least 0 and below {below}")
    return float(value)


def _number(name, value):
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: it must be a number, not {type(value).__name__}")
    return value


def path_of(name, value):
    """Return a path, ``~`` spelled out, or raise a TypeError; a ValueError for an unknown user."""
    try:
        return Path(value).expanduser().absolute()
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{name}={value!r}: it must be a path, not {kind}") from None
    except RuntimeError:
        raise ValueError(f"{name}={str(value)!r}: there is no such home folder") from None


def error_value(error):
    """Return what an objective reported as a float, or raise a TypeError if it is no number."""
    if type(error) is float:  # the usual case; a large run checks millions of them
        return error
    refused = isinstance(error, str | bytes | bool)
    if not refused and not re.search("bool|complex", str(getattr(error, "dtype", ""))):
        try:
            return float(error)  # also a tensor of one element, or nan
        except (TypeError, ValueError, RuntimeError, OverflowError):
            pass
    kind = type(error).__name__
    raise TypeError(f"error={error!r}: an evaluation must give a number, not {kind}")


def exception_classes(name, value):
    """Return an exception class, or a tuple of them, as a tuple; else raise a TypeError."""
    classes = value if isinstance(value, tuple) else (value,)
    for item in classes:
        if not (isinstance(item, type) and issubclass(item, BaseException)):
            raise TypeError(f"{name}={value!r}: it must be an exception class, or a tuple of them")
    return classes


def settings_of(thing):
    """Return the class of an object and the arguments it was made with, but for a searcher."""
    parameters = inspect.signature(type(thing)).parameters.values()
    named = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    names = [name for name in named if name != "searcher"]
    if lacking := [name for name in names if not hasattr(thing, name)]:
        why = f"does not keep {listing(lacking)}, so its runs cannot be told apart"
        advice = "Assign each argument of the constructor to self, under its name"
        raise ValueError(f"{type(thing).__name__} {why}. {advice}")
    return {"class": type(thing).__name__} | {name: getattr(thing, name) for name in names}
