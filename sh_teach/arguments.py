"""Checks of arguments: every message names the argument, its value and what is allowed."""

import math
import numbers


def integer(name, value, minimum):
    """Return `value` as an int of at least `minimum`.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : int or numpy integer
        What the caller gave.
    minimum : int
        The smallest value allowed.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If `value` is no integer.
    ValueError
        If `value` is below `minimum`.

    Examples
    --------
    >>> integer("eta", 3, minimum=2)
    3
    >>> integer("eta", 1, minimum=2)
    Traceback (most recent call last):
    ...
    ValueError: eta=1: it must be at least 2
    """
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: it must be an integer, not {type(value).__name__}")
    if value < minimum:
        raise ValueError(f"{name}={value!r}: it must be at least {minimum}")
    return int(value)


def positive(name, value):
    """Return `value` as a float that is finite and above 0.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : float or numpy number
        What the caller gave.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `value` is no real number.
    ValueError
        If `value` is 0, negative, infinite or ``nan``.

    Examples
    --------
    >>> positive("learning_rate", -0.1)
    Traceback (most recent call last):
    ...
    ValueError: learning_rate=-0.1: it must be above 0 and finite
    """
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: it must be a number, not {type(value).__name__}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name}={value!r}: it must be above 0 and finite")
    return float(value)


def error_value(error):
    """Return what an objective reported as a float; ``nan`` and ``inf`` are allowed.

    Parameters
    ----------
    error : float, numpy number or tensor of one element
        Smaller is better.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is no number: ``None`` of a forgotten ``return``, say.
    """
    if type(error) is float:  # the usual case, and a million of them shall not take long
        return error
    if not isinstance(error, str | bytes | bool):
        try:
            return float(error)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            pass
    raise TypeError(
        f"error={error!r}: an evaluation must give a number, not {type(error).__name__}"
    )
