"""What ASHA promises, against its definition in reference.py."""

import itertools
import math

import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from sh_teach import ASHAScheduler, HPOSearcher

errors = st.one_of(
    st.sampled_from([0.1, 0.2, 0.3]), st.floats(0, 1), st.just(math.nan), st.just(math.inf)
)


class Counting(HPOSearcher):
    def __init__(self):
        self.count = itertools.count()
        self.told = []

    def sample_configuration(self):
        return {"x": next(self.count)}

    def update(self, config, error, additional_info=None):
        self.told.append((dict(config), error))


def asha(eta=2, r_min=1, r_max=8):
    return ASHAScheduler(Counting(), eta, r_min, r_max)


@given(
    eta=st.integers(2, 4),
    r_min=st.integers(1, 3),
    r_max=st.integers(3, 30),
    workers=st.integers(1, 8),
    data=st.data(),
)
@settings(max_examples=500)
def test_a_free_worker_gets_what_the_definition_says(eta, r_min, r_max, workers, data):
    scheduler = asha(eta, r_min, r_max)
    levels = reference.rung_levels(r_min, r_max, eta)
    running, results, promoted, started = [], {}, set(), 0
    for _ in range(40):
        while len(running) < workers:
            expected = reference.asha_next(levels, eta, results, promoted)
            if expected is None:
                expected, started = (started, r_min), started + 1
            else:
                trial_id, level = expected
                promoted.add((trial_id, levels[levels.index(level) - 1]))
            trial = scheduler.suggest()
            assert (trial.trial_id, trial["max_epochs"]) == expected
            assert trial["x"] == trial.trial_id
            running.append(trial)
        trial = running.pop(data.draw(st.integers(0, len(running) - 1)))
        error = data.draw(errors)
        results[trial.trial_id, trial["max_epochs"]] = error
        scheduler.update(trial, error)
    assert [x for x, _ in scheduler.searcher.told] == [
        {"x": trial_id, "max_epochs": level} for trial_id, level in results
    ]


def test_what_was_observed_is_kept_at_its_level_in_the_order_of_arrival():
    scheduler = asha()
    trials = [scheduler.suggest() for _ in range(3)]
    for trial, error in zip(reversed(trials), (0.3, 0.1, math.nan), strict=True):
        scheduler.update(trial, error)
    observed = scheduler.all_observed_error_at_rungs
    assert [trial.trial_id for trial, _ in observed[1]] == [2, 1, 0]
    assert [error for _, error in observed[1]][:2] == [0.3, 0.1]


def test_a_trial_that_falls_out_of_the_best_before_a_worker_is_free_is_not_promoted():
    scheduler = asha(eta=2)
    first, second, third = (scheduler.suggest() for _ in range(3))
    scheduler.update(first, 0.5)
    scheduler.update(second, 0.6)  # the first is now the better half
    scheduler.update(third, 0.4)  # and now the third is, of three
    assert scheduler.suggest().trial_id == 2
    assert scheduler.suggest()["max_epochs"] == 1


def test_a_second_update_is_refused():
    scheduler = asha()
    trial = scheduler.suggest()
    scheduler.update(trial, 0.1)
    with pytest.raises(ValueError, match="config="):
        scheduler.update(trial, 0.1)


@pytest.mark.parametrize(("argument", "value"), [("eta", 1), ("r_min", 0), ("r_max", 0)])
def test_a_bad_argument_is_named(argument, value):
    with pytest.raises(ValueError, match=f"{argument}={value}"):
        asha(**{argument: value})
