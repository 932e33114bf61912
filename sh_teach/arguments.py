"""Checks of arguments: every message names the argument, its value and what is allowed."""

import math
import numbers


def integer(name, value, minimum):
    """Return `value` as an int, or raise a TypeError; a ValueError if it is below `minimum`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: it must be an integer, not {type(value).__name__}")
    if value < minimum:
        raise ValueError(f"{name}={value!r}: it must be at least {minimum}")
    return int(value)


def positive(name, value):
    """Return `value` as a float, or raise a TypeError; a ValueError unless 0 < value < inf."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: it must be a number, not {type(value).__name__}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name}={value!r}: it must be above 0 and finite")
    return float(value)


def error_value(error):
    """Return what an objective reported, also a tensor of one element or nan, as a float.

    Raise a TypeError if it is no number: ``None`` of a forgotten ``return``, say.
    """
    if type(error) is float:  # the usual case; a large run checks millions of them
        return error
    if not isinstance(error, str | bytes | bool):
        try:
            return float(error)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            pass
    raise TypeError(
        f"error={error!r}: an evaluation must give a number, not {type(error).__name__}"
    )
