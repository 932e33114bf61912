"""Trial ids for schedulers that suggest plain dicts, as in the book."""

import math


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
        resource = arguments.pop("max_epochs", 0)
        configuration = repr(sorted(arguments.items()))
        trial_id, paid = self._latest.get(configuration, (None, math.inf))
        if resource <= paid:
            # Not a promotion, which is given more than before: the same values drawn anew.
            trial_id, self._count = self._count, self._count + 1
        self._latest[configuration] = trial_id, resource
        return trial_id
