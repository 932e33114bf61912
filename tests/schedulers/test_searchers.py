"""What a searcher promises: where configurations come from, and how they are drawn."""

import copy
import json
import math
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sh_teach.schedulers import BasicScheduler
from sh_teach.schedulers.asha import ASHAScheduler
from sh_teach.schedulers.halving import SuccessiveHalvingScheduler
from sh_teach.schedulers.hyperband import HyperbandScheduler
from sh_teach.schedulers.searchers import BLOCK, HPOSearcher, RandomSearcher

SPACE = {
    "learning_rate": stats.loguniform(1e-2, 1),
    "batch_size": stats.randint(32, 256),
    "optimizer": ["sgd", "adam", "rmsprop"],
    "width": 64,
}
INITIAL = {"learning_rate": 0.1, "batch_size": 128, "optimizer": "sgd", "width": 32}

seeds = st.integers(0, 2**32)


def draw(searcher, count):
    return [searcher.sample_configuration() for _ in range(count)]


class Coin:
    """As little as an entry of a configuration space needs."""

    def rvs(self, random_state):
        return ["heads", "tails"][random_state.integers(2)]


# --- the first configuration ---------------------------------------------------------------


def test_the_first_configuration_is_the_initial_one_and_comes_only_once():
    first, *others = draw(RandomSearcher(SPACE, INITIAL, seed=0), 20)
    assert first == INITIAL
    assert INITIAL not in others


def test_without_an_initial_configuration_the_first_one_is_drawn():
    assert draw(RandomSearcher(SPACE, seed=0), 3) == draw(RandomSearcher(SPACE, INITIAL, 0), 4)[1:]


def test_what_is_returned_may_be_changed_without_changing_the_callers_dict_or_later_draws():
    space, initial = dict(SPACE), dict(INITIAL)
    searcher = RandomSearcher(space, initial, seed=0)
    changed = []
    for _ in range(5):
        config = searcher.sample_configuration()
        changed.append(dict(config))
        config["learning_rate"] = None
        config.pop("width")
    assert (space, initial) == (SPACE, INITIAL)
    assert changed == draw(RandomSearcher(SPACE, INITIAL, seed=0), 5)


def test_the_callers_dicts_may_be_changed_later():
    space, initial = dict(SPACE), dict(INITIAL)
    searcher = RandomSearcher(space, initial, seed=0)
    space.clear()
    initial["width"] = 7
    assert searcher.config_space == SPACE
    assert draw(searcher, 5) == draw(RandomSearcher(SPACE, INITIAL, seed=0), 5)


# --- seeds ---------------------------------------------------------------------------------


@given(seed=seeds)
@settings(max_examples=20)
def test_the_same_seed_gives_the_same_draws(seed):
    assert draw(RandomSearcher(SPACE, seed=seed), 20) == draw(RandomSearcher(SPACE, seed=seed), 20)


def test_different_seeds_give_different_draws():
    assert draw(RandomSearcher(SPACE, seed=0), 5) != draw(RandomSearcher(SPACE, seed=1), 5)


def test_without_a_seed_two_searchers_differ():
    assert draw(RandomSearcher(SPACE), 5) != draw(RandomSearcher(SPACE), 5)


def test_the_draws_leave_the_global_random_numbers_of_numpy_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    draw(RandomSearcher(SPACE | {"coin": Coin()}, seed=0), 5)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_the_draws_go_on_after_the_block_that_is_drawn_at_once():
    values = [c["learning_rate"] for c in draw(RandomSearcher(SPACE, seed=0), 2 * BLOCK + 10)]
    assert len(set(values)) == 2 * BLOCK + 10


@given(seed=seeds, added=st.sampled_from([stats.uniform(), [1, 2], 5, Coin()]))
@settings(max_examples=20)
def test_a_hyperparameter_added_at_the_end_leaves_the_draws_of_the_others(seed, added):
    before = draw(RandomSearcher(SPACE, seed=seed), 10)
    after = draw(RandomSearcher(SPACE | {"added": added}, seed=seed), 10)
    for config in after:
        del config["added"]
    assert after == before


