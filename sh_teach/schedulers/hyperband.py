"""Hyperband: successive halving that hedges its bet on `r_min`."""

from sh_teach.schedulers.bracket import Bracket
from sh_teach.schedulers.halving import SuccessiveHalvingScheduler


def hyperband_brackets(r_min, r_max, eta):
    """Return Hyperband's cycle, a list of K + 1 brackets, from the boldest to random search.

    Bracket s, counted down from K to 0, starts ``ceil((K + 1) / (s + 1) * eta**s)`` trials s rungs
    below the top. So each bracket costs about as much as any other.

    Parameters
    ----------
    r_min, r_max, eta : int
        As for `Bracket`.

    Examples
    --------
    >>> [(b.n, b.r_min) for b in hyperband_brackets(1, 81, 3)]
    [(81, 1), (34, 3), (15, 9), (8, 27), (5, 81)]

    References
    ----------
    Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar: Hyperband: a novel bandit-based approach to
    hyperparameter optimization. JMLR 18(185), 2018. The first rung is rounded up, as in their
    algorithm; later ones are rounded down, ``n // eta**k``. The book, which has the factor
    ``(K + 1) / (s + 1)`` as `prefact`, would round the first rung down as well.
    """
    levels = Bracket(r_min, r_max, eta).levels
    K = len(levels) - 1
    return [
        Bracket(levels[K - s], r_max, eta, n=-((K + 1) * -(eta**s) // (s + 1)))
        for s in reversed(range(K + 1))
    ]


class HyperbandScheduler(SuccessiveHalvingScheduler):
    """Successive halving whose rounds run through a cycle of brackets.

    The first starts many trials at `r_min`, the last only a few at `r_max`; then the cycle begins
    again. Where early errors mislead, the late brackets are not affected; where they can be
    trusted, the early brackets have found the best. Parameters, attributes and errors are those
    of `SuccessiveHalvingScheduler`, without `prefact`; `brackets` is the cycle, see
    `hyperband_brackets`, which has an example and the source.
    """

    smaller_rounds = "a larger r_min or eta"

    def __init__(
        self, searcher, eta, r_min, r_max, overlap_rounds=True, promote_when_certain=False
    ):
        super().__init__(searcher, eta, r_min, r_max, 1, overlap_rounds, promote_when_certain)
        self.brackets = hyperband_brackets(r_min, r_max, eta)

    def bracket_of(self, round):
        """Return the plan of a round."""
        return self.brackets[round % len(self.brackets)]
