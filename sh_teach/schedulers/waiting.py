"""The waiting line: which of the waiting trials the next free worker gets."""

from bisect import insort


class WaitingLine:
    """Trials in the order of service: the oldest round first, there the highest rung.

    Within a rung, a pair (round, level), the line is first in, first out.
    """

    def __init__(self):
        self._trials = []

    def push(self, *trials):
        """Let trials wait, each behind those of its own rung."""
        for trial in trials:
            insort(self._trials, trial, key=lambda trial: (trial.round, -trial["max_epochs"]))

    def pop(self):
        """Remove the trial whose turn it is, and return it."""
        return self._trials.pop(0)

    def take(self, rung):
        """Remove the first trial of a rung, also out of turn, and return it."""
        rungs = [(trial.round, trial["max_epochs"]) for trial in self._trials]
        if rung not in rungs:
            raise IndexError(f"rung={rung!r}: no trial waits there")
        return self._trials.pop(rungs.index(rung))

    def __len__(self):
        return len(self._trials)

    def __iter__(self):
        return iter(self._trials)
