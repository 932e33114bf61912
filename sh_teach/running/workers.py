"""Workers: where an evaluation runs, and whose clock it is timed by.

The loop of `HPOTuner` needs five things of them. Used as a context, they start and end a run;
``free`` says how many evaluations can be started now, and ``now`` the time; `start` accepts an
evaluation; `finished` waits for the next ones to end. `replay` tells what a journal remembers.
"""

import time


class LostEvaluation(Exception):
    """An evaluation was dropped; it says nothing about the configuration, and can be repeated."""


class InlineWorker:
    """One worker: the process that the tuner itself runs in.

    Attributes
    ----------
    free : int
        How many evaluations can be started now: 1 or 0.
    now : float
        Seconds that evaluations have taken so far; the clock stands still in between.
    """

    def __init__(self):
        self.now = 0.0
        self._started = None

    def __enter__(self):
        """Drop what was started and did not run: Ctrl-C may come just before `finished`."""
        self._started = None
        return self

    def __exit__(self, *_):
        """Do nothing: nothing runs in the background."""

    @property
    def free(self):
        """How many evaluations can be started now."""
        return int(self._started is None)

    def replay(self, evaluation):
        """Take over the time at which an evaluation of an earlier process ended."""
        self.now = evaluation["ended"]

    def start(self, evaluation, objective, arguments):
        """Accept an evaluation; it runs when `finished` is called.

        Parameters
        ----------
        evaluation : dict
            The tuner's record of it; its worker is noted there.
        objective : callable
            What to run.
        arguments : dict
            The objective's keyword arguments.
        """
        evaluation["worker"] = 0
        self._started = evaluation, objective, arguments

    def finished(self):
        """Run what was started.

        Returns
        -------
        list of (dict, float or None, Exception or None)
            The evaluations that ended, all at the time `now`, each with its error or with the
            exception that it raised.
        """
        evaluation, objective, arguments = self._started
        self._started = None
        began = time.perf_counter()
        try:
            return [evaluate(evaluation, objective, arguments)]
        finally:
            self.now += time.perf_counter() - began


def evaluate(evaluation, objective, arguments):
    """Return the evaluation, what the objective returned, and what it raised."""
    try:
        return evaluation, objective(**arguments), None
    except Exception as failure:
        return evaluation, None, failure
