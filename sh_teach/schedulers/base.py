"""What every scheduler does, and random search, the simplest one."""

import math
from abc import ABC, abstractmethod

from sh_teach.arguments import error_value
from sh_teach.schedulers.trial import Trial


class HPOScheduler(ABC):
    """What every scheduler does: suggest the next evaluation, and learn its error.

    Parameters
    ----------
    searcher : HPOSearcher
        Where new configurations come from.

    Attributes
    ----------
    pending : dict of int to Trial
        What was suggested and has not come back, by `trial_id`.
    """

    def __init__(self, searcher):
        self.searcher = searcher
        self.pending = {}
        self._trials = 0

    @abstractmethod
    def suggest(self):
        """Return the Trial that a free worker shall evaluate, or ``None``: wait for a result."""

    @abstractmethod
    def update(self, config, error, info=None):
        """Learn the result of an evaluation.

        Parameters
        ----------
        config : Trial
            What `suggest` returned.
        error : float
            Its validation error; ``nan`` and ``inf`` rank last.
        info : object, optional
            Handed on to the searcher.

        Raises
        ------
        TypeError
            If `error` is no number.
        ValueError
            If `config` is not as it was suggested here, or its result is known already.
        """

    def _new_trial(self, round=0, **resource):
        """Return a trial of a configuration that the searcher proposes."""
        trial = Trial(self.searcher.sample_configuration() | resource, self._trials, round)
        self._trials += 1
        return trial

    def _hand_out(self, trial):
        """Note that the trial is being evaluated, and return a copy: the caller may change it."""
        self.pending[trial.trial_id] = trial
        return trial.copy()

    def _take_back(self, config, error, info):
        """Return the pending trial and its error as a float, once the searcher has learned it."""
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


class BasicScheduler(HPOScheduler):
    """Every configuration of the searcher, once: with a `RandomSearcher` this is random search.

    Parameters
    ----------
    searcher : HPOSearcher
        Where the configurations come from.
    """

    def suggest(self):
        """Return a new trial."""
        return self._hand_out(self._new_trial())

    def update(self, config, error, info=None):
        """Hand the result on to the searcher; see `HPOScheduler.update`."""
        self._take_back(config, error, info)


def rank(observed):
    """Return the sorting key of a (trial, error) pair: no comparison with ``nan`` is true."""
    trial, error = observed
    return (error if error < math.inf else math.inf), trial.trial_id
