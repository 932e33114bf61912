"""What a bracket promises: which rungs a round has, how many trials each holds, what it costs."""

import dataclasses
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sh_teach.schedulers.bracket import Bracket

eta_and_r_min = {"eta": st.integers(2, 12), "r_min": st.integers(1, 50)}


# --- known brackets ------------------------------------------------------------------------


def test_the_bracket_of_the_book_has_the_numbers_of_the_book():
    bracket = Bracket(r_min=2, r_max=10, eta=2)
    assert bracket.K == 3
    assert bracket.levels == (2, 4, 8, 10)
    assert bracket.n == 8
    assert bracket.sizes == (8, 4, 2, 1)


@pytest.mark.parametrize(
    ("eta", "r_min", "r_max", "evaluations", "from_scratch", "resumed"),
    [
        (2, 2, 10, 15, 58, 34),
        (2, 1, 8, 15, 32, 20),
        (3, 1, 9, 13, 27, 21),
        (3, 1, 81, 121, 405, 297),
        (2, 1, 10, 31, 74, 42),
    ],
)
def test_a_round_costs_what_counting_by_hand_gives(
    eta, r_min, r_max, evaluations, from_scratch, resumed
):
    bracket = Bracket(r_min, r_max, eta)
    assert bracket.evaluations == evaluations
    assert bracket.epochs() == from_scratch
    assert bracket.epochs(resume=True) == resumed


# math.log of these is a little below or above the whole number, so a rung is lost or gained.
@pytest.mark.parametrize(
    ("eta", "r_max", "K"),
    [(3, 243, 5), (10, 1000, 3), (3, 729, 6), (5, 125, 3), (9, 9**5, 5), (17, 17**3, 3)],
)
def test_a_power_of_eta_loses_no_rung_to_the_logarithm(eta, r_max, K):
    bracket = Bracket(1, r_max, eta)
    assert bracket.K == K
    assert bracket.levels == tuple(eta**k for k in range(K + 1))
    assert bracket.sizes == bracket.levels[::-1]


# log10(10**15 - 1) is 15.0, so a logarithm gives a rung above r_max.
@pytest.mark.parametrize(("eta", "K"), [(2, 3), (3, 5), (10, 3), (10, 15), (2, 60)])
def test_one_epoch_less_than_a_power_of_eta_makes_the_last_step_short(eta, K):
    levels = Bracket(1, eta**K - 1, eta).levels
    assert levels == (*(eta**k for k in range(K)), eta**K - 1)


def test_243_at_eta_3_has_6_rungs_and_1000_at_eta_10_has_4_and_729_at_eta_3_has_7():
    assert len(Bracket(1, 243, 3).levels) == 6
    assert len(Bracket(1, 1000, 10).levels) == 4
    assert len(Bracket(1, 729, 3).levels) == 7


def test_the_last_rung_of_729_at_eta_3_is_not_empty():
    # int(729 * 3**-6) is 0.
    assert Bracket(1, 729, 3, n=729).sizes[-1] == 1


def test_the_first_bracket_of_hyperband_at_81_and_eta_3_is_the_one_of_the_paper():
    assert Bracket(1, 81, 3).sizes == (81, 27, 9, 3, 1)
    assert Bracket(3, 81, 3, n=34).sizes == (34, 11, 3, 1)
    assert Bracket(9, 81, 3, n=15).sizes == (15, 5, 1)
    assert Bracket(27, 81, 3, n=8).sizes == (8, 2)
    assert Bracket(81, 81, 3, n=5).sizes == (5,)


def test_one_level_is_a_bracket_without_promotion():
    bracket = Bracket(r_min=7, r_max=7, eta=2)
    assert (bracket.K, bracket.levels, bracket.sizes) == (0, (7,), (1,))
    assert bracket.epochs() == bracket.epochs(resume=True) == 7


def test_rungs_beyond_the_last_survivor_are_empty():
    bracket = Bracket(r_min=1, r_max=8, eta=2, n=3)
    assert bracket.sizes == (3, 1, 0, 0)
    assert (bracket.evaluations, bracket.epochs(), bracket.epochs(resume=True)) == (4, 5, 4)


# --- any bracket ---------------------------------------------------------------------------


@given(**eta_and_r_min, r_max=st.integers(1, 10**6))
def test_levels_go_from_r_min_to_r_max_by_factors_of_eta_but_for_a_short_last_step(
    eta, r_min, r_max
):
    r_max = max(r_min, r_max)
    levels = Bracket(r_min, r_max, eta).levels
    steps = [Fraction(after, before) for before, after in pairwise(levels)]
    assert levels[0] == r_min
    assert levels[-1] == r_max
    assert all(step == eta for step in steps[:-1])
    assert all(1 < step <= eta for step in steps[-1:])


