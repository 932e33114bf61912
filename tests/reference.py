"""Successive halving by its definition, to compare the scheduler with.

Everything is worked out anew from the results alone: no queue, no counters, nothing that could
be out of step. Nothing is imported from sh_teach: what is wrong there must not be wrong here.
"""

from fractions import Fraction
from functools import cmp_to_key
from itertools import pairwise
from math import ceil, isfinite


def rung_levels(r_min, r_max, eta):
    """All r_min * eta**k below r_max, and then r_max."""
    return [r_min * eta**k for k in range(100) if r_min * eta**k < r_max] + [r_max]


def rung_sizes(n, levels, eta):
    """n, and then always one in eta of those before, rounded down."""
    sizes = [n]
    while len(sizes) < len(levels):
        sizes.append(sizes[-1] // eta)
    return sizes


def hyperband_brackets(levels, eta):
    """(size of the first rung, levels) of each bracket: ceil((K + 1) / (s + 1) * eta**s)."""
    K = len(levels) - 1
    return [
        (ceil(Fraction((K + 1) * eta**s, s + 1)), levels[K - s :]) for s in reversed(range(K + 1))
    ]


def is_number(error):
    return isfinite(error)


def comes_before(a, b, error):
    """Whether trial a ranks before trial b; ``error(trial)`` may be nan, inf or -inf."""
    if is_number(error(a)) != is_number(error(b)):
        return is_number(error(a))
    if is_number(error(a)) and error(a) != error(b):
        return error(a) < error(b)
    return a < b


def best(trials, m, error):
    """The m best trials, best first."""
    order = cmp_to_key(lambda a, b: -1 if comes_before(a, b, error) else 1)
    return sorted(trials, key=order)[:m]


def one_round(trials, levels, eta, error):
    """Return level -> the trials evaluated there, in the order in which they should start.

    All errors are known beforehand: ``error(trial, level)``.
    """
    rungs = {levels[0]: list(trials)}
    sizes = rung_sizes(len(trials), levels, eta)
    for (below, level), size in zip(pairwise(levels), sizes[1:], strict=True):
        rungs[level] = best(rungs[below], size, lambda trial, below=below: error(trial, below))
    return rungs


def survivors_so_far(trials, levels, eta, results, when_certain):
    """Return level -> the trials that are to be evaluated there, by the results so far.

    ``results`` maps (trial, level) to an error. Of m trials to promote from a rung that misses
    some results, m less the missing ones are certain; without `when_certain` none goes up then.
    """
    rungs = {levels[0]: list(trials)}
    sizes = rung_sizes(len(trials), levels, eta)
    for (below, level), size, m in zip(pairwise(levels), sizes, sizes[1:], strict=False):
        observed = [trial for trial in rungs[below] if (trial, below) in results]
        missing = size - len(observed)
        if missing:
            m = max(0, m - missing) if when_certain else 0
        rungs[level] = best(observed, m, lambda trial, below=below: results[trial, below])
    return rungs


def waiting(rounds, levels, eta, results, started, when_certain=False):
    """Return the (round, level, trial) that wait for a worker, in the order in which they start.

    ``rounds`` and ``levels`` list the trials and the levels of each round that has begun,
    ``started`` the (trial, level) that a worker got. The older round goes first, in it the
    higher rung, and there the better trial; on the first rung, the first to arrive.
    """
    due = []
    for number, (trials, levels_here) in enumerate(zip(rounds, levels, strict=True)):
        rungs = survivors_so_far(trials, levels_here, eta, results, when_certain)
        for level in reversed(levels_here):
            due += [(number, level, t) for t in rungs[level] if (t, level) not in started]
    return due


def asha_next(levels, eta, results, promoted):
    """What ASHA gives a free worker: (trial, level) of a promotion, or None for a new trial.

    ``results`` maps (trial, level) to an error, ``promoted`` holds the (trial, level) that were
    promoted from there. From the top rung down, the best trial that is among the best 1/eta of
    its rung, rounded down, and was not promoted yet.
    """
    for below, level in reversed(list(pairwise(levels))):
        rung = [trial for trial, at in results if at == below]
        top = best(rung, len(rung) // eta, lambda trial, below=below: results[trial, below])
        for trial in top:
            if (trial, below) not in promoted:
                return trial, level
    return None
