"""Searchers: where new configurations come from."""

import inspect
from abc import ABC, abstractmethod
from keyword import iskeyword
from numbers import Number

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

        `config` is a dict of its keyword arguments, the resource among them, `error` a float, and
        `additional_info` what was passed to the scheduler's `update` as `info`.
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
        distributions of scipy.stats, or a list to choose from uniformly, or a constant: a number,
        a string or ``None``. A constant of any other kind, such as a tuple, is a list of one.
    initial_config : dict, optional
        The first configuration to propose: a good guess, or the library's default.
    seed : int, optional
        Fixes all draws. Each hyperparameter has a stream of its own, so adding one to the end of
        the space leaves the draws of the others as they were.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another kind, if `config_space` has a name that no argument can have
        or an entry that cannot be sampled, or if `initial_config` has other keys.

    Examples
    --------
    >>> from scipy import stats
    >>> space = {"learning_rate": stats.loguniform(1e-2, 1), "optimizer": ["sgd", "adam"]}
    >>> searcher = RandomSearcher(space, {"learning_rate": 0.1, "optimizer": "sgd"}, seed=0)
    >>> searcher.sample_configuration()
    {'learning_rate': 0.1, 'optimizer': 'sgd'}

    References
    ----------
    Bergstra, Bengio: Random search for hyper-parameter optimization. JMLR 13(10), 2012.
    """

    def __init__(self, config_space, initial_config=None, seed=None):
        if not isinstance(config_space, dict):
            raise TypeError(f"config_space={config_space!r}: it must be a dict")
        if not isinstance(initial_config, dict | None):
            raise TypeError(f"initial_config={initial_config!r}: it must be a dict")
        if initial_config is not None:
            if set(initial_config) != set(config_space):
                keys = f"the keys of config_space, {list(config_space)}"
                raise ValueError(f"initial_config={initial_config!r}: it must have {keys}")
            _refuse_nan(f"initial_config={initial_config!r}", initial_config.values())
        self.config_space = dict(config_space)
        self.initial_config = None if initial_config is None else dict(initial_config)
        self.seed = None if seed is None else integer("seed", seed, minimum=0)
        streams = np.random.SeedSequence(self.seed).spawn(len(config_space))
        self._draws = {
            name: _draws(_checked(name, entry), entry, np.random.default_rng(stream))
            for (name, entry), stream in zip(config_space.items(), streams, strict=True)
        }
        # The next draw is ready, so an entry that cannot be sampled is found now.
        self._next = {name: next(draws) for name, draws in self._draws.items()}

    def sample_configuration(self):
        """Return a copy of `initial_config` the first time, if given, and then random draws."""
        self.drawn += 1
        if self.drawn == 1 and self.initial_config is not None:
            return dict(self.initial_config)
        return self.draw()

    def draw(self):
        """Return a random configuration; `drawn` does not count it."""
        config = self._next
        self._next = {name: next(draws) for name, draws in self._draws.items()}
        return config


def _checked(name, entry):
    """Return a hyperparameter as messages show it; raise an error if name or entry will not do."""
    shown = f"config_space[{name!r}]={entry!r}"
    if not isinstance(name, str):
        raise TypeError(f"{shown}: the name must be a string, not {type(name).__name__}")
    if not name.isidentifier() or iskeyword(name) or name == "checkpoint":
        raise ValueError(f"{shown}: no hyperparameter can have this name, but learning_rate, say")
    if isinstance(entry, list) and not entry:
        raise ValueError(f"{shown}: there is nothing to choose from")
    if hasattr(entry, "rvs"):
        # By this ending scipy names the classes of distributions that have no parameters yet.
        if isinstance(entry, type) or type(entry).__name__.endswith("_gen"):
            raise TypeError(f"{shown}: call it with its parameters, as in stats.uniform(0, 1)")
    elif not isinstance(entry, list | str | bytes | Number | None):
        how = "Give a list to choose from; any other constant is a list of one"
        raise TypeError(f"{shown}: it must have .rvs(), or be a list or a constant. {how}")
    return shown


def _refuse_nan(shown, values):
    if any(isinstance(value, float | np.floating) and value != value for value in values):
        raise ValueError(f"{shown}: nan differs from itself, so no trial can be known by it")


def _draws(shown, entry, rng):
    """Yield values of one hyperparameter without end, as plain Python objects where possible."""
    while True:
        try:
            block = _block(entry, rng)
        except Exception as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{shown}: it cannot be sampled ({error})") from error
        _refuse_nan(shown, entry if isinstance(entry, list) else block[:1])
        yield from [value.item() if isinstance(value, np.generic) else value for value in block]


def _block(entry, rng):
    if isinstance(entry, list):
        return [entry[i] for i in rng.integers(len(entry), size=BLOCK).tolist()]
    if not hasattr(entry, "rvs"):
        return [entry] * BLOCK
    if "size" not in inspect.signature(entry.rvs).parameters:
        return [entry.rvs(random_state=rng)]
    # A draw from scipy costs about 25 microseconds, a thousand at once hardly more.
    values = np.asarray(entry.rvs(size=BLOCK, random_state=rng)).tolist()
    if values[0] in (np.inf, -np.inf):
        raise ValueError("it draws infinite numbers. Give it finite bounds")
    return values
