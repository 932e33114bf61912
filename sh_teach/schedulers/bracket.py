"""A bracket: the plan of one round of successive halving."""

from dataclasses import dataclass

from sh_teach.arguments import integer, positive


@dataclass(frozen=True)
class Bracket:
    """Rung levels and rung sizes of one round, in exact integer arithmetic.

    Rung k compares ``n // eta**k`` trials after ``r_min * eta**k`` epochs. Where `r_max` is not
    among these levels it is appended as a short last rung. The name is Hyperband's.

    Parameters
    ----------
    r_min, r_max : int
        Smallest and largest resource of an evaluation, here epochs.
    eta : int
        Halving constant: one trial in `eta` survives a rung; at least 2.
    n : int, optional
        Trials on the first rung; by default ``eta**K``, so that one trial reaches `r_max`.

    Attributes
    ----------
    levels : tuple of int, length K + 1
        Rung levels, from `r_min` to `r_max`, which takes `K` promotions.
    sizes : tuple of int, length K + 1
        Rung sizes. The last ones are 0 where `n` is below ``eta**K``: then no trial gets there.

    Raises
    ------
    TypeError, ValueError
        If an argument is no integer, or if ``r_min < 1``, ``r_max < r_min``, ``eta < 2`` or
        ``n < 1``.

    Examples
    --------
    >>> bracket = Bracket(r_min=2, r_max=10, eta=2)
    >>> bracket.levels, bracket.sizes
    ((2, 4, 8, 10), (8, 4, 2, 1))
    >>> bracket.evaluations, bracket.epochs(), bracket.epochs(resume=True)
    (15, 58, 34)
    """

    r_min: int
    r_max: int
    eta: int
    n: int | None = None

    def __post_init__(self):
        r_min = integer("r_min", self.r_min, minimum=1)
        r_max = integer("r_max", self.r_max, minimum=1)
        eta = integer("eta", self.eta, minimum=2)
        if r_max < r_min:
            raise ValueError(f"r_max={r_max}: it must be at least r_min={r_min}")
        # No logarithm: log(243) / log(3) is 4.999999999999999, which loses a rung.
        levels = [r_min]
        while levels[-1] * eta <= r_max:
            levels.append(levels[-1] * eta)
        if levels[-1] < r_max:
            levels.append(r_max)
        K = len(levels) - 1
        n = eta**K if self.n is None else integer("n", self.n, minimum=1)
        sizes = tuple(n // eta**k for k in range(K + 1))
        plan = dict(r_min=r_min, r_max=r_max, eta=eta, n=n, K=K, levels=tuple(levels), sizes=sizes)
        for name, value in plan.items():
            object.__setattr__(self, name, value)

    def scaled(self, prefact):
        """Return the same bracket with ``int(prefact * n)`` trials on the first rung."""
        n = int(positive("prefact", prefact) * self.n)
        if n < 1:
            raise ValueError(f"prefact={prefact!r}: no trial is left of eta**K={self.n}")
        return Bracket(self.r_min, self.r_max, self.eta, n)

    @property
    def evaluations(self):
        """Number of evaluations of one round."""
        return sum(self.sizes)

    def epochs(self, resume=False):
        """Return how many epochs of training one round takes, summed over all evaluations.

        If `resume`, a survivor continues from its checkpoint; else it trains from scratch on each
        rung.
        """
        paid = (0, *self.levels[:-1]) if resume else (0,) * (self.K + 1)
        steps = zip(self.sizes, self.levels, paid, strict=True)
        return sum(size * (level - before) for size, level, before in steps)
