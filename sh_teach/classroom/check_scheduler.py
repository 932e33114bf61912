"""Feedback on what a student wrote: a scheduler, a bracket, or an objective."""

import tempfile
import warnings
from itertools import product
from pathlib import Path

from sh_teach.classroom.experiment import Experiment, History
from sh_teach.classroom.invariants import PROMISES, RUNS
from sh_teach.classroom.report import FAILED, HELD, NOT_ATTEMPTED, Report, story
from sh_teach.classroom.student_code import Stopped, guarded
from sh_teach.schedulers.bracket import Bracket

SIZES = [(2, 1, 2), (2, 1, 4), (3, 1, 3), (3, 1, 9), (2, 2, 10)]  # eta, r_min, r_max
LOGARITHM_TRAP = (3, 1, 243)  # log(243) / log(3) is below 5

ONCE = "a result is counted once"


def check_scheduler(make_scheduler, timelines=True):
    """Check what a scheduler of successive halving promises, and print a report.

    Parameters
    ----------
    make_scheduler : callable
        ``make_scheduler(searcher, eta, r_min, r_max)`` returns a new scheduler: a class will do.
        It needs `suggest` and `update`, and may suggest plain dicts, as in the book.
    timelines : bool
        Whether the counterexamples are drawn as well.

    Returns
    -------
    Report

    Examples
    --------
    >>> from sh_teach import SuccessiveHalvingScheduler
    >>> report = check_scheduler(SuccessiveHalvingScheduler)
    held           it runs, whatever the bracket and the number of workers
    held           a round follows its plan: so many trials on each rung
    held           first in, first out, the initial configuration first
    held           the best of a rung survive
    held           survivors go out best first
    held           ties keep their order
    held           nan and inf rank last
    held           a failed evaluation fills its rung all the same
    held           rungs belong to a round
    held           older rounds go first
    held           a worker gets work, or waits for a result
    held           nobody else's dict is changed
    held           a result is counted once
    13 held
    """
    report = Report()
    histories = _histories(make_scheduler)
    usual = histories["usual"]
    if usual[0].unwritten:
        report.add(RUNS, NOT_ATTEMPTED, usual[0].stopped)
    else:
        stopped = [history for history in usual if history.stopped]
        _judge(report, RUNS, [(history, history.stopped, None, ()) for history in stopped])
        for promise in PROMISES:
            _check(report, promise, histories[promise.histories])
        _check_that_a_result_counts_once(report, make_scheduler)
    report.show(timelines)
    return report


def _histories(make_scheduler):
    """Return what the scheduler does in experiments, from small to large."""

    def tried(workers, seeds, errors="distinct"):
        experiments = product(SIZES, workers, [errors], range(seeds))
        return [History(make_scheduler, Experiment(*size, *rest)) for size, *rest in experiments]

    trap = History(make_scheduler, Experiment(*LOGARITHM_TRAP), rounds=1)
    alone, together = [*tried([1], 3), trap], tried([2, 3, 4, 8], 8)
    return {
        "alone": alone,
        "together": together,
        "usual": alone + together,
        "equal": tried([1], 5, "equal"),
        "nan": tried([1], 5, "nan"),
        "failed": tried([1], 2, "failed") + tried([1], 2, "nan"),
    }


def _check(report, promise, histories):
    if promise.needs and report.results[promise.needs] != HELD:
        report.add(promise.name, NOT_ATTEMPTED, f"It needs: {promise.needs}.")
        return
    found = []
    judged = 0
    for history in histories:
        if history.stopped:
            if report.results[RUNS] == HELD:  # so it is the errors that it cannot stand
                found.append((history, history.stopped, None, ()))
        elif not (promise.unless and promise.unless(history)):
            judged += 1
            for violation in filter(None, (find(history) for find in promise.violations)):
                found.append((history, violation.sentence, violation.at, violation.because))
    if found or judged:
        _judge(report, promise.name, found)
    else:
        report.add(promise.name, NOT_ATTEMPTED, "Other mistakes hide it.")


def _judge(report, promise, found):
    """Add a promise to the report, with the smallest counterexample if there is one."""
    if not found:
        report.add(promise, HELD)
        return
    smallest = min(found, key=lambda one: (one[2] or len(one[0].events), len(one[0].events)))
    table = smallest[0].table if smallest[2] else None
    report.add(promise, FAILED, story(*smallest), table)


def _check_that_a_result_counts_once(report, make_scheduler):
    history = History(make_scheduler, Experiment(*SIZES[1]), rounds=0)
    try:
        suggestion = history.suggest()
        if not hasattr(suggestion, "trial_id"):
            why = "A plain dict does not tell which evaluation it is; a Trial does."
            report.add(ONCE, NOT_ATTEMPTED, why)
            return
        history.update(suggestion, 0.5)
    except Stopped as reason:
        report.add(ONCE, NOT_ATTEMPTED, str(reason))
        return
    try:
        history.update(suggestion, 0.4)
    except Stopped as reason:
        refused = "raised ValueError" in str(reason)
        report.add(ONCE, HELD if refused else FAILED, "" if refused else f"Twice: {reason}")
    else:
        report.add(ONCE, FAILED, "update() took two results of the same evaluation.")


