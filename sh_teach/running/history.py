"""A recorder: what a scheduler does in a simulated run, event by event."""

from dataclasses import dataclass, replace

from sh_teach.running.simulated import SimulatedWorkers
from sh_teach.running.tuner import HPOTuner
from sh_teach.schedulers.trial import Trial
from sh_teach.words import plural


@dataclass(frozen=True)
class Event:
    """The ``"start"`` or ``"end"`` of an evaluation, or ``"wait"``: nothing was suggested."""

    kind: str
    time: float  # seconds by the workers' clock
    trial: Trial | None = None  # a copy, as it was suggested; a plain dict gets a number
    worker: int | None = None
    started: float | None = None  # when the evaluation starts, and when it ends
    ends: float | None = None
    error: float | None = None  # of an evaluation that ended
    waiting: tuple = ()  # copies of the scheduler's `queue` after the event, if it has one

    def __str__(self):
        if self.kind == "wait":
            return "a worker is free, and suggest() returns None"
        trial = f"trial {self.trial.trial_id} of round {self.trial.round}"
        epochs = plural(self.trial["max_epochs"], "epoch")
        if self.kind == "start":
            return f"worker {self.worker} is free and trains {trial} to {epochs}"
        return f"{trial} has error {self.error:.3f} after {epochs}"


def observe(scheduler, objective, evaluations, until=(), **simulated):
    """Return the events of a simulated run, and the exception of `until` that ended it, if any."""
    recorder = _Recorder(scheduler, **simulated)
    tuner = HPOTuner(recorder, objective, workers=recorder, progress=False)
    try:
        tuner.run(evaluations)
    except until as reason:
        return recorder.events, reason
    return recorder.events, None


class _Recorder(SimulatedWorkers):
    """Simulated workers that are the tuner's scheduler as well: each call is passed on."""

    def __init__(self, scheduler, **simulated):
        super().__init__(**simulated)
        self.scheduler = scheduler
        self.events = []
        # By the identity of the suggestion, because the scheduler may change the dict itself.
        self._starts = {}

    def _note(self, event):
        waiting = tuple(trial.copy() for trial in getattr(self.scheduler, "queue", ()))
        self.events.append(replace(event, waiting=waiting))

    def suggest(self):
        if (suggestion := self.scheduler.suggest()) is None:
            self._note(Event("wait", self.now))
        return suggestion

    def start(self, evaluation, objective, arguments):
        super().start(evaluation, objective, arguments)
        config, worker, ends = (evaluation[name] for name in ("config", "worker", "ends"))
        trial = Trial(config, evaluation["trial_id"], evaluation["round"])
        event = self._starts[id(config)] = Event("start", self.now, trial, worker, self.now, ends)
        self._note(event)

    def update(self, config, error):
        start = self._starts[id(config)]
        try:
            self.scheduler.update(config, error)
        finally:  # a result that the scheduler cannot take has arrived as well
            self._note(replace(start, kind="end", time=self.now, error=error))
