"""What every scheduler does, and random search, the simplest one."""

import math
from abc import ABC, abstractmethod

from sh_teach.arguments import error_value, settings_of
from sh_teach.schedulers.trial import Trial


class HPOScheduler(ABC):
    """What every scheduler does: suggest the next evaluation, and learn its error.

    `HPOTuner` needs no more than `suggest` and `update`. The other methods help to write these
    two: `new_trial`, then `start` for what is suggested and `finish` for what comes back.

    Parameters
    ----------
    searcher : HPOSearcher
        Where new configurations come from.

    Attributes
    ----------
    pending : dict of int to Trial
        The trials that are being evaluated, by `trial_id`; `trials` counts all so far.
    """

    resource = None  # the argument that the scheduler sets, if any: it is no hyperparameter

    def __init__(self, searcher):
        if isinstance(searcher, type) or not hasattr(searcher, "sample_configuration"):
            raise TypeError(f"searcher={searcher!r}: give a searcher, such as RandomSearcher(...)")
        if self.resource in getattr(searcher, "config_space", {}):
            name, space = type(self).__name__, searcher.config_space
            raise ValueError(f"config_space={space!r}: remove {self.resource!r}, {name} sets it")
        self.searcher = searcher
        self.pending, self.trials = {}, 0

    @abstractmethod
    def suggest(self):
        """Return the next Trial for a free worker, or ``None`` if it must wait for a result."""

    @abstractmethod
    def update(self, config, error, info=None):
        """Receive the result of an evaluation: the error of `config`, which `suggest` returned.

        ``nan`` and ``inf`` rank last; `info` is passed to the searcher. Raises a TypeError if
        `error` is no number, and a ValueError if `config` is not as it was suggested here, or if
        its result is known already.
        """

    def new_trial(self, round=0, **resource):
        """Return a new Trial of a round: the searcher's proposal and a resource, max_epochs=1."""
        config = self.searcher.sample_configuration()
        if not isinstance(config, dict):
            raise TypeError(f"sample_configuration() returned {config!r}: it must be a dict")
        trial = Trial(config | resource, self.trials, round)
        self.trials += 1
        return trial

    def start(self, trial):
        """Note that a trial is being evaluated, and return a copy, which the caller may change."""
        self.pending[trial.trial_id] = trial
        return trial.copy()

    def finish(self, config, error, info=None):
        """Note that an evaluation has ended; return the pending trial and its error, a float.

        The searcher learns the result. Arguments and exceptions are those of `update`.
        """
        error = error_value(error)
        trial = self.pending.get(getattr(config, "trial_id", None))
        if trial is None or trial != config:
            why = "it is not what this scheduler suggested, or its result has been reported before"
            raise ValueError(f"config={config!r}: {why}")
        self.searcher.update(dict(trial), error, additional_info=info)
        del self.pending[trial.trial_id]
        return trial, error

    def settings(self):
        """Return what identifies a run: the class and its arguments, each kept as an attribute."""
        return settings_of(self) | {"searcher": self.searcher.settings()}


class BasicScheduler(HPOScheduler):
    """Every configuration of the searcher, once: with a `RandomSearcher` this is random search."""

    def suggest(self):
        """Return a new trial."""
        return self.start(self.new_trial())

    def update(self, config, error, info=None):
        """Pass the result to the searcher; see `HPOScheduler.update`."""
        self.finish(config, error, info)


def rank(observed):
    """Return the sorting key of a (trial, error) pair: errors not finite last, older first."""
    trial, error = observed
    return (error if math.isfinite(error) else math.inf), trial.trial_id
