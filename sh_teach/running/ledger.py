"""The ledger: each evaluation is suggested once and reported once, and written down first."""

import math
from collections import deque
from contextlib import nullcontext
from itertools import count
from uuid import uuid4

from sh_teach.running.accepted import check_pending
from sh_teach.running.journal import RESULT, SUGGESTION, Journal


class Ledger:
    """What the scheduler suggested and has no result yet; with a journal, kept on disk as well.

    An evaluation is a dict: ``number``, ``trial_id``, ``round`` and ``config`` from the start;
    ``started``, ``worker``, ``ended``, ``error`` and ``failure`` once it has a result.
    """

    def __init__(self, scheduler, journal=None):
        self.scheduler = scheduler
        self.count = 0  # of evaluations suggested so far
        self._open = {}  # number -> evaluation
        self._to_retry = deque()
        self._written = 0
        self._latest = {}  # of plain dicts: configuration -> its trial_id and resource
        self._trial_ids = count()  # for them
        self._journal = None if journal is None else Journal(journal, scheduler)
        self._to_replay = self._journal.entries() if self._journal else []
        self.run_id = self._journal.run_id if self._journal else uuid4().hex

    def replay(self):
        """Bring the scheduler to where the journal ends, and yield what has a result."""
        for entry in self._to_replay:
            number = entry.get("number", self.count)
            if number >= self.count:
                self._journal.compare(entry, self._suggest())
            elif number in self._open and "error" in entry:
                evaluation = self._open[number]
                evaluation |= entry | {"error": float(entry["error"])}
                yield self._report(evaluation)
            # Else an interrupt came just after the line was written, and it was written again.
        self._written, self._to_replay = self.count, None
        check_pending(self.scheduler, self._open.values())

    def in_use(self):
        """Return a context in which no other run can write to the journal."""
        check_pending(self.scheduler, self._open.values())
        return self._journal.in_use() if self._journal else nullcontext()

    def resume(self, results):
        """Retry what an earlier run left without one of these results."""
        ended = {evaluation["number"] for evaluation, *_ in results}
        self._to_retry = deque(e for number, e in self._open.items() if number not in ended)
        for evaluation in self._to_retry:  # the last time, this may have failed on a full disk
            self._write(evaluation)

    def retry(self, evaluation):
        """Let a lost evaluation be started again."""
        self._to_retry.append(evaluation)

    def next(self):
        """Return the next evaluation to start, or ``None`` if the scheduler has none."""
        evaluation = self._to_retry.popleft() if self._to_retry else self._suggest()
        if evaluation is not None:
            self._write(evaluation)
        return evaluation

    def close(self, evaluation, ended, error, failure):
        """Write a result down and report it; return the record. If it raises, call it again."""
        if "failure" not in evaluation:
            failure = None if failure is None else repr(failure)
            evaluation["ended"], evaluation["error"] = ended, error
            if self._journal:
                self._journal.write(evaluation | {"failure": failure}, RESULT)
            evaluation["failure"] = failure  # the last: now it is written down
        return self._report(evaluation) if evaluation["number"] in self._open else evaluation

    def _report(self, evaluation):
        config = evaluation["config"]
        # The record keeps a copy: a scheduler may promote by changing the dict that it suggested.
        evaluated = dict(config)
        self.scheduler.update(config, evaluation["error"])
        evaluation["config"] = evaluated
        del self._open[evaluation["number"]]
        return evaluation

    def _suggest(self):
        if (suggestion := self.scheduler.suggest()) is None:
            return None
        if not isinstance(suggestion, dict):
            raise TypeError(f"suggest() returned {suggestion!r}: it must be a dict, or None")
        evaluation = {
            "number": self.count,
            "trial_id": self._trial_id(suggestion),
            "round": getattr(suggestion, "round", None),
            "config": suggestion,
        }
        self.count += 1
        self._open[evaluation["number"]] = evaluation
        return evaluation

    def _trial_id(self, suggestion):
        """Return its own trial_id; of a plain dict, that of the configuration it promotes."""
        if hasattr(suggestion, "trial_id"):
            return suggestion.trial_id
        arguments = dict(suggestion)
        resource = arguments.pop("max_epochs", 0)
        configuration = repr(sorted(arguments.items()))
        trial_id, paid = self._latest.get(configuration, (None, math.inf))
        if resource <= paid:  # no promotion: the same values drawn anew
            trial_id = next(self._trial_ids)
        self._latest[configuration] = trial_id, resource
        return trial_id

    def _write(self, evaluation):
        if self._journal and evaluation["number"] == self._written:
            self._journal.write(evaluation, SUGGESTION)
            self._written += 1
