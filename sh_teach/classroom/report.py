"""What a check reports: what was held, what failed, and why, told as a story."""

import math

HELD, FAILED, NOT_ATTEMPTED = "held", "failed", "not attempted"
MOST_EVENTS = 12


class Report:
    """The results of a check, one for each promise.

    Attributes
    ----------
    results : dict of str to str
        ``"held"``, ``"failed"`` or ``"not attempted"``, by the promise.
    stories : dict of str to str
        Of what failed the smallest counterexample, of what was not attempted the reason.
    tables : dict of str to pandas.DataFrame
        The evaluations of the counterexamples, for `plot_timeline`.
    """

    def __init__(self):
        self.results = {}
        self.stories = {}
        self.tables = {}

    def add(self, promise, result, story="", table=None):
        """Note the result of a promise."""
        self.results[promise] = result
        if story:
            self.stories[promise] = story
        if table is not None:
            self.tables[promise] = table

    def of(self, result):
        """Return the promises with a result.

        Parameters
        ----------
        result : str
            ``"held"``, ``"failed"`` or ``"not attempted"``.

        Returns
        -------
        list of str
        """
        return [promise for promise, found in self.results.items() if found == result]

    def __str__(self):
        if self.of(NOT_ATTEMPTED) == list(self.results):
            return "\n".join([NOT_ATTEMPTED, *self.stories.values()])
        lines = []
        for promise, result in self.results.items():
            if result == NOT_ATTEMPTED and not self.of(HELD):
                continue  # nothing can be judged yet, and the count below says so
            lines.append(f"{result:15}{promise}")
            lines += [f"    {line}" for line in self.stories.get(promise, "").splitlines()]
        counts = {result: len(self.of(result)) for result in (HELD, FAILED, NOT_ATTEMPTED)}
        lines.append(", ".join(f"{count} {result}" for result, count in counts.items() if count))
        return "\n".join(lines)

    def _ipython_display_(self):
        """Show nothing: a check as the last line of a cell has printed its report already."""

    def show(self, timelines=True):
        """Print the report, and draw the timeline of each counterexample.

        Parameters
        ----------
        timelines : bool
            Whether to draw.
        """
        print(self)
        if not timelines or not self.tables:
            return
        from matplotlib import pyplot as plt

        from sh_teach.plots.time import plot_timeline

        for promise, table in self.tables.items():
            plot_timeline(table).set_xlabel(f"time (seconds) - failed: {promise}")
            plt.show()


def story(history, sentence, at=None, because=()):
    """Tell what happened up to an event, in the order of time.

    Parameters
    ----------
    history : History
        What happened.
    sentence : str
        What is wrong with it; it ends the story.
    at : int, optional
        Index of the event that shows it; by default the last.
    because : sequence of int
        Indices of events that one must know, in case there are too many to tell all.

    Returns
    -------
    str
    """
    events = history.events[: None if at is None else at + 1]
    told = set(range(len(events)))
    if len(events) > MOST_EVENTS:
        told = {*because, *range(len(events) - 3, len(events))}
    lines = [str(history.experiment)]
    for i, event in enumerate(events):
        if i in told:
            lines.append(_sentence(history, event))
        elif lines[-1] != "...":
            lines.append("...")
    return "\n".join([*lines, f"--> {sentence}"])


def _sentence(history, event):
    now = f"t = {event.time:g}:"
    if event.kind == "none":
        return f"{now} a worker is free and gets nothing."
    epochs = f"{event.level} epoch{'s' if event.level > 1 else ''}"
    trial = f"trial {event.draw} of round {history.round_of(event.draw)}"
    if event.kind == "sent":
        who = "a worker" if event.worker is None else f"worker {event.worker}"
        return f"{now} {who} is free and trains {trial} to {epochs}."
    error = f"{event.error:.2f}" if math.isfinite(event.error) else str(event.error)
    return f"{now} {trial} has error {error} after {epochs}."
