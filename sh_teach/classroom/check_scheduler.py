"""Feedback on a scheduler that a student wrote."""

from functools import cache

from sh_teach.classroom.experiment import GuardedScheduler
from sh_teach.classroom.invariants import ONCE, RULES, RUNS, SMALL, it_runs
from sh_teach.classroom.report import FAILED, NOT_ATTEMPTED, PASSED, Report, counterexample
from sh_teach.classroom.student_code import Stopped


def check_scheduler(make_scheduler, timelines=True):
    """Check the rules of successive halving on a scheduler, and print a report.

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

    Raises
    ------
    TypeError
        If `make_scheduler` is a scheduler, or anything else that cannot be called.

    Examples
    --------
    >>> from sh_teach import SuccessiveHalvingScheduler
    >>> report = check_scheduler(SuccessiveHalvingScheduler)  # doctest: +ELLIPSIS
    passed         it runs with every bracket and any number of workers
    passed         a round has the planned number of trials on each rung
    ...
    13 passed
    """
    made = hasattr(make_scheduler, "suggest") and not isinstance(make_scheduler, type)
    if made or not callable(make_scheduler):
        kind = type(make_scheduler).__name__
        raise TypeError(f"make_scheduler is a {kind}: pass the class, not an instance")
    report, observed = Report(), cache(lambda experiment: experiment.run(make_scheduler))
    first = observed(RULES[0].experiments[0]).stopped
    if first and first.unwritten:
        report.add(RUNS, NOT_ATTEMPTED, str(first))
    else:
        for rule in RULES:
            report.add(rule.name, *_result(rule, map(observed, rule.experiments), report))
        report.add(ONCE, *_result_of_counting_once(make_scheduler))
    print(report)
    if timelines and report.tables:
        report.draw()
    return report


def _result(rule, observations, report):
    """Return the result of a rule, why it is so, and the table of a counterexample."""
    if rule.needs and report.results[rule.needs] != PASSED:
        return NOT_ATTEMPTED, f"It needs: {rule.needs}."
    hidden = report.results.get(RUNS) == FAILED  # the reason is shown there
    observations = [
        seen
        for seen in observations
        if not (hidden and seen.stopped) and not (rule.unless and any(rule.unless(seen)))
    ]
    if not observations:
        return NOT_ATTEMPTED, "Other mistakes hide it."
    found = [
        (seen, violation)
        for seen in observations
        for find in ([it_runs] if seen.stopped else rule.violations)
        for violation in find(seen)
    ]
    if not found:
        return (PASSED,)
    seen, violation = min(found, key=lambda pair: (pair[1].at, len(pair[0].events)))
    table = None if seen.stopped else seen.tuner.dataframe()
    return FAILED, counterexample(seen, violation), table


def _result_of_counting_once(make_scheduler):
    scheduler = GuardedScheduler(make_scheduler, SMALL[1])
    try:
        trial = scheduler.suggest()
        scheduler.update(trial, 0.5)
    except Stopped as reason:
        return NOT_ATTEMPTED, str(reason)
    if not all(hasattr(own, "trial_id") for own in scheduler.own.values()):
        return NOT_ATTEMPTED, "A plain dict does not say which evaluation it is; a Trial does."
    try:
        scheduler.update(trial, 0.4)
    except Stopped as reason:
        refused = "raised ValueError" in str(reason)
        return (PASSED,) if refused else (FAILED, f"Twice: {reason}")
    return FAILED, "update() accepted two results of the same evaluation."
