"""Searchers: where new configurations come from."""

import inspect
import numbers
from abc import ABC, abstractmethod

import numpy as np

from sh_teach.arguments import integer, settings_of

BLOCK = 1000


class HPOSearcher(ABC):
    """What every searcher does: propose a configuration, and learn from its result."""

    drawn = 0  # how many configurations were drawn so far, in searchers that count them

    @abstractmethod
    def sample_configuration(self):
        """Return a new configuration, a dict that the caller may keep and change."""

    def update(self, config, error, additional_info=None):  # noqa: B027
        """Learn the result of an evaluation; by default nothing is learned.

        Parameters
        ----------
        config : dict
            The keyword arguments of the evaluation, its resource among them.
        error : float
            Its validation error.
        additional_info : object, optional
            Whatever else is known of it.
        """

    def settings(self):
        """Return what identifies the searcher; see `HPOScheduler.settings`."""
        return settings_of(self)


class RandomSearcher(HPOSearcher):
    """Independent draws from a configuration space.

    Parameters
    ----------
    config_space : dict
        For each hyperparameter an object with ``.rvs(random_state=...)``, such as the frozen
        distributions of scipy.stats, or a list to choose from uniformly, or a constant.
    initial_config : dict, optional
        The first configuration to propose: a good guess, or the library's default.
    seed : int, optional
        Fixes all draws. Each hyperparameter has a stream of its own, so adding one to the end of
        the space leaves the draws of the others as they were.

    Raises
    ------
    TypeError
        If an entry of `config_space` cannot be sampled, or an argument is of another kind.
    ValueError
        If a list is empty, if a distribution refuses its parameters, or if `initial_config` has
        other keys than `config_space`.

    Examples
    --------
    >>> from scipy import stats
    >>> space = {"learning_rate": stats.loguniform(1e-2, 1), "optimizer": ["sgd", "adam"]}
    >>> searcher = RandomSearcher(space, {"learning_rate": 0.1, "optimizer": "sgd"}, seed=0)
    >>> searcher.sample_configuration()
    {'learning_rate': 0.1, 'optimizer': 'sgd'}
    >>> 0.01 < searcher.sample_configuration()["learning_rate"] < 1
    True

    References
    ----------
    Bergstra, Bengio: Random search for hyper-parameter optimization. JMLR 13(10), 2012.
    """

    def __init__(self, config_space, initial_config=None, seed=None):
        if not isinstance(config_space, dict):
            raise TypeError(f"config_space={config_space!r}: it must be a dict")
        if not isinstance(initial_config, dict | None):
            raise TypeError(f"initial_config={initial_config!r}: it must be a dict")
        if initial_config is not None and set(initial_config) != set(config_space):
            raise ValueError(
                f"initial_config={initial_config!r}: it must have the keys of config_space, "
                f"{list(config_space)}"
            )
        if seed is not None:
            seed = integer("seed", seed, minimum=0)
        self.config_space = dict(config_space)
        self.initial_config = None if initial_config is None else dict(initial_config)
        self.seed = seed
        streams = np.random.SeedSequence(seed).spawn(len(config_space))
        self._draws = {
            name: _draws(name, entry, np.random.default_rng(stream))
            for (name, entry), stream in zip(config_space.items(), streams, strict=True)
        }
        # A first draw of each, kept as the next one, finds an entry that cannot be sampled now.
        self._next = {name: next(draws) for name, draws in self._draws.items()}

    def sample_configuration(self):
        """Return a copy of `initial_config` the first time, if given, and then random draws."""
        self.drawn += 1
        if self.drawn == 1 and self.initial_config is not None:
            return dict(self.initial_config)
        config = self._next
        self._next = {name: next(draws) for name, draws in self._draws.items()}
        return config


def _draws(name, entry, rng):
    """Yield values of one hyperparameter without end, as plain Python objects where possible."""
    if isinstance(entry, list):
        if not entry:
            raise ValueError(f"config_space[{name!r}]=[]: there is nothing to choose from")
        while True:
            yield from (_plain(entry[i]) for i in rng.integers(len(entry), size=BLOCK).tolist())
    elif hasattr(entry, "rvs"):
        while True:
            yield from _block(name, entry, rng)
    elif entry is None or isinstance(entry, str | bytes | tuple | numbers.Number):
        while True:
            yield _plain(entry)
    else:
        raise TypeError(
            f"config_space[{name!r}]={entry!r}: it must have .rvs(), or be a list or a constant"
        )


def _block(name, distribution, rng):
    try:
        # A draw from scipy costs about 25 microseconds, a thousand at once hardly more.
        if "size" in inspect.signature(distribution.rvs).parameters:
            return np.asarray(distribution.rvs(size=BLOCK, random_state=rng)).tolist()
        value = distribution.rvs(random_state=rng)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"config_space[{name!r}]={distribution!r}: it cannot be sampled ({error}); "
            f"does the distribution lack parameters, or are they out of range?"
        ) from error
    return [_plain(value)]


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value
