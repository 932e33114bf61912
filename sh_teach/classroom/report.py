"""The report of a check: which rules passed, which failed, and the counterexamples."""

from itertools import pairwise

from matplotlib import pyplot as plt

from sh_teach.plots.time import plot_timeline

PASSED, FAILED, NOT_ATTEMPTED = "passed", "failed", "not attempted"


class Report:
    """The results of a check, by rule: ``"passed"``, ``"failed"`` or ``"not attempted"``."""

    def __init__(self):
        self.results = {}
        self.stories = {}  # the smallest counterexample, or why not attempted; empty if passed
        self.tables = {}  # the counterexamples, for `plot_timeline`

    def add(self, rule, result, story="", table=None):
        """Note the result of a rule."""
        self.results[rule], self.stories[rule] = result, story
        if table is not None:
            self.tables[rule] = table

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

    def draw(self):
        """Draw the timeline of each counterexample."""
        for rule, table in self.tables.items():
            plot_timeline(table).set_xlabel(f"time (seconds) - failed: {rule}")
            plt.show()


def counterexample(observation, violation):
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
