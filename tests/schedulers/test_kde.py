"""The searcher that learns: the first draws are random search's, the later ones are better."""

import math
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sh_teach import (
    ASHAScheduler,
    HPOTuner,
    KDESearcher,
    RandomSearcher,
    SuccessiveHalvingScheduler,
)

SPACE = {
    "x": stats.uniform(0, 1),
    "rate": stats.loguniform(1e-4, 1),
    "size": stats.randint(16, 512),
    "kind": ["a", "b", "c"],
    "width": 64,
}
INITIAL = {"x": 0.5, "rate": 0.1, "size": 32, "kind": "d", "width": 64}


def quadratic(x, rate, size, kind, width, max_epochs=1):
    return (x - 0.3) ** 2 + (math.log10(rate) + 2) ** 2 / 16 + (kind != "b") / 10


def search(searcher, evaluations, objective=quadratic):
    """Return the configurations and the errors of a search, one evaluation after another."""
    configs, errors = [], []
    for _ in range(evaluations):
        configs.append(searcher.sample_configuration())
        errors.append(objective(**configs[-1]))
        searcher.update(configs[-1], errors[-1])
    return configs, errors


# --- what it proposes ----------------------------------------------------------------------


def test_it_beats_random_search_on_a_quadratic():
    wins = 0
    for seed in range(30):  # fixed seeds: this cannot fail by chance
        _, ours = search(KDESearcher(SPACE, seed=seed), 60)
        _, random = search(RandomSearcher(SPACE, seed=seed), 60)
        wins += min(ours) < min(random)
    assert wins >= 22  # by coin tosses, 22 of 30 or more have a probability below 1 %


def test_once_it_has_learned_its_proposals_are_better_on_average():
    _, ours = search(KDESearcher(SPACE, seed=0, random_share=0), 100)
    _, random = search(RandomSearcher(SPACE, seed=0), 100)
    assert sum(ours[50:]) < sum(random[50:]) / 2


def test_a_choice_is_learned():
    configs, _ = search(KDESearcher({"x": list("abcde")}, seed=0), 90, lambda x: float(x != "b"))
    assert sum(config["x"] == "b" for config in configs[30:]) > 36  # a random share is left


def test_until_it_has_enough_results_it_proposes_what_random_search_does():
    configs, _ = search(KDESearcher(SPACE, INITIAL, seed=3, random_share=0), 10)
    others, _ = search(RandomSearcher(SPACE, INITIAL, seed=3), 10)
    assert configs == others
    assert configs[0] == INITIAL


def test_without_results_it_is_random_search():
    ours, random = KDESearcher(SPACE, seed=0), RandomSearcher(SPACE, seed=0)
    assert [ours.sample_configuration() for _ in range(50)] == [
        random.sample_configuration() for _ in range(50)
    ]


def test_a_share_stays_random():
    searcher = KDESearcher({"x": stats.uniform(0, 1)}, seed=0, random_share=0.5)
    configs, _ = search(searcher, 300, lambda x: abs(x - 0.5))
    far = sum(abs(config["x"] - 0.5) > 0.25 for config in configs[100:])
    assert 20 < far < 80  # a quarter of 200 if half of them are random, 100 if all are


def test_the_highest_resource_with_enough_results_is_learned_from():
    searcher = KDESearcher({"x": stats.uniform(0, 1)}, seed=0, random_share=0)
    for resource, best, results in ((1, 0.1, 50), (4, 0.9, 4), (16, 0.1, 3)):
        for i in range(results):
            x = (i + 0.5) / results
            searcher.update({"x": x, "max_epochs": resource}, abs(x - best))
    searcher.sample_configuration()
    proposed = [searcher.sample_configuration()["x"] for _ in range(20)]
    assert sum(x > 0.5 for x in proposed) == 20


@pytest.mark.parametrize("error", [math.nan, math.inf, -math.inf])
def test_an_error_that_is_not_finite_ranks_last(error):
    def objective(x):
        return error if x < 0.5 else abs(x - 0.7)

    configs, _ = search(KDESearcher({"x": stats.uniform(0, 1)}, seed=0), 90, objective)
    assert sum(config["x"] < 0.5 for config in configs[45:]) < 15


