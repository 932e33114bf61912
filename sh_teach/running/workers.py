"""Workers: where an evaluation runs, and whose clock it is timed by."""

import time
from abc import ABC, abstractmethod


class LostEvaluation(Exception):
    """An evaluation was dropped. That says nothing about its configuration, so it is retried."""


class Workers(ABC):
    """What the loop of `HPOTuner` needs of workers. As a context, they start and end a run."""

    now = 0.0  # seconds by the workers' clock
    taken = False  # by a tuner

    @abstractmethod
    def __enter__(self):
        """Make all workers idle; what an interrupted run had started is dropped."""

    def __exit__(self, *_):  # noqa: B027
        """End the run."""

    @property
    @abstractmethod
    def free(self):
        """How many evaluations can be started now."""

    @abstractmethod
    def start(self, evaluation, objective, arguments):
        """Start ``objective(**arguments)``, and note the worker in the evaluation, a dict."""

    @abstractmethod
    def finished(self):
        """Wait; return those that end `now`, as (evaluation, error, exception or ``None``).

        The list may be empty: then ask again.
        """

    def replay(self, evaluation):
        """Take over the time at which an evaluation of an earlier process ended."""
        self.now = evaluation["ended"]


class InlineWorker(Workers):
    """One worker: the tuner's own process. Its clock runs only while an evaluation does."""

    def __enter__(self):
        self._started = None
        return self

    @property
    def free(self):
        """One, or none."""
        return int(self._started is None)

    def start(self, evaluation, objective, arguments):
        """Accept an evaluation; it runs when `finished` is called."""
        evaluation["worker"] = 0
        self._started = evaluation, objective, arguments

    def finished(self):
        """Run what was started."""
        job, self._started = self._started, None
        began = time.perf_counter()
        try:
            return [evaluate(*job)]
        finally:
            self.now += time.perf_counter() - began


def evaluate(evaluation, objective, arguments):
    """Return the evaluation, what the objective returned, and what it raised."""
    try:
        return evaluation, objective(**arguments), None
    except Exception as failure:
        return evaluation, None, failure
