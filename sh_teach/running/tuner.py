"""The tuner: one loop that asks the scheduler, runs the objective, and keeps the records."""

import inspect
import math
from collections import deque
from contextlib import nullcontext
from pathlib import Path

from sh_teach.arguments import error_value, integer
from sh_teach.running.interrupts import DeferredInterrupt
from sh_teach.running.journal import Journal
from sh_teach.running.plain_dicts import TrialIds
from sh_teach.running.processes import ClusterWorkers, ExecutorWorkers, LocalProcesses
from sh_teach.running.workers import InlineWorker, LostEvaluation


def as_workers(workers):
    """Return the workers that an argument of `HPOTuner` stands for.

    Parameters
    ----------
    workers : int, concurrent.futures.Executor, dask.distributed.Client or SimulatedWorkers
        1 is this process, a larger number so many local processes.

    Raises
    ------
    TypeError, ValueError
        If it is none of these.
    """
    if hasattr(workers, "finished"):
        return workers
    if hasattr(workers, "nthreads") and hasattr(workers, "submit"):
        return ClusterWorkers(workers)
    if hasattr(workers, "submit"):
        return ExecutorWorkers(workers)
    n = integer("workers", workers, minimum=1)
    return InlineWorker() if n == 1 else LocalProcesses(n)


