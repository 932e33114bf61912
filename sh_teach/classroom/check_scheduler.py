"""Feedback on a scheduler that a student wrote."""

from functools import cache
from itertools import pairwise

from sh_teach.classroom.experiment import GuardedScheduler
from sh_teach.classroom.invariants import ONCE, RULES, RUNS, SMALL, it_runs
from sh_teach.classroom.student_code import Stopped

PASSED, FAILED, NOT_ATTEMPTED = "passed", "failed", "not attempted"


def check_scheduler(make_scheduler):
    """Check the rules of successive halving on a scheduler, and print a report.

    Parameters
    ----------
    make_scheduler : callable
        ``make_scheduler(searcher, eta, r_min, r_max)`` returns a new scheduler: a class will do.
        It needs `suggest` and `update`, and may suggest plain dicts, as in the book.

    Returns
    -------
    Report
        ``report.of("failed")`` lists the rules that failed; ``report.stories[rule]`` says why.

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
    return report


class Report:
    """The results of a check, by rule: ``"passed"``, ``"failed"`` or ``"not attempted"``."""

    def __init__(self):
        self.results = {}
        self.stories = {}  # the smallest counterexample, or why not attempted; empty if passed

    def add(self, rule, result, story=""):
        """Note the result of a rule."""
        self.results[rule], self.stories[rule] = result, story

    def of(self, result):
        """Return the rules with this result."""
        return [rule for rule, found in self.results.items() if found == result]

    def counts(self):
        """Return how many rules have each result, in words."""
        counts = {result: len(self.of(result)) for result in (PASSED, FAILED, NOT_ATTEMPTED)}
        return ", ".join(f"{count} {result}" for result, count in counts.items() if count)

    def __repr__(self):
        return f"<Report: {self.counts()}>"

    def __str__(self):
        if self.of(NOT_ATTEMPTED) == list(self.results):
            return "\n".join([NOT_ATTEMPTED, *self.stories.values()])
        lines = []
        for rule, result in self.results.items():
            # If nothing can be checked yet, the count below says so.
            if result != NOT_ATTEMPTED or self.of(PASSED):
                lines.append(f"{result:15}{rule}")
                lines += [f"    {line}" for line in self.stories[rule].splitlines()]
        return "\n".join([*lines, self.counts()])


def _result(rule, observations, report):
    """Return the result of a rule, and why it is so."""
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
    return FAILED, _counterexample(seen, violation)


def _counterexample(observation, violation):
    """Return what happened up to a violation, in the order of time; if long, what explains it."""
    at = violation.at
    shown = range(at + 1)
    if len(shown) > 12:
        shown = sorted({*violation.because, at - 2, at - 1, at} & set(shown))
    lines = [str(observation.experiment)]
    for before, i in pairwise([-1, *shown]):
        if i > before + 1:
            lines.append("...")
        event = observation.events[i]
        lines.append(f"t = {event.time:g}: {event}.")
    return "\n".join([*lines, f"--> {violation.sentence}"])


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
        return (PASSED,) if "raised ValueError" in str(reason) else (FAILED, f"Twice: {reason}")
    return FAILED, "update() accepted two results of the same evaluation."