@given(**eta_and_r_min, r_max=st.integers(1, 10**6), n=st.integers(1, 10**6))
def test_each_rung_holds_n_divided_by_a_power_of_eta_rounded_down(eta, r_min, r_max, n):
    bracket = Bracket(r_min, max(r_min, r_max), eta, n)
    assert len(bracket.sizes) == len(bracket.levels) == bracket.K + 1
    for k, size in enumerate(bracket.sizes):
        assert size * eta**k <= n < (size + 1) * eta**k
    assert bracket.evaluations == sum(bracket.sizes)


@given(**eta_and_r_min, r_max=st.integers(1, 10**6))
def test_without_n_exactly_one_trial_reaches_r_max(eta, r_min, r_max):
    bracket = Bracket(r_min, max(r_min, r_max), eta)
    assert bracket.n == eta**bracket.K
    assert bracket.sizes[-1] == 1


@given(**eta_and_r_min, K=st.integers(0, 8))
def test_for_exact_powers_every_rung_costs_the_same_from_scratch(eta, r_min, K):
    bracket = Bracket(r_min, r_min * eta**K, eta)
    assert bracket.K == K
    assert bracket.epochs() == (K + 1) * eta**K * r_min


@given(**eta_and_r_min, K=st.integers(0, 8))
def test_for_exact_powers_resuming_saves_one_part_in_eta_of_each_promotion(eta, r_min, K):
    bracket = Bracket(r_min, r_min * eta**K, eta)
    assert bracket.epochs(resume=True) == eta**K * r_min * (K + 1 - Fraction(K, eta))


@given(**eta_and_r_min, r_max=st.integers(1, 10**4), n=st.integers(1, 10**4))
def test_with_resume_each_trial_pays_once_for_the_highest_level_it_reaches(eta, r_min, r_max, n):
    bracket = Bracket(r_min, max(r_min, r_max), eta, n)
    stopped = [a - b for a, b in zip(bracket.sizes, (*bracket.sizes[1:], 0), strict=True)]
    paid = sum(trials * level for trials, level in zip(stopped, bracket.levels, strict=True))
    assert bracket.epochs(resume=True) == paid


# --- arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        (dict(r_min=0), ValueError, "r_min=0"),
        (dict(r_min=-3), ValueError, "r_min=-3"),
        (dict(r_min=11), ValueError, "r_max=10.*r_min=11"),
        (dict(r_max=1), ValueError, "r_max=1:.*r_min=2"),
        (dict(eta=1), ValueError, "eta=1"),
        (dict(eta=0), ValueError, "eta=0"),
        (dict(n=0), ValueError, "n=0"),
        (dict(n=-1), ValueError, "n=-1"),
        (dict(r_min=2.0), TypeError, r"r_min=2\.0.*float"),
        (dict(r_min=None), TypeError, "r_min=None"),
        (dict(r_max="10"), TypeError, "r_max='10'.*str"),
        (dict(eta=2.5), TypeError, r"eta=2\.5"),
        (dict(eta=True), TypeError, "eta=True"),
        (dict(n=8.0), TypeError, r"n=8\.0"),
    ],
)
def test_a_bad_argument_is_named_with_its_value(arguments, error, named):
    with pytest.raises(error, match=f"^{named}"):
        Bracket(**(dict(r_min=2, r_max=10, eta=2) | arguments))


def test_numpy_integers_are_taken_and_kept_as_python_integers():
    bracket = Bracket(np.int64(2), np.int32(10), np.uint8(2), np.int16(8))
    assert bracket == Bracket(2, 10, 2)
    numbers = [bracket.r_min, bracket.r_max, bracket.eta, bracket.n, bracket.K]
    assert {type(number) for number in [*numbers, *bracket.levels, *bracket.sizes]} == {int}


def test_a_narrow_numpy_integer_does_not_overflow():
    # As numpy's own, 2 * 128 would be 0 in eight bits.
    assert Bracket(np.uint8(1), 1024, np.uint8(2)).n == 1024


@pytest.mark.parametrize("name", ["r_min", "r_max", "eta", "n", "K", "levels", "sizes"])
def test_a_bracket_cannot_be_changed(name):
    bracket = Bracket(2, 10, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(bracket, name, 1)
    assert bracket == Bracket(2, 10, 2)


def test_equal_arguments_give_equal_brackets_of_equal_hash():
    assert {Bracket(2, 10, 2), Bracket(2, 10, 2, n=8)} == {Bracket(r_min=2, r_max=10, eta=2)}
    assert Bracket(2, 10, 2, n=4) != Bracket(2, 10, 2)
