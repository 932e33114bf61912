"""Trials: one configuration each, from its first evaluation to its last."""


class Trial(dict):
    """The keyword arguments of a trial's next evaluation, so ``objective(**trial)`` works.

    Parameters
    ----------
    config : dict
        Copied.
    trial_id, round : int
        Numbers of the trial and of its round, from 0; a promoted trial keeps both.
    """

    __slots__ = ("round", "trial_id")  # of a million trials, each is some 300 bytes smaller

    def __init__(self, config, trial_id, round):
        super().__init__(config)
        self.trial_id = trial_id
        self.round = round

    def copy(self):
        """Return the same trial as another dict."""
        return Trial(self, self.trial_id, self.round)

    def promoted(self, resource):
        """Return the same trial with a larger resource, ``max_epochs``."""
        return Trial({**self, "max_epochs": resource}, self.trial_id, self.round)
