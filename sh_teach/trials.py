"""Trials: one configuration each, from its first evaluation to its last."""

import math

RESOURCE = "max_epochs"


class Trial(dict):
    """The keyword arguments of a trial's next evaluation, so ``objective(**trial)`` works.

    Parameters
    ----------
    config : dict
        Copied.
    trial_id : int
        Counts the trials of a scheduler from 0; a promoted trial keeps it.
    round : int
        The round that the trial belongs to, from 0.
    """

    __slots__ = ("round", "trial_id")  # of a million trials, each is some 300 bytes smaller

    def __init__(self, config, trial_id, round):
        super().__init__(config)
        self.trial_id = trial_id
        self.round = round

    def copy(self):
        """Return the same trial as another dict."""
        return Trial(self, self.trial_id, self.round)

    __copy__ = copy

    def promoted(self, resource):
        """Return the same trial with a larger resource."""
        return Trial({**self, RESOURCE: resource}, self.trial_id, self.round)


class TrialIds:
    """Trial ids for a scheduler that suggests plain dicts: there a trial is a configuration."""

    def __init__(self):
        self._latest = {}
        self._count = 0

    def __call__(self, suggestion):
        """Return the suggestion's own trial_id, else that of the configuration it promotes."""
        if hasattr(suggestion, "trial_id"):
            return suggestion.trial_id
        arguments = dict(suggestion)
        resource = arguments.pop(RESOURCE, 0)
        configuration = repr(sorted(arguments.items()))
        trial_id, paid = self._latest.get(configuration, (None, math.inf))
        if resource <= paid:
            # Not a promotion, which is given more than before: the same values drawn anew.
            trial_id, self._count = self._count, self._count + 1
        self._latest[configuration] = trial_id, resource
        return trial_id
