"""The tuner: one loop that asks the scheduler, runs the objective, and keeps the records."""

import inspect
import math
from collections import deque
from copy import copy
from pathlib import Path

from sh_teach.arguments import error_value, integer
from sh_teach.interrupts import DeferredInterrupt
from sh_teach.schedulers import RESOURCE
from sh_teach.workers import InlineWorker


class HPOTuner:
    """Run an objective on the configurations of a scheduler.

    Parameters
    ----------
    scheduler : HPOScheduler
        Or any object with its `suggest` and `update`; it may suggest plain dicts.
    objective : callable
        Takes a suggestion as keyword arguments and returns the validation error.
    workers : int
        How many evaluations run at a time: 1, in this process.
    checkpoint_dir : str or Path, optional
        A folder for the objective's checkpoints: it then gets ``checkpoint=path`` as well, the
        same path for all evaluations of a trial, so that a promoted trial resumes.
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
        If `workers` is not 1, or `checkpoint_dir` holds the checkpoints of another run.

    Examples
    --------
    >>> from sh_teach import BasicScheduler, RandomSearcher
    >>> scheduler = BasicScheduler(RandomSearcher({"x": [3, 4, 5]}, {"x": 4}, seed=0))
    >>> tuner = HPOTuner(scheduler, lambda x: x**2, progress=False)
    >>> tuner.run(number_of_trials=1)
    >>> tuner.incumbent, tuner.incumbent_error
    ({'x': 4}, 16.0)
    """

    def __init__(self, scheduler, objective, workers=1, checkpoint_dir=None, progress=True):
        if integer("workers", workers, minimum=1) != 1:
            raise ValueError(f"workers={workers!r}: it must be 1, evaluations run in this process")
        self.scheduler = scheduler
        self.objective = objective
        self.checkpoint_dir = _checkpoint_folder(checkpoint_dir, objective)
        self.progress = progress
        self.records = []
        self.incumbent = None
        self.incumbent_error = math.inf
        self.incumbent_trajectory = []
        self.cumulative_runtime = []
        self.current_runtime = 0.0
        self._workers = InlineWorker()
        self._evaluations = 0
        self._unfinished = {}
        self._trial_id = TrialIds()

    def run(self, number_of_trials, catch=()):
        """Run this many evaluations more.

        An exception that is not caught, or Ctrl-C, ends the run with everything kept: the next
        call starts with the evaluation that was interrupted.

        Parameters
        ----------
        number_of_trials : int
            Evaluations, as the book counts.
        catch : exception class or tuple of them
            What the objective may raise without ending the run: that evaluation then counts as
            error ``inf``, and its record names the failure.

        Raises
        ------
        TypeError
            If the objective returns no number.
        RuntimeError
            If the scheduler suggests nothing though no evaluation is running.
        """
        from tqdm.auto import tqdm

        number_of_trials = integer("number_of_trials", number_of_trials, minimum=0)
        _check_exceptions(catch)
        interrupted = deque(self._unfinished.values())
        self._workers.forget()
        started = ended = 0
        with (
            DeferredInterrupt() as interrupt,
            tqdm(total=number_of_trials, disable=not self.progress, unit="evaluation") as bar,
        ):
            while ended < number_of_trials:
                while started < number_of_trials and self._workers.free:
                    evaluation = interrupted.popleft() if interrupted else self._next_evaluation()
                    if evaluation is None:
                        break
                    self._start(evaluation)
                    started += 1
                if started == ended:
                    raise RuntimeError("the scheduler suggests nothing, and nothing is running")
                with interrupt.allowed():
                    finished = self._workers.finished()
                # All that ended at this moment is reported before a free worker asks again.
                for evaluation, error, failure in finished:
                    self._report(evaluation, error, failure, catch)
                    ended += 1
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

    def _start(self, evaluation):
        arguments = dict(evaluation["config"])
        if self.checkpoint_dir is not None:
            arguments["checkpoint"] = self.checkpoint_dir / f"trial-{evaluation['trial_id']}"
        evaluation["started"] = self._workers.now
        self._workers.start(evaluation, self.objective, arguments)

    def _report(self, evaluation, error, failure, catch):
        """Tell the scheduler how an evaluation ended, and keep the record."""
        config = evaluation["config"]
        try:
            if failure is not None and not isinstance(failure, catch):
                raise failure
            error = math.inf if failure is not None else error_value(error)
        except Exception as exception:
            exception.add_note(f"This was the evaluation of {dict(config)!r}.")
            exception.add_note("The results so far are kept. Assign what is mended to")
            exception.add_note("tuner.objective, and run() goes on with this evaluation.")
            raise
        # The record keeps a copy: a scheduler may promote by changing the dict that it suggested.
        evaluated = copy(config)
        self.scheduler.update(config, error)
        del self._unfinished[evaluation["number"]]
        evaluation["config"] = evaluated
        evaluation["ended"] = self.current_runtime = self._workers.now
        evaluation["error"] = error
        evaluation["failure"] = None if failure is None else repr(failure)
        self.records.append(evaluation)
        if error < self.incumbent_error:
            self.incumbent, self.incumbent_error = copy(evaluated), error
        self.incumbent_trajectory.append(self.incumbent_error)
        self.cumulative_runtime.append(self.current_runtime)


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
        resource = arguments.pop(RESOURCE, 0)
        configuration = repr(sorted(arguments.items()))
        trial_id, paid = self._latest.get(configuration, (None, math.inf))
        if resource <= paid:
            # Not a promotion, which is given more than before: the same values drawn anew.
            trial_id, self._count = self._count, self._count + 1
        self._latest[configuration] = trial_id, resource
        return trial_id


def _checkpoint_folder(checkpoint_dir, objective):
    if checkpoint_dir is None:
        return None
    accepted = inspect.signature(objective).parameters.values()
    if not any(p.name == "checkpoint" or p.kind is p.VAR_KEYWORD for p in accepted):
        raise TypeError(
            f"checkpoint_dir={str(checkpoint_dir)!r}: the objective takes no argument checkpoint"
        )
    folder = Path(checkpoint_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("trial-*")):
        raise ValueError(
            f"checkpoint_dir={str(checkpoint_dir)!r}: it holds the checkpoints of another run; "
            f"take an empty folder"
        )
    return folder


def _check_exceptions(catch):
    for item in catch if isinstance(catch, tuple) else (catch,):
        if not (isinstance(item, type) and issubclass(item, BaseException)):
            raise TypeError(f"catch={catch!r}: it must be an exception class, or a tuple of them")
