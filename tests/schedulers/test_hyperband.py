"""What Hyperband's brackets promise; that its rounds are right is tested in test_halving.py."""

import math

import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from sh_teach import HyperbandScheduler, RandomSearcher, SuccessiveHalvingScheduler
from sh_teach.schedulers.hyperband import hyperband_brackets


def test_the_brackets_of_81_and_3_are_those_of_the_paper():
    brackets = hyperband_brackets(1, 81, 3)
    assert [b.sizes for b in brackets] == [
        (81, 27, 9, 3, 1),
        (34, 11, 3, 1),
        (15, 5, 1),
        (8, 2),
        (5,),
    ]
    assert [b.levels[0] for b in brackets] == [1, 3, 9, 27, 81]
    assert sum(b.n for b in brackets) == 143
    assert sum(b.evaluations for b in brackets) == 206
    assert sum(b.epochs() for b in brackets) == 1902
    assert sum(b.epochs(resume=True) for b in brackets) == 1581


def test_no_bracket_is_lost_to_a_logarithm():
    # log(243) / log(3) is 4.999999999999999
    assert len(hyperband_brackets(1, 243, 3)) == 6


@given(r_min=st.integers(1, 5), factor=st.integers(1, 300), eta=st.integers(2, 5))
def test_the_brackets_are_those_of_the_definition(r_min, factor, eta):
    r_max = r_min * factor
    levels = reference.rung_levels(r_min, r_max, eta)
    expected = reference.hyperband_brackets(levels, eta)
    brackets = hyperband_brackets(r_min, r_max, eta)
    assert [(b.n, list(b.levels)) for b in brackets] == expected


@given(eta=st.integers(2, 4), K=st.integers(0, 4))
def test_one_trial_of_each_bracket_at_least_is_trained_to_the_end(eta, K):
    for bracket in hyperband_brackets(1, eta**K, eta):
        assert bracket.sizes[-1] >= 1


def test_the_first_bracket_is_that_of_successive_halving():
    searcher = RandomSearcher({"x": [1, 2, 3]}, seed=0)
    halving = SuccessiveHalvingScheduler(searcher, eta=3, r_min=1, r_max=27)
    assert HyperbandScheduler(searcher, 3, 1, 27).brackets[0] == halving.bracket


def test_the_cycle_begins_anew_after_the_last_bracket():
    scheduler = HyperbandScheduler(RandomSearcher({"x": [1]}, seed=0), 2, 1, 4)
    first_levels = {}
    for _ in range(40):
        trial = scheduler.suggest()
        first_levels.setdefault(trial.round, trial["max_epochs"])
        scheduler.update(trial, 0.5)
    assert list(first_levels.values())[:6] == [1, 2, 4, 1, 2, 4]


@pytest.mark.parametrize(("argument", "value"), [("eta", 1), ("r_min", 0), ("r_max", math.nan)])
def test_a_bad_argument_is_named(argument, value):
    arguments = {"eta": 2, "r_min": 1, "r_max": 4, argument: value}
    with pytest.raises((ValueError, TypeError), match=f"{argument}={value}"):
        HyperbandScheduler(RandomSearcher({"x": [1]}), **arguments)