def test_two_hyperparameters_of_the_same_distribution_are_drawn_independently():
    space = {"x": stats.uniform(), "y": stats.uniform()}
    configs = draw(RandomSearcher(space, seed=0), 1000)
    correlation = np.corrcoef([(c["x"], c["y"]) for c in configs], rowvar=False)[0, 1]
    assert abs(correlation) < 0.1


# --- values --------------------------------------------------------------------------------


@given(seed=seeds)
@settings(max_examples=20)
def test_values_lie_in_their_range(seed):
    for config in draw(RandomSearcher(SPACE, seed=seed), 100):
        assert list(config) == list(SPACE)
        assert 1e-2 <= config["learning_rate"] <= 1
        assert 32 <= config["batch_size"] < 256
        assert config["optimizer"] in ("sgd", "adam", "rmsprop")
        assert config["width"] == 64


def test_values_are_plain_python_objects():
    for config in draw(RandomSearcher(SPACE, seed=0), 3):
        assert [type(value) for value in config.values()] == [float, int, str, int]
        assert json.loads(json.dumps(config)) == config


class OneNumpyNumber:
    def rvs(self, random_state):
        return np.float64(random_state.random())


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (OneNumpyNumber(), float),
        ([np.int64(8), np.int64(16)], int),
        (list(np.linspace(0, 1, 5)), float),
        (np.int64(8), int),
        (np.float32(0.5), float),
    ],
    ids=["own object", "list of int64", "list of float64", "int64", "float32"],
)
def test_numpy_numbers_become_plain_python_numbers(entry, kind):
    config = RandomSearcher({"x": entry}, seed=0).sample_configuration()
    assert type(config["x"]) is kind


@pytest.mark.parametrize("constant", [3, 0.5, "sgd", None, True, b"raw", math.inf])
def test_a_constant_stays_what_it_is(constant):
    for config in draw(RandomSearcher({"x": constant}, seed=0), 3):
        assert config == {"x": constant}
        assert type(config["x"]) is type(constant)


@pytest.mark.parametrize("constant", [(3, 3), range(3), {"a": 1}, print, [1, 2]], ids=str)
def test_a_constant_of_any_other_kind_is_a_list_of_one(constant):
    for config in draw(RandomSearcher({"x": [constant]}, seed=0), 3):
        assert config == {"x": constant}


def test_the_entries_of_a_list_may_be_anything():
    entries = [None, "adam", (3, 3), 0.5, print]
    values = {config["x"] for config in draw(RandomSearcher({"x": entries}, seed=0), 100)}
    assert values == set(entries)


def test_an_own_object_needs_no_more_than_rvs_with_a_random_state():
    configs = draw(RandomSearcher({"coin": Coin()}, seed=0), 100)
    assert {config["coin"] for config in configs} == {"heads", "tails"}
    assert configs == draw(RandomSearcher({"coin": Coin()}, seed=0), 100)


@pytest.mark.parametrize(
    "entry",
    [
        stats.rv_discrete(values=([1, 2], [0.5, 0.5])),
        stats.rv_histogram(np.histogram([1, 2, 2, 1, 1.5])),
    ],
    ids=["by its values", "by a histogram"],
)
def test_a_distribution_that_needs_no_parameters_need_not_be_frozen(entry):
    values = [config["x"] for config in draw(RandomSearcher({"x": entry}, seed=0), 20)]
    assert 1 <= min(values) < max(values) <= 2


def test_a_distribution_with_several_numbers_at_a_time_gives_a_list_of_them():
    entry = stats.dirichlet([1, 2, 3])
    config = RandomSearcher({"weights": entry}, seed=0).sample_configuration()
    assert type(config["weights"]) is list
    assert math.isclose(sum(config["weights"]), 1)


# The seeds are fixed, so these cannot fail by chance; the limits let through 999 of 1000 seeds.