def check_bracket(make_bracket):
    """Check the arithmetic of a bracket, and print the smallest counterexample.

    Parameters
    ----------
    make_bracket : callable
        ``make_bracket(r_min, r_max, eta)`` returns rung levels and rung sizes, as a pair or as an
        object with `levels` and `sizes`.

    Returns
    -------
    Report

    Examples
    --------
    >>> from sh_teach import Bracket
    >>> report = check_bracket(Bracket)
    held           the rung levels
    held           the rung sizes
    2 held
    """
    report = Report()
    small = [(r_min, r_max, eta) for r_max in range(1, 41) for r_min in range(1, r_max + 1)
             for eta in (2, 3, 4)]  # fmt: skip
    for plan in [*small, (1, 125, 5), (1, 243, 3), (1, 1000, 10), (1, 4913, 17)]:
        _compare_brackets(report, make_bracket, plan)
        if report.of(NOT_ATTEMPTED) or len(report.of(FAILED)) == 2:
            break
    for part in ("levels", "sizes"):
        report.results.setdefault(f"the rung {part}", HELD)
    report.show()
    return report


def _compare_brackets(report, make_bracket, plan):
    right, asked = Bracket(*plan), "r_min={}, r_max={}, eta={}".format(*plan)
    both = ("the rung levels", "the rung sizes")
    try:
        made = guarded("it", make_bracket, *plan)
        parts = (made.levels, made.sizes) if hasattr(made, "levels") else made
        levels, sizes = map(list, parts or ([None], [None]))
    except Stopped as reason:
        for promise in both:
            report.add(
                promise, NOT_ATTEMPTED if reason.unwritten else FAILED, f"{asked}: {reason}"
            )
        return
    except (TypeError, ValueError):
        for promise in both:
            report.add(promise, FAILED, f"{asked}: {made!r} is no pair of levels and sizes")
        return
    if parts is None:
        for promise in both:
            report.add(promise, NOT_ATTEMPTED, "It returns None.")
        return
    for promise, yours, ours in zip(
        both, (levels, sizes), (right.levels, right.sizes), strict=True
    ):
        if yours != list(ours) and promise not in report.results:
            story = f"{asked}: yours are {yours}, they should be {list(ours)}"
            report.add(promise, FAILED, story)


def check_objective(objective, config, r=1, R=2):
    """Check that an objective can pause and resume, and print a report.

    Parameters
    ----------
    objective : callable
        Takes a configuration, ``max_epochs`` and, to pause, ``checkpoint`` (a path) as keyword
        arguments, and returns the validation error.
    config : dict
        A configuration to try it on.
    r, R : int
        Resources at which to pause, and to which to go on.

    Returns
    -------
    Report
    """
    report = Report()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a damaged checkpoint, say

        def error(resource, name=None):
            checkpoint = {} if name is None else {"checkpoint": str(Path(folder) / name)}
            return objective(**config, max_epochs=resource, **checkpoint)

        def repeats():
            first, second = error(r), error(r)
            return first == second, f"Called twice in the same way: {first!r}, then {second!r}."

        def pauses():
            error(r, "paused")
            return (Path(folder) / "paused").exists(), "There is no file at the path it was given."

        def resumes():
            error(r, "resumed")
            resumed, at_once = error(R, "resumed"), error(R)
            return (
                resumed == at_once,
                f"Resumed at {r}: {resumed!r}, trained at once: {at_once!r}.",
            )

        def notices_damage():
            error(r, "damaged")
            path = Path(folder) / "damaged"
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            try:
                return error(R, "damaged") == error(R), "Half of the file was missing: unnoticed."
            except Exception:
                return True, ""

        for promise, question, needs in [
            ("the same call returns the same error", repeats, None),
            ("it writes a checkpoint", pauses, None),
            ("resumed is the same as trained at once", resumes, "it writes a checkpoint"),
            ("a damaged checkpoint is noticed", notices_damage, "it writes a checkpoint"),
        ]:
            if needs and report.results[needs] != HELD:
                report.add(promise, NOT_ATTEMPTED, f"It needs: {needs}.")
                continue
            try:
                holds, why = question()
            except NotImplementedError:
                holds, why = None, "The objective is still to be written."
            except Exception as exception:
                holds, why = False, f"It raised {type(exception).__name__}: {exception}"
            result = NOT_ATTEMPTED if holds is None else HELD if holds else FAILED
            report.add(promise, result, "" if holds else why)
    report.show()
    return report
