"""What a scheduler does in a small experiment, taken down call by call; for checks.py."""

import math
import random
from dataclasses import dataclass, replace

from sh_teach.classroom.student_code import Stopped, guarded
from sh_teach.running.simulated import SimulatedWorkers
from sh_teach.running.tuner import HPOTuner
from sh_teach.schedulers.bracket import Bracket
from sh_teach.schedulers.searchers import HPOSearcher


@dataclass(frozen=True)
class Experiment:
    """What a scheduler is tried on.

    Attributes
    ----------
    eta, r_min, r_max : int
        Its bracket.
    workers : int
        How many simulated ones.
    errors : str
        ``"distinct"``, ``"equal"`` (on the first rung), ``"nan"`` (some errors are ``nan`` or
        ``inf``) or ``"failed"`` (one evaluation of each rung failed).
    seed : int
        Fixes errors and runtimes.
    """

    eta: int
    r_min: int
    r_max: int
    workers: int = 1
    errors: str = "distinct"
    seed: int = 0

    def error(self, draw, level):
        """Return the error of a configuration, by the number of its draw."""
        rng = random.Random(f"{self.seed} {draw} {level}")
        number = rng.randrange(10, 90) / 100
        # Higher up, the order of the draws and that of arrival differ, and both are sensible.
        if self.errors == "equal" and level == self.r_min:
            return rng.choice([0.3, 0.5])
        if self.errors == "nan":
            return rng.choice([number, number, math.nan, math.inf])
        if self.errors == "failed" and draw % self.eta == 0:
            return math.inf
        # No two are equal, and two digits tell them apart as long as there are few.
        return round(number + 1e-6 * draw, 6)

    def runtime(self, config, r_from, r_to):
        """Return whole seconds, so that they read well, and so that some end together."""
        return random.Random(f"runtime {self.seed} {config['draw']} {r_to}").randint(1, 3)

    def __str__(self):
        workers = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
        return f"eta {self.eta}, from {self.r_min} to {self.r_max} epochs, {workers}"


@dataclass(frozen=True)
class Event:
    """A trial went out (``"sent"``) or came back (``"result"``), or a worker got ``"none"``."""

    kind: str
    time: float
    draw: int = None
    level: int = None
    error: float = None
    worker: int = None


class Numbered(HPOSearcher):
    """A searcher whose configurations are numbers, so that every trial is known by its draw."""

    def __init__(self):
        self.handed_out = []

    def sample_configuration(self):
        """Return the next number, as ``{"draw": number}``."""
        self.handed_out.append({"draw": len(self.handed_out)})
        return self.handed_out[-1]


