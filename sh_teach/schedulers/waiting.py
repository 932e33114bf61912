"""The waiting line: which of the waiting trials the next free worker gets."""

from bisect import insort
from collections import defaultdict, deque


class WaitingLine:
    """Trials in the order of service: the oldest round first, there the highest rung.

    Within a rung the line is first in, first out.
    """

    def __init__(self):
        self._trials = defaultdict(deque)  # by turn: (round, -level), the smallest is next
        self._turns = []  # its keys, sorted

    def push(self, *trials):
        """Let trials wait, each behind those of its own rung."""
        for trial in trials:
            turn = trial.round, -trial["max_epochs"]
            if turn not in self._trials:
                insort(self._turns, turn)
            self._trials[turn].append(trial)

    def pop(self):
        """Remove the trial whose turn it is, and return it."""
        return self._remove_first(self._turns[0])

    def take(self, rung):
        """Remove the first trial of a rung, a pair (round, level), out of turn; return it."""
        round, level = rung
        return self._remove_first((round, -level))

    def _remove_first(self, turn):
        trial = self._trials[turn].popleft()
        if not self._trials[turn]:
            del self._trials[turn]
            self._turns.remove(turn)
        return trial

    def __len__(self):
        return sum(map(len, self._trials.values()))

    def __bool__(self):
        return bool(self._turns)

    def __iter__(self):
        return (trial for turn in self._turns for trial in self._trials[turn])
