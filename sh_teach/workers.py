"""Workers: where an evaluation runs, and whose clock it is timed by.

The loop of `HPOTuner` needs five things of them: how many are free, the time, `start`,
`finished`, which waits for the next evaluations to end, and `forget` after an interruption.
"""

import time


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

    @property
    def free(self):
        """How many evaluations can be started now."""
        return int(self._started is None)

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

    def forget(self):
        """Drop what was started and did not run: Ctrl-C may come just before `finished`."""
        self._started = None

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
        error = failure = None
        began = time.perf_counter()
        try:
            error = objective(**arguments)
        except Exception as exception:
            failure = exception
        finally:
            self.now += time.perf_counter() - began
        return [(evaluation, error, failure)]