def test_entries_of_a_list_are_drawn_uniformly():
    entries = [1, 2, 4, 8, 16]
    configs = draw(RandomSearcher({"x": entries}, seed=1), 5000)
    counts = Counter(config["x"] for config in configs)
    assert stats.chisquare([counts[entry] for entry in entries]).pvalue > 0.001


def test_a_distribution_is_drawn_from_as_scipy_defines_it():
    configs = draw(RandomSearcher(SPACE, seed=2), 3 * BLOCK)
    rates = [config["learning_rate"] for config in configs]
    assert stats.kstest(rates, SPACE["learning_rate"].cdf).pvalue > 0.001
    sizes = Counter(config["batch_size"] for config in configs)
    counts = [sum(sizes[b] for b in range(low, low + 32)) for low in range(32, 256, 32)]
    assert stats.chisquare(counts).pvalue > 0.001


# --- bad input -----------------------------------------------------------------------------


class NeedsMore:
    def rvs(self, random_state, scale):
        return scale * random_state.random()


@pytest.mark.parametrize(
    ("entry", "error", "reason"),
    [
        (stats.loguniform, TypeError, "call it with its parameters"),
        (stats.norm, TypeError, "call it with its parameters"),
        (stats.multivariate_normal, TypeError, "call it with its parameters"),
        (Coin, TypeError, "call it with its parameters"),
        (stats.uniform(math.nan, 1), ValueError, "nan differs"),
        (stats.uniform(0, math.nan), ValueError, "Domain error"),
        (stats.uniform(0, math.inf), ValueError, "it draws infinite numbers"),
        (stats.uniform(-math.inf, 1), ValueError, "it draws infinite numbers"),
        (stats.norm(0, math.inf), ValueError, "it draws infinite numbers"),
        (stats.uniform([0, 1], 1), ValueError, "cannot be sampled"),
        (math.nan, ValueError, "nan differs"),
        ([0.1, np.float32("nan")], ValueError, "nan differs"),
        (("relu", "tanh"), TypeError, "Give a list to choose from"),
        ((3, 3), TypeError, "any other constant is a list of one"),
        (frozenset({1}), TypeError, "list or a constant"),
        (RandomSearcher, TypeError, "list or a constant"),
        (NeedsMore(), TypeError, "scale"),
        # Its ends are swapped, which scipy notices only when it draws.
        (stats.loguniform(1, 0.1), ValueError, "Domain error"),
        ({1, 2}, TypeError, "list or a constant"),
        (lambda: 0.1, TypeError, "list or a constant"),
        (range(3), TypeError, "list or a constant"),
        (np.linspace(0, 1, 3), TypeError, "list or a constant"),
        ({"low": 0}, TypeError, "list or a constant"),
        ([], ValueError, "nothing to choose from"),
    ],
    ids=[
        "unfrozen",
        "unfrozen with defaults",
        "unfrozen of several numbers",
        "class with rvs",
        "nan as a bound",
        "nan as a scale",
        "infinite range",
        "infinite lower bound",
        "infinite scale",
        "several distributions",
        "nan",
        "nan in a list",
        "tuple of choices",
        "tuple",
        "frozenset",
        "class",
        "more arguments",
        "swapped",
        "set",
        "function",
        "range",
        "array",
        "dict",
        "[]",
    ],
)
def test_an_entry_that_cannot_be_sampled_is_named_at_once(entry, error, reason):
    with pytest.raises(error, match=r"^config_space\['momentum'\]=") as raised:
        RandomSearcher({"learning_rate": 0.1, "momentum": entry})
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        (1, TypeError, "must be a string, not int"),
        (None, TypeError, "must be a string, not NoneType"),
        (("a", "b"), TypeError, "must be a string, not tuple"),
        ("learning rate", ValueError, "no hyperparameter can have this name"),
        ("learning-rate", ValueError, "no hyperparameter can have this name"),
        ("", ValueError, "no hyperparameter can have this name"),
        ("1st", ValueError, "no hyperparameter can have this name"),
        ("lambda", ValueError, "no hyperparameter can have this name"),
        ("checkpoint", ValueError, "no hyperparameter can have this name"),
    ],
)
def test_a_name_that_no_argument_can_have_is_refused_at_once(name, error, reason):
    with pytest.raises(error, match=rf"^config_space\[{re.escape(repr(name))}\]=.*{reason}"):
        RandomSearcher({"x": 0.1, name: 0.1})


