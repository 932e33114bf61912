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
        The trials that are being evaluated, by `trial_id`.
    trials : int
        How many trials there are so far.
    """

    def __init__(self, searcher):
        self.searcher = searcher
        self.pending = {}
        self.trials = 0

    @abstractmethod
    def suggest(self):
        """Return the next Trial for a free worker, or ``None`` if it must wait for a result."""

    @abstractmethod
    def update(self, config, error, info=None):
        """Receive the result of an evaluation.

        Parameters
        ----------
        config : Trial
            What `suggest` returned.
        error : float
            Its validation error; ``nan`` and ``inf`` rank last.
        info : object, optional
            Passed to the searcher.

        Raises
        ------
        TypeError
            If `error` is no number.
        ValueError
            If `config` is not as it was suggested here, or its result is known already.
        """

    def new_trial(self, round=0, **resource):
        """Return a new Trial of a round, with the resource of its first evaluation added.

        The searcher proposes the configuration; ``max_epochs=1`` is a resource.
        """
        trial = Trial(self.searcher.sample_configuration() | resource, self.trials, round)
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
            raise ValueError(
                f"config={config!r}: it is not what this scheduler suggested, "
                f"or its result has been reported before"
            )
        self.searcher.update(dict(trial), error, additional_info=info)
        del self.pending[trial.trial_id]
        return trial, error

    def settings(self):
        """Return what identifies a run: the class, and the constructor's arguments by name.

        Each argument is read from the attribute of the same name. A journal begins with this.
        """
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