class HPOTuner:
    """Run an objective on the configurations of a scheduler.

    Parameters
    ----------
    scheduler : HPOScheduler
        Or any object with its `suggest` and `update`; it may suggest plain dicts.
    objective : callable
        Takes a suggestion as keyword arguments and returns the validation error.
    workers : int, concurrent.futures.Executor, dask.distributed.Client or SimulatedWorkers
        Where evaluations run. 1 is this process; a larger number so many local processes, which
        live as long as a call of `run`.
    checkpoint_dir : str or Path, optional
        A folder for the objective's checkpoints: it then gets ``checkpoint=path`` as well, the
        same path for all evaluations of a trial, so that a promoted trial resumes.
    journal : str or Path, optional
        A file that every suggestion and result is written to before it counts. Where it exists,
        the run goes on where it stopped; `scheduler` must then be a new one, made as before.
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
        If the objective cannot take ``checkpoint=path`` though there is a `checkpoint_dir`.
    ValueError
        If `checkpoint_dir` holds the checkpoints of another run, if `journal` is of another run
        or damaged, or `workers` is below 1.
    RuntimeError
        If another process uses the journal.

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
        self,
        scheduler,
        objective,
        workers=1,
        checkpoint_dir=None,
        journal=None,
        progress=True,
    ):
        self.scheduler = scheduler
        self.objective = objective
        self.progress = progress
        self.records = []
        self.incumbent = None
        self.incumbent_error = math.inf
        self.incumbent_trajectory = []
        self.cumulative_runtime = []
        self.current_runtime = 0.0
        self._workers = as_workers(workers)
        self._evaluations = 0
        self._unfinished = {}
        self._results = deque()  # of evaluations that ended and were not reported yet
        self._trial_id = TrialIds()
        self._journal = None if journal is None else Journal(journal, scheduler)
        if journal is not None:
            self._replay(self._journal.entries())
        self._replayed = len(self.records)
        self._written = self._evaluations
        self.checkpoint_dir = _checkpoint_folder(checkpoint_dir, objective, self._evaluations)

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
            error ``inf``, and its record names the failure.

        Raises
        ------
        TypeError
            If the objective returns no number.
        RuntimeError
            If the scheduler suggests nothing though no evaluation is running, or if another
            process uses the journal.
        OSError
            If the journal could not be written; `run` can be called again once it can.
        """
        from tqdm.auto import tqdm

        number_of_trials = integer("number_of_trials", number_of_trials, minimum=0)
        _check_exceptions(catch)
        number_of_trials = max(0, number_of_trials - self._replayed)
        with (
            DeferredInterrupt() as interrupt,
            self._journal.in_use() if self._journal else nullcontext(),
            self._workers as workers,
            tqdm(total=number_of_trials, disable=not self.progress, unit="evaluation") as bar,
        ):
            self._replayed = 0
            have_ended = {evaluation["number"] for evaluation, *_ in self._results}
            to_repeat = deque(e for n, e in self._unfinished.items() if n not in have_ended)
            for evaluation in to_repeat:  # the last time, this may have failed on a full disk
                self._write_down(evaluation)
            started, reported = len(self._results), 0
            while reported < number_of_trials:
                while not self._results:
                    while started < number_of_trials and workers.free > 0:
                        evaluation = to_repeat.popleft() if to_repeat else self._next_evaluation()
                        if evaluation is None:
                            break
                        self._start(evaluation)
                        started += 1
                    if started == reported:
                        raise RuntimeError("the scheduler suggests nothing, and nothing runs")
                    with interrupt.allowed():
                        self._results.extend(workers.finished())
                # All that ended at this moment is reported before a free worker asks again.
                while self._results and reported < number_of_trials:
                    evaluation, _, failure = self._results[0]
                    if isinstance(failure, LostEvaluation) and not isinstance(failure, catch):
                        self._results.popleft()
                        to_repeat.append(evaluation)
                        started -= 1
                        continue
                    self._report(catch)
                    reported += 1
                    bar.update()
                if self.progress:
                    bar.set_postfix(incumbent_error=self.incumbent_error)

    def dataframe(self):
        """Return the records as a table.

        Returns
        -------
        pandas.DataFrame
            One row for each evaluation, in the order in which they ended, with the columns
            ``trial_id``, ``round`` (missing where the scheduler has none), ``worker``,
            ``started`` and ``ended`` (seconds by the workers' clock), ``error``, ``failure`` (the
            exception, or missing), and one for each keyword argument of the objective, such as
            ``max_epochs``.
        """
        import pandas as pd

        names = ["trial_id", "round", "worker", "started", "ended", "error", "failure"]
        rows = []
        for record in self.records:
            arguments = record["config"].items()
            row = {f"config.{key}" if key in names else key: value for key, value in arguments}
            rows.append({name: record[name] for name in names} | row)
        return pd.DataFrame(rows, columns=None if rows else names)

    def _next_evaluation(self):
        """Return the record of the scheduler's next suggestion, as far as it is known yet."""
        evaluation = self._suggested()
        if evaluation is not None:
            self._write_down(evaluation)
        return evaluation

    def _suggested(self):
        suggestion = self.scheduler.suggest()
        if suggestion is None:
            return None
        evaluation = {
            "number": self._evaluations,
            "trial_id": self._trial_id(suggestion),
            "round": getattr(suggestion, "round", None),
            "config": suggestion,
        }
        self._unfinished[self._evaluations] = evaluation
        self._evaluations += 1
        return evaluation

    def _write_down(self, suggestion):
        if self._journal and suggestion["number"] == self._written:
            self._journal.suggested(suggestion)
            self._written += 1

    def _start(self, evaluation):
        arguments = dict(evaluation["config"])
        if self.checkpoint_dir is not None:
            arguments["checkpoint"] = self.checkpoint_dir / f"trial-{evaluation['trial_id']}"
        evaluation["started"] = self._workers.now
        self._workers.start(evaluation, self.objective, arguments)

    def _report(self, catch):
        """Write down the next result, tell the scheduler, and keep the record."""
        evaluation, error, failure = self._results[0]
        if "ended" not in evaluation:  # else it was written down before the scheduler raised
            try:
                if failure is not None and not isinstance(failure, catch):
                    raise failure
                error = math.inf if failure is not None else error_value(error)
            except Exception as exception:
                self._results.popleft()
                exception.add_note(f"This was the evaluation of {dict(evaluation['config'])!r}.")
                exception.add_note("The results so far are kept. Assign what is mended to")
                exception.add_note("tuner.objective, and run() goes on with this evaluation.")
                raise
            result = {
                "started": evaluation["started"],
                "worker": evaluation["worker"],
                "ended": self._workers.now,
                "error": error,
                "failure": None if failure is None else repr(failure),
            }
            if self._journal:
                self._journal.ended(evaluation["number"], result)
            evaluation |= result
        self._count(evaluation)
        self._results.popleft()

    def _count(self, evaluation):
        # The record keeps a copy: a scheduler may promote by changing the dict that it suggested.
        config, error = evaluation["config"], evaluation["error"]
        evaluated = dict(config)
        self.scheduler.update(config, error)
        del self._unfinished[evaluation["number"]]
        evaluation["config"] = evaluated
        self.records.append(evaluation)
        if error < self.incumbent_error:
            self.incumbent, self.incumbent_error = dict(evaluated), error
        self.current_runtime = evaluation["ended"]
        self.incumbent_trajectory.append(self.incumbent_error)
        self.cumulative_runtime.append(self.current_runtime)

    def _replay(self, entries):
        """Bring the scheduler, and all that is kept here, to where the journal ends."""
        for entry in entries:
            if "config" in entry:
                self._journal.compare(entry, self._suggested())
            else:
                evaluation = self._unfinished[entry["number"]]
                evaluation |= entry | {"error": float(entry["error"])}
                self._workers.replay(evaluation)
                self._count(evaluation)


def _checkpoint_folder(checkpoint_dir, objective, goes_on):
    if checkpoint_dir is None:
        return None
    accepted = inspect.signature(objective).parameters.values()
    if not any(p.name == "checkpoint" or p.kind is p.VAR_KEYWORD for p in accepted):
        raise TypeError(
            f"checkpoint_dir={str(checkpoint_dir)!r}: the objective takes no argument checkpoint"
        )
    folder = Path(checkpoint_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("trial-*")) and not goes_on:
        raise ValueError(
            f"checkpoint_dir={str(checkpoint_dir)!r}: it holds the checkpoints of another run; "
            f"take an empty folder"
        )
    return folder


def _check_exceptions(catch):
    for item in catch if isinstance(catch, tuple) else (catch,):
        if not (isinstance(item, type) and issubclass(item, BaseException)):
            raise TypeError(f"catch={catch!r}: it must be an exception class, or a tuple of them")
