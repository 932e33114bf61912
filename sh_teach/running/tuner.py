"""The tuner: one loop that asks the scheduler, runs the objective, and keeps the records."""

import math
from collections import deque
from copy import deepcopy

from sh_teach.arguments import exception_classes, integer
from sh_teach.running.accepted import check_arguments, check_kinds, error_that_counts
from sh_teach.running.interrupts import DeferredInterrupt
from sh_teach.running.journal import CheckpointFolder
from sh_teach.running.ledger import Ledger
from sh_teach.running.processes import as_workers
from sh_teach.running.workers import LostEvaluation


class HPOTuner:
    """Run an objective on the configurations of a scheduler.

    Parameters
    ----------
    scheduler : HPOScheduler
        Or any object with its `suggest` and `update`; it may suggest plain dicts.
    objective : callable
        Takes a suggestion as keyword arguments and returns the validation error, which is made
        small. To maximize an accuracy, return ``1 - accuracy``, or its negative.
    workers : int, concurrent.futures.Executor, dask.distributed.Client or SimulatedWorkers
        Where evaluations run: 1 is this process; more are local processes, started by each `run`.
    checkpoint_dir : str or Path, optional
        A folder for this run's checkpoints: the objective then gets ``checkpoint=path`` as well,
        the same path for all evaluations of a trial, so that a promoted trial resumes.
    journal : str or Path, optional
        A file that every suggestion and result is written to before it counts. If it exists, the
        run continues where it stopped; `scheduler` must then be a new one, made as before.
    progress : bool
        Whether a progress bar is shown.

    Attributes
    ----------
    records : list of dict
        One for each evaluation, in the order in which they ended; see `dataframe`.
    incumbent : dict or None
        The configuration of the best evaluation so far, its resource included.
    incumbent_error : float
        Its error; ``inf`` before there is one.
    incumbent_trajectory : list of float
        The incumbent's error after each evaluation.
    cumulative_runtime : list of float
        Seconds until the end of each evaluation, by the workers' clock.
    current_runtime : float
        The last of them.

    Raises
    ------
    TypeError
        If `scheduler` has no `suggest` or `update`, or if `objective` cannot be called with what
        it will be given.
    ValueError
        If `scheduler` waits for results that another tuner started, or cannot be told from others
        (`HPOScheduler.settings`); if `checkpoint_dir` or `journal` belongs to another run, is
        damaged or cannot be written; or if `workers` is below 1 or another tuner's.
    RuntimeError
        If another run uses the journal or the folder at this moment.

    Examples
    --------
    >>> from sh_teach import BasicScheduler, RandomSearcher
    >>> scheduler = BasicScheduler(RandomSearcher({"x": [3, 4, 5]}, {"x": 4}, seed=0))
    >>> tuner = HPOTuner(scheduler, lambda x: x**2, progress=False)
    >>> tuner.run(number_of_trials=1)
    >>> tuner.incumbent, tuner.incumbent_error
    ({'x': 4}, 16.0)
    """

    def __init__(
        self, scheduler, objective, workers=1, checkpoint_dir=None, journal=None, progress=True
    ):
        check_kinds(scheduler, objective)
        self.scheduler = scheduler
        self.objective = objective
        self.progress = progress
        self.records = []
        self.incumbent = None
        self.incumbent_error = math.inf
        self.incumbent_trajectory = []
        self.cumulative_runtime = []
        self.current_runtime = 0.0
        self._workers = as_workers(workers, objective)
        self._results = deque()  # of evaluations that ended and were not reported yet
        self._ledger = Ledger(scheduler, journal)
        check_arguments(scheduler, objective, checkpoint_dir)
        self._checkpoints = CheckpointFolder(checkpoint_dir, self._ledger.run_id)
        for evaluation in self._ledger.replay():
            self._workers.replay(evaluation)
            self._keep(evaluation)
        self._replayed = len(self.records)
        self._workers.taken = True

    def run(self, number_of_trials, catch=()):
        """Run this many evaluations more.

        An exception that is not caught, or Ctrl-C, ends the run with everything kept: the next
        call starts with the evaluations that were interrupted.

        Parameters
        ----------
        number_of_trials : int
            Evaluations, as the book counts. In the first call, those of the journal count.
        catch : exception class or tuple of them
            What the objective may raise without ending the run: that evaluation then counts as
            error ``inf``, and its record names the failure. An evaluation that was lost is
            retried, unless `LostEvaluation` itself is named here.

        Raises
        ------
        TypeError
            If the objective returns no number.
        ValueError, RuntimeError
            If another run has used the folder or the journal since, or uses it now; or if the
            scheduler suggests nothing though no evaluation is running.
        OSError
            If the journal could not be written; `run` can be called again once it can.
        """
        from tqdm.auto import tqdm

        remaining = integer("number_of_trials", number_of_trials, minimum=0) - self._replayed
        catch = exception_classes("catch", catch)
        with (
            DeferredInterrupt() as interrupt,
            self._ledger.in_use(),
            self._checkpoints.in_use(),
            self._workers as workers,
            tqdm(total=max(0, remaining), disable=not self.progress, unit="evaluation") as bar,
        ):
            self._replayed = running = 0
            self._ledger.resume(self._results)
            n = len(self.records)  # an interrupt may have left these a step ahead
            del self.incumbent_trajectory[n:], self.cumulative_runtime[n:]
            while remaining > 0:
                # All that ended at one moment is reported before a free worker asks again.
                while not self._results:
                    while running < remaining and workers.free > 0 and self._start_next():
                        running += 1
                    if not running:
                        raise RuntimeError("the scheduler suggests nothing, and nothing runs")
                    self._results.extend(interrupt.allow(workers.finished))
                    running -= len(self._results)
                if self._report(catch):
                    remaining -= 1
                    bar.update()
                    if self.progress:
                        bar.set_postfix(incumbent_error=self.incumbent_error)

    def _start_next(self):
        """Start the next evaluation; return False if the scheduler has none."""
        if (evaluation := self._ledger.next()) is None:
            return False
        config = evaluation["config"].items()  # a list in it is the searcher's: give a copy
        arguments = {name: v if v.__hash__ else deepcopy(v) for name, v in config}
        if self._checkpoints.path:
            arguments["checkpoint"] = self._checkpoints.path / f"trial-{evaluation['trial_id']}"
        evaluation["started"] = self._workers.now
        self._workers.start(evaluation, self.objective, arguments)
        return True

    def _report(self, catch):
        """Report the next result and keep its record; return False if it was lost instead."""
        evaluation, error, failure = self._results[0]
        lost = isinstance(failure, LostEvaluation) and LostEvaluation not in catch
        if lost:
            self._ledger.retry(evaluation)
        else:
            try:
                error = error_that_counts(evaluation["config"], error, failure, catch)
            except Exception:
                self._results.popleft()  # the next run evaluates it again
                raise
            self._keep(self._ledger.close(evaluation, self._workers.now, error, failure))
        self._results.popleft()  # not before: if the scheduler raises, the next run reports it
        return not lost

    def _keep(self, record):
        if self.records and self.records[-1] is record:
            return  # an interrupt came just after this
        error = record["error"]
        if error < self.incumbent_error and math.isfinite(error):
            self.incumbent, self.incumbent_error = dict(record["config"]), error
        self.current_runtime = record["ended"]
        self.incumbent_trajectory.append(self.incumbent_error)
        self.cumulative_runtime.append(self.current_runtime)
        self.records.append(record)

    def dataframe(self):
        """Return the records as a table.

        Returns
        -------
        pandas.DataFrame
            One row for each evaluation, in the order in which they ended, with the columns
            ``trial_id``, ``round`` (missing where the scheduler has none), ``worker``,
            ``started`` and ``ended`` (seconds by the workers' clock), ``error``, ``failure`` (the
            exception, or missing), and one for each keyword argument of the objective.
        """
        import pandas as pd

        names = ["trial_id", "round", "worker", "started", "ended", "error", "failure"]
        rows = []
        for record in self.records:
            arguments = record["config"].items()
            row = {f"config.{key}" if key in names else key: value for key, value in arguments}
            rows.append({name: record[name] for name in names} | row)
        return pd.DataFrame(rows, columns=None if rows else names)
