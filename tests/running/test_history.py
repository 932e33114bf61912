"""The recorder: each event of a run, in order, as plain data."""

import pytest

from sh_teach import (
    ASHAScheduler,
    HPOTuner,
    RandomSearcher,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
    Trial,
)
from sh_teach.running.history import Event, observe


def searcher():
    return RandomSearcher({"x": [1, 2, 3, 4]}, seed=0)


def objective(x, max_epochs):
    return x / max_epochs


def epochs(config, r_from, r_to):
    return r_to - r_from


def pool(n, **options):
    return dict(n=n, runtime=epochs, **options)


def halving(**options):
    return SuccessiveHalvingScheduler(searcher(), eta=2, r_min=1, r_max=2, **options)


def test_the_events_of_one_round():
    events, _ = observe(halving(), objective, 3, **pool(1))
    assert [event.kind for event in events] == ["start", "end"] * 3
    assert [event.time for event in events] == [0, 1, 1, 2, 2, 3]
    first, second = events[0].trial, events[2].trial
    assert [event.trial.trial_id for event in events[:4]] == [0, 0, 1, 1]
    lane = dict(worker=0, started=0.0, ends=1.0)
    assert events[0] == Event("start", 0.0, first, **lane, waiting=(second,))
    assert events[1] == Event("end", 1.0, first, **lane, error=events[1].error, waiting=(second,))
    assert events[1].error == objective(**first)
    best = min((first, second), key=lambda trial: trial["x"])
    assert events[3].waiting == (best.promoted(2),)
    assert events[4].waiting == ()


def test_each_event_is_a_sentence():
    events, _ = observe(halving(overlap_rounds=False), lambda **_: float("nan"), 3, **pool(4))
    waits = next(event for event in events if event.kind == "wait")
    assert [str(event) for event in (events[1], events[4], waits)] == [
        "worker 1 is free and trains trial 1 of round 0 to 1 epoch",
        "trial 1 of round 0 has error nan after 1 epoch",
        "a worker is free, and suggest() returns None",
    ]


def test_the_run_is_that_of_the_tuner_alone():
    tuner = HPOTuner(halving(), objective, workers=SimulatedWorkers(**pool(4)), progress=False)
    tuner.run(40)
    events, stopped = observe(halving(), objective, 40, **pool(4))
    assert stopped is None
    names = "trial_id", "worker", "started", "ended", "error"
    ends = [event for event in events if event.kind == "end"]
    assert [(e.trial.trial_id, e.worker, e.started, e.time, e.error) for e in ends] == [
        tuple(record[name] for name in names) for record in tuner.records
    ]


def test_a_worker_that_gets_nothing_is_an_event():
    events, _ = observe(halving(overlap_rounds=False), objective, 3, **pool(4))
    assert [event.kind for event in events[:4]] == ["start", "start", "wait", "end"]
    assert events[2] == Event("wait", 0.0)


def test_an_evaluation_that_is_lost_starts_twice_and_ends_once():
    workers = pool(1, drop_probability=0.5, seed=0)
    events, _ = observe(halving(), objective, 10, **workers)
    starts = [event for event in events if event.kind == "start"]
    assert len(starts) > 10
    assert len([event for event in events if event.kind == "end"]) == 10


def test_a_scheduler_without_a_queue_has_nothing_waiting():
    asha = ASHAScheduler(searcher(), eta=2, r_min=1, r_max=4)
    events, _ = observe(asha, objective, 10, **pool(2))
    assert {event.waiting for event in events} == {()}


class ChangesItsDicts:
    """Promotes by changing the dict that it suggested, as the book's listing does."""

    def __init__(self):
        self.queue = [{"x": 1, "max_epochs": 1}]

    def suggest(self):
        return self.queue.pop() if self.queue else None

    def update(self, config, error):
        config["max_epochs"] += 1
        self.queue.append(config)


def test_events_keep_what_was_suggested_and_count_plain_dicts():
    events, _ = observe(ChangesItsDicts(), objective, 3, **pool(1))
    assert [event.trial["max_epochs"] for event in events] == [1, 1, 2, 2, 3, 3]
    assert [event.waiting for event in events[:2]] == [(), ({"x": 1, "max_epochs": 2},)]
    assert all(isinstance(event.trial, Trial) and event.trial.trial_id == 0 for event in events)


class Stop(BaseException):
    pass


def stopping(method, exception=Stop):
    class Stopping(SuccessiveHalvingScheduler):
        def suggest(self):
            if method == "suggest" and self.trials:
                raise exception
            return super().suggest()

        def update(self, config, error, info=None):
            super().update(config, error)
            raise exception

    return Stopping(searcher(), eta=2, r_min=1, r_max=2)


def test_an_exception_that_is_waited_for_ends_the_run_and_is_kept():
    events, stopped = observe(stopping("suggest"), objective, 3, until=Stop, **pool(2))
    assert isinstance(stopped, Stop)
    assert [event.kind for event in events] == ["start"]


def test_a_result_that_the_scheduler_fails_on_is_an_event():
    events, _ = observe(stopping("update"), objective, 3, until=(Stop, KeyError), **pool(1))
    assert [event.kind for event in events] == ["start", "end"]


def test_any_other_exception_is_raised():
    with pytest.raises(ZeroDivisionError):
        observe(stopping("update", ZeroDivisionError), objective, 3, until=Stop, **pool(1))
