"""The waiting line: which of the waiting trials the next free worker gets."""

from bisect import insort
from collections import deque


class WaitingLine:
    """Trials in the order of service: the oldest round first, there the highest rung.

    Within a rung, a pair (round, level), the line is first in, first out.
    """

    def __init__(self):
        self._trials = {}  # a deque for each rung
        self._rungs = []  # those with trials, the next one first

    def push(self, *trials):
        """Let trials wait, each behind those of its own rung."""
        for trial in trials:
            rung = trial.round, trial["max_epochs"]
            if rung not in self._trials:
                insort(self._rungs, rung, key=lambda rung: (rung[0], -rung[1]))
                self._trials[rung] = deque()
            self._trials[rung].append(trial)

    def pop(self):
        """Remove the trial whose turn it is, and return it."""
        return self.take(self._rungs[0])

    def take(self, rung):
        """Remove the first trial of a rung, also out of turn, and return it."""
        if rung not in self._trials:
            raise IndexError(f"rung={rung!r}: no trial waits there")
        trial = self._trials[rung].popleft()
        if not self._trials[rung]:
            del self._trials[rung]
            self._rungs.remove(rung)
        return trial

    def __len__(self):
        return sum(map(len, self._trials.values()))

    def __bool__(self):
        return bool(self._rungs)

    def __iter__(self):
        return (trial for rung in self._rungs for trial in self._trials[rung])
