"""A searcher that learns where good configurations are, as in BOHB."""

from bisect import insort
from collections import defaultdict

import numpy as np

from sh_teach.arguments import at_least_0
from sh_teach.schedulers.searchers import RandomSearcher

CANDIDATES, GOOD = 64, 0.15  # as in BOHB


class KDESearcher(RandomSearcher):
    """The idea of BOHB: propose what resembles the good results more than the bad ones.

    The results at the highest resource that has enough, ``2 * (d + 1)`` finite errors for `d`
    hyperparameters, are split into the best 15 % and the others. Of 64 random configurations (BOHB
    draws them from the good ones' density), the one with the highest ratio of the two densities is
    proposed. A number's cdf gets a Gaussian kernel by Scott's rule; the other entries of a list
    share a smaller weight. The uniform density counts as one more result.

    Parameters
    ----------
    config_space, initial_config, seed
        As for `RandomSearcher`, with the same errors.
    random_share : float
        Share of the proposals that stay random, from 0 to below 1.

    References
    ----------
    Falkner, Klein, Hutter: BOHB: robust and efficient hyperparameter optimization at scale. ICML
    2018, arXiv 1807.01774. Scott: Multivariate density estimation. Wiley 1992.
    """

    def __init__(self, config_space, initial_config=None, seed=None, random_share=1 / 3):
        super().__init__(config_space, initial_config, seed)
        self.random_share = at_least_0("random_share", random_share, below=1)
        self._rng = np.random.default_rng(self.seed)
        self._results = defaultdict(list)  # by resource: (error, point), the best first
        entries = self.config_space.items()
        self._numbers = {name: entry for name, entry in entries if hasattr(entry, "ppf")}
        self._choices = {name: [*map(str, e)] for name, e in entries if isinstance(e, list)}
        self._sizes = np.array([0] * len(self._numbers) + [*map(len, self._choices.values())])

    def update(self, config, error, additional_info=None):
        """Learn a result at its ``max_epochs``, or 0; ``nan`` and infinite errors rank last."""
        result = (error if np.isfinite(error) else np.inf), self._points([config])[0]
        insort(self._results[config.get("max_epochs", 0)], result, key=lambda result: result[0])

    def sample_configuration(self):
        """Return a random configuration, or of many the one that resembles the good ones most."""
        config, enough = super().sample_configuration(), len(self._sizes) + 1
        random = self._rng.random() < self.random_share or self.drawn == 1
        for resource in sorted(self._results, reverse=True):
            errors, results = map(np.array, zip(*self._results[resource], strict=True))
            finite = np.isfinite(errors).sum()
            if finite >= 2 * enough and not random:
                candidates = [config, *(self.draw() for _ in range(CANDIDATES - 1))]
                points = self._points(candidates)
                halves = np.split(results, [max(enough, int(GOOD * finite))])
                good, bad = (self._density(points, half) for half in halves)
                return candidates[np.argmax(good / bad)]
        return config

    def _points(self, configs):
        """Return a row of numbers for each configuration: the cdf, or the place in its list."""
        columns = [d.cdf([c[name] for c in configs]) for name, d in self._numbers.items()]
        for name, choices in self._choices.items():  # an initial choice need not be among them
            columns.append([[*choices, str(c[name])].index(str(c[name])) for c in configs])
        return np.reshape(columns, (len(columns), len(configs))).T

    def _density(self, points, sample):
        scott = len(sample) ** (-1 / (len(self._sizes) + 4))
        distance = points[:, None] - sample
        width = np.maximum(scott * sample.std(axis=0), 0.01)
        gauss = np.exp(-((distance / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
        same = np.where(distance == 0, self._sizes - (self._sizes - 1) * scott, scott)
        kernels = np.where(self._sizes > 0, same, gauss)
        return (1 + kernels.prod(axis=2).sum(axis=1)) / (1 + len(sample))