def test_any_name_that_an_argument_can_have_will_do():
    names = ["x", "λ", "batch_size", "_", "self", "match"]
    assert list(RandomSearcher(dict.fromkeys(names, 1)).sample_configuration()) == names


@pytest.mark.parametrize(
    "scheduler", [SuccessiveHalvingScheduler, HyperbandScheduler, ASHAScheduler]
)
@pytest.mark.parametrize("initial", [None, {"x": 1, "max_epochs": 4}])
def test_the_resource_of_a_scheduler_is_no_hyperparameter(scheduler, initial):
    searcher = RandomSearcher({"x": [1], "max_epochs": [4, 8]}, initial)
    with pytest.raises(ValueError, match=rf"^config_space=.*'max_epochs', {scheduler.__name__}"):
        scheduler(searcher, 2, 1, 8)


def test_random_search_may_have_the_resource_as_a_constant():
    assert BasicScheduler(RandomSearcher({"max_epochs": 8})).suggest() == {"max_epochs": 8}


@pytest.mark.parametrize("searcher", [RandomSearcher, {"x": [1]}, None, "random"], ids=str)
@pytest.mark.parametrize("scheduler", [SuccessiveHalvingScheduler, ASHAScheduler, BasicScheduler])
def test_what_is_no_searcher_is_named_by_the_constructor_of_a_scheduler(scheduler, searcher):
    plan = () if scheduler is BasicScheduler else (2, 1, 8)
    with pytest.raises(TypeError, match=r"^searcher=.*RandomSearcher\(\.\.\.\)"):
        scheduler(searcher, *plan)


@pytest.mark.parametrize("space", [None, [("x", 1)], {"x"}, "x"])
def test_a_configuration_space_that_is_no_dict_is_named(space):
    with pytest.raises(TypeError, match=r"^config_space="):
        RandomSearcher(space)


@pytest.mark.parametrize(
    "initial",
    [{"x": 1}, {"x": 1, "y": 2, "z": 3}, {"x": 1, "z": 2}, {}],
    ids=["missing", "extra", "both", "empty"],
)
def test_an_initial_configuration_with_other_keys_is_named_with_the_keys_it_needs(initial):
    with pytest.raises(ValueError, match=r"^initial_config=.*\['x', 'y'\]"):
        RandomSearcher({"x": [1], "y": [2]}, initial)


def test_an_initial_configuration_with_nan_is_refused():
    with pytest.raises(ValueError, match=r"^initial_config=.*nan differs"):
        RandomSearcher({"x": stats.uniform()}, {"x": math.nan})


@pytest.mark.parametrize("initial", [5, ["x"], "x"])
def test_an_initial_configuration_that_is_no_dict_is_named(initial):
    with pytest.raises(TypeError, match=r"^initial_config="):
        RandomSearcher({"x": [1]}, initial)


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (1.5, TypeError), ("0", TypeError), ([1], TypeError)]
)
def test_a_bad_seed_is_named(seed, error):
    with pytest.raises(error, match=r"^seed="):
        RandomSearcher({"x": [1]}, seed=seed)


def test_a_searcher_must_say_how_it_samples():
    with pytest.raises(TypeError, match="sample_configuration"):
        HPOSearcher()


def test_random_search_learns_nothing_from_results():
    told, untold = RandomSearcher(SPACE, seed=0), RandomSearcher(SPACE, seed=0)
    config = told.sample_configuration()
    before = copy.copy(config)
    assert told.update(config, 0.1, additional_info={"seconds": 3}) is None
    assert config == before
    assert draw(told, 5) == draw(untold, 6)[1:]