def test_nothing_but_failures_teach_it_nothing():
    ours, _ = search(KDESearcher(SPACE, seed=0), 30, lambda **config: math.nan)
    random, _ = search(RandomSearcher(SPACE, seed=0), 30, lambda **config: math.nan)
    assert ours == random


# --- any space, any errors -----------------------------------------------------------------

entries = st.sampled_from([*SPACE.values(), [1], [(1, 2), None], stats.norm(0, 1), None])
errors = st.lists(st.floats() | st.sampled_from([0.1, 0.2]), min_size=1)


@given(entries=st.lists(entries, min_size=1, max_size=4), errors=errors, seed=st.integers(0, 9))
@settings(max_examples=50)
def test_proposals_lie_in_the_space_and_repeat_with_the_seed(entries, errors, seed):
    space = {f"x{i}": entry for i, entry in enumerate(entries)}

    def proposals():
        numbers = count()
        return search(
            KDESearcher(space, seed=seed), 40, lambda **_: errors[next(numbers) % len(errors)]
        )[0]

    configs = proposals()
    for config in configs:
        assert list(config) == list(space)
        for name, entry in space.items():
            value = config[name]
            if isinstance(entry, list):
                assert value in entry
            elif hasattr(entry, "support"):
                low, high = entry.support()
                assert low <= value <= high
            else:
                assert value == entry
    assert configs == proposals()


def test_it_counts_one_draw_for_each_proposal():
    searcher = KDESearcher(SPACE, seed=0)
    search(searcher, 40)
    assert searcher.drawn == 40


# --- with schedulers and journals ----------------------------------------------------------


def test_halving_draws_a_whole_round_before_it_learns_and_asha_one_trial_at_a_time():
    def first(scheduler, count):
        trials = []
        for _ in range(count):
            trials.append(scheduler.suggest())
            scheduler.update(trials[-1], trials[-1]["x"])
        return [trial["x"] for trial in trials if trial["max_epochs"] == 1]

    space = {"x": stats.uniform(0, 1)}
    random = RandomSearcher(space, seed=0)
    drawn = [random.sample_configuration()["x"] for _ in range(64)]
    halving = SuccessiveHalvingScheduler(KDESearcher(space, seed=0, random_share=0), 2, 1, 64)
    assert first(halving, 64) == drawn
    asha = first(ASHAScheduler(KDESearcher(space, seed=0, random_share=0), 2, 1, 64), 64)
    assert asha != drawn[: len(asha)]


def test_a_run_with_a_journal_continues_as_if_it_had_not_stopped(tmp_path):
    def tuner(journal):
        scheduler = ASHAScheduler(KDESearcher(SPACE, INITIAL, seed=0), 2, 1, 4)
        return HPOTuner(scheduler, quadratic, journal=journal, progress=False)

    once = tuner(tmp_path / "once.jsonl")
    once.run(60)
    tuner(tmp_path / "twice.jsonl").run(30)
    twice = tuner(tmp_path / "twice.jsonl")
    twice.run(60)
    assert [r["config"] for r in twice.records] == [r["config"] for r in once.records]


def test_the_settings_name_every_argument():
    searcher = KDESearcher(SPACE, INITIAL, seed=5, random_share=0.25)
    assert searcher.settings() == {
        "class": "KDESearcher",
        "config_space": SPACE,
        "initial_config": INITIAL,
        "seed": 5,
        "random_share": 0.25,
    }


@pytest.mark.parametrize("share", [-0.1, 1, math.nan])
def test_a_random_share_out_of_range_is_named(share):
    with pytest.raises(ValueError, match=r"^random_share="):
        KDESearcher(SPACE, random_share=share)


def test_a_bad_space_is_named_as_by_random_search():
    with pytest.raises(TypeError, match=r"^config_space\['x'\]=.*Give a list"):
        KDESearcher({"x": ("a", "b")})