class History:
    """What a scheduler did in an experiment.

    Parameters
    ----------
    make_scheduler : callable
        ``make_scheduler(searcher, eta, r_min, r_max)`` returns the scheduler.
    experiment : Experiment
        What to try it on.
    rounds : int
        The experiment ends after the evaluations of so many rounds.

    Attributes
    ----------
    events : list of Event
        In the order in which they happened.
    stopped : str or None
        Why the scheduler's code could not be run to the end.
    unwritten : bool
        Whether that is because it has not been written yet.
    changed : str or None
        What the scheduler changed though it is not its own.
    table : pandas.DataFrame
        As `HPOTuner.dataframe`.
    """

    def __init__(self, make_scheduler, experiment, rounds=3):
        self.experiment = experiment
        self.bracket = Bracket(experiment.r_min, experiment.r_max, experiment.eta)
        self.events = []
        self.stopped = None
        self.unwritten = False
        self.changed = None
        self._reported = []
        self.searcher = Numbered()
        workers = SimulatedWorkers(experiment.workers, experiment.runtime, resume=False)
        tuner = HPOTuner(self, self._objective, workers=workers, progress=False)
        self._workers = workers
        try:
            arguments = experiment.eta, experiment.r_min, experiment.r_max
            self._scheduler = guarded("the constructor", make_scheduler, self.searcher, *arguments)
            tuner.run(rounds * self.bracket.evaluations)
        except Stopped as reason:
            self.stopped = str(reason)
            self.unwritten = reason.unwritten
        worker_of = {record["number"]: record["worker"] for record in tuner.records}
        sent = [i for i, event in enumerate(self.events) if event.kind == "sent"]
        for number, i in enumerate(sent):
            self.events[i] = replace(self.events[i], worker=worker_of.get(number))
        self._tuner = tuner

    @property
    def table(self):
        """The evaluations, with the round and the number of each trial as they should be."""
        table = self._tuner.dataframe()
        return table.assign(trial_id=table["draw"], round=table["draw"] // self.bracket.n)

    def _objective(self, draw, max_epochs):
        return self.experiment.error(draw, max_epochs)

    def suggest(self):
        """Ask the scheduler, as the tuner does, and take down what it says."""
        suggestion = guarded("suggest()", self._method("suggest"))
        if suggestion is None:
            self.events.append(Event("none", self._workers.now))
            if self._workers.free == self._workers.n:
                nothing_yet = len(self.events) == 1
                what = "suggest() returned None though nothing is being evaluated."
                raise Stopped(what, unwritten=nothing_yet)
            return None
        if not isinstance(suggestion, dict) or not {"draw", "max_epochs"} <= suggestion.keys():
            raise Stopped(
                f"suggest() returned {suggestion!r}. It must return a dict with what the searcher "
                f"proposed, here draw, and with max_epochs."
            )
        draw, level = suggestion["draw"], suggestion["max_epochs"]
        if level not in self.bracket.levels:
            levels = ", ".join(map(str, self.bracket.levels))
            raise Stopped(f"suggest() asked for {level!r} epochs. The rung levels are {levels}.")
        if not isinstance(draw, int) or not 0 <= draw < len(self.searcher.handed_out):
            raise Stopped(f"suggest() returned {suggestion!r}, which the searcher never proposed.")
        self.events.append(Event("sent", self._workers.now, draw, level))
        return suggestion

    def update(self, config, error):
        """Hand a result on."""
        event = Event("result", self._workers.now, config["draw"], config["max_epochs"], error)
        self.events.append(event)
        self._reported.append((config, dict(config)))
        guarded("update()", self._method("update"), config, error)
        initial = self.searcher.handed_out[0]
        if self.changed is None and initial != {"draw": 0}:
            self.changed = f"The initial configuration, {{'draw': 0}}, has become {initial}."
        for now, then in self._reported:
            if self.changed is None and now != then:
                self.changed = f"What update() was given, {dict(then)}, has become {dict(now)}."

    def _method(self, name):
        try:
            return getattr(self._scheduler, name)
        except AttributeError:
            raise Stopped(f"The scheduler has no method {name}() yet.", True) from None

    # --- what should have happened, given what did ---------------------------------------------

    def round_of(self, draw):
        """Return the round that a trial belongs to."""
        return draw // self.bracket.n

    def sent(self):
        """Return the index of the event with which each evaluation went out.

        Returns
        -------
        dict of (int, int) to int
            By draw and rung level, in the order of the events.
        """
        sent = {}
        for i, event in enumerate(self.events):
            if event.kind == "sent":
                sent.setdefault((event.draw, event.level), i)
        return sent

    def rungs(self):
        """Return the results of each rung, as they came in.

        Returns
        -------
        dict of (int, int) to list of (int, Event)
            By round and rung level, with the index of each event.
        """
        rungs = {}
        for i, event in enumerate(self.events):
            if event.kind == "result":
                rungs.setdefault((self.round_of(event.draw), event.level), []).append((i, event))
        return rungs

    def survivors(self):
        """Return who may be promoted from each rung, and since when.

        Returns
        -------
        certain : dict of (int, int) to int
            By draw and rung level, the event that made sure that it survives.
        full : dict of (int, int) to (int, list of int)
            By round and rung level, the event that filled the rung, and who survives, best first.
        """
        certain, full = {}, {}
        came = {
            draw: i for (draw, level), i in self.sent().items() if level == self.bracket.r_min
        }  # settles ties
        for (round, level), results in self.rungs().items():
            k = self.bracket.levels.index(level)
            if k == self.bracket.K:
                continue
            size, places = self.bracket.sizes[k : k + 2]
            for count in range(1, min(size, len(results)) + 1):
                index = results[count - 1][0]
                seen = sorted((e for _, e in results[:count]), key=lambda e: came[e.draw])
                best = [e.draw for e in sorted(seen, key=goodness)]
                for draw in best[: max(0, places - (size - count))]:
                    certain.setdefault((draw, level), index)
                if count == size:
                    full[round, level] = index, best[:places]
        return certain, full


def goodness(event):
    """Return the error of a result, or infinity: ``nan`` and failures are equally bad."""
    return event.error if event.error < math.inf else math.inf  # nan is not below either
