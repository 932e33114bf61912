"""What the simulated clock promises."""

import gc
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sh_teach import (
    ASHAScheduler,
    BasicScheduler,
    HPOTuner,
    LostEvaluation,
    RandomSearcher,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
)

SPACE = {"x": stats.uniform(0, 1)}


def objective(x, max_epochs=1):
    return x + 1 / max_epochs


def treacherous(x, max_epochs):
    """Fail for one configuration in ten, diverge for another, and be equal for many."""
    if x < 0.1:
        return 1 / 0
    return math.nan if x < 0.2 else round(x, 1) / max_epochs


def epochs(config, r_from, r_to):
    return r_to - r_from


def random_time(config, r_from, r_to):
    """Take a time of its own for each configuration, the same ones often."""
    return (r_to - r_from) * (1 + int(8 * config["x"]) / 4)


def halving(seed=0, eta=2, r_min=1, r_max=4, **options):
    return SuccessiveHalvingScheduler(
        RandomSearcher(SPACE, seed=seed), eta, r_min, r_max, **options
    )


def simulate(scheduler, workers, evaluations, **options):
    tuner = HPOTuner(scheduler, objective, workers=workers, progress=False)
    tuner.run(evaluations, **options)
    return tuner


def test_one_simulated_worker_leaves_the_records_of_the_inline_run():
    inline = simulate(halving(), 1, 50).dataframe()
    simulated = simulate(halving(), SimulatedWorkers(1, epochs), 50).dataframe()
    clock = ["started", "ended"]
    assert simulated.drop(columns=clock).equals(inline.drop(columns=clock))


def test_a_promoted_trial_resumes_from_what_it_was_trained_to():
    table = simulate(halving(), SimulatedWorkers(1, epochs), 7).dataframe()
    assert (table["ended"] - table["started"]).tolist() == [1, 1, 1, 1, 1, 1, 2]


def test_without_resume_every_evaluation_trains_from_scratch():
    table = simulate(halving(), SimulatedWorkers(1, epochs, resume=False), 7).dataframe()
    assert (table["ended"] - table["started"]).tolist() == [1, 1, 1, 1, 2, 2, 4]


def test_the_runtime_is_asked_for_the_configuration_and_the_part_of_its_training():
    asked = []

    def runtime(config, r_from, r_to):
        asked.append((sorted(config), r_from, r_to))
        return 1.0

    simulate(halving(), SimulatedWorkers(1, runtime), 7)
    assert [(r_from, r_to) for _, r_from, r_to in asked] == [(0, 1)] * 4 + [(1, 2)] * 2 + [(2, 4)]
    assert {tuple(names) for names, *_ in asked} == {("max_epochs", "x")}


def test_workers_that_end_at_the_same_moment_are_all_reported_before_one_asks_again():
    # With four workers the rung is full at t = 1, so that no worker starts the next round.
    table = simulate(halving(), SimulatedWorkers(4, epochs), 7).dataframe()
    assert table["round"].tolist()[:6] == [0] * 6
    assert table["started"].tolist()[:6] == [0, 0, 0, 0, 1, 1]


def test_the_first_idle_worker_takes_what_comes():
    table = simulate(halving(overlap_rounds=False), SimulatedWorkers(3, epochs), 7).dataframe()
    assert table["worker"].tolist() == [0, 1, 2, 0, 0, 1, 0]
    assert table["ended"].tolist() == [1, 1, 1, 2, 3, 3, 5]


workers_and_runs = given(
    n=st.integers(1, 9),
    eta=st.integers(2, 3),
    seed=st.integers(0, 2**16),
    certain=st.booleans(),
    overlap=st.booleans(),
    straggler_std=st.sampled_from([0.0, 0.5]),
    drop_probability=st.sampled_from([0.0, 0.05]),
)


@workers_and_runs
@settings(max_examples=500)
def test_on_any_number_of_workers_a_round_evaluates_the_same_trials(
    n, eta, seed, certain, overlap, straggler_std, drop_probability
):
    def first_round(workers):
        options = dict(promote_when_certain=certain, overlap_rounds=overlap)
        scheduler = halving(seed, eta, r_max=9, **options)
        tuner = HPOTuner(scheduler, treacherous, workers=workers, progress=False)
        done = []
        while len(done) < scheduler.bracket.evaluations:
            tuner.run(10, catch=ZeroDivisionError)
            done = [record for record in tuner.records if record["round"] == 0]
            assert len(tuner.records) < 5000
        return {(r["trial_id"], str(r["config"]), str(r["error"]), r["failure"]) for r in done}

    risky = dict(straggler_std=straggler_std, drop_probability=drop_probability, seed=seed)
    assert first_round(SimulatedWorkers(n, random_time, **risky)) == first_round(1)


@workers_and_runs
@settings(max_examples=100)
def test_a_worker_does_one_thing_at_a_time_and_the_clock_never_runs_back(
    n, eta, seed, certain, overlap, straggler_std, drop_probability
):
    scheduler = halving(seed, eta, r_max=9, promote_when_certain=certain, overlap_rounds=overlap)
    workers = SimulatedWorkers(n, random_time, True, straggler_std, drop_probability, seed)
    table = simulate(scheduler, workers, 40).dataframe()
    assert table["ended"].is_monotonic_increasing
    for _, lane in table.sort_values("started").groupby("worker"):
        for (_, earlier), (_, later) in itertools.pairwise(lane.iterrows()):
            assert earlier["ended"] <= later["started"]
    assert set(table["worker"]) <= set(range(n))


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    def times(seed):
        workers = SimulatedWorkers(
            5, random_time, straggler_std=1, drop_probability=0.1, seed=seed
        )
        return simulate(halving(), workers, 60).cumulative_runtime

    assert times(3) == times(3) != times(4)


def test_stragglers_take_one_plus_a_half_normal_times_their_runtime():
    workers = SimulatedWorkers(1, lambda *_: 1.0, straggler_std=0.5, seed=0)
    table = simulate(halving(), workers, 4000).dataframe()
    factors = table["ended"] - table["started"]
    assert factors.min() >= 1
    # The mean of |z| is std * sqrt(2 / pi).
    assert factors.mean() == pytest.approx(1 + 0.5 * math.sqrt(2 / math.pi), abs=0.02)


def test_a_dropped_evaluation_is_repeated():
    workers = SimulatedWorkers(2, epochs, drop_probability=0.3, seed=0)
    table = simulate(halving(), workers, 70).dataframe()
    assert np.isfinite(table["error"]).all()
    undisturbed = simulate(halving(), SimulatedWorkers(2, epochs), 70)
    assert table["ended"].max() > undisturbed.current_runtime


def test_a_dropped_evaluation_counts_as_failed_if_that_is_caught():
    workers = SimulatedWorkers(1, lambda *_: 1.0, drop_probability=0.3, seed=0)
    table = simulate(halving(), workers, 3000, catch=LostEvaluation).dataframe()
    lost = table["failure"].notna()
    assert lost.mean() == pytest.approx(0.3, abs=0.03)
    assert np.isinf(table["error"][lost]).all()
    assert np.isfinite(table["error"][~lost]).all()


def test_the_longer_an_evaluation_takes_the_more_likely_it_is_lost():
    workers = SimulatedWorkers(1, lambda *_: 3.0, drop_probability=0.3, seed=0)
    table = simulate(halving(), workers, 3000, catch=LostEvaluation).dataframe()
    assert table["failure"].notna().mean() == pytest.approx(1 - 0.7**3, abs=0.03)


def test_asha_never_leaves_a_worker_idle():
    workers = SimulatedWorkers(7, random_time)
    scheduler = ASHAScheduler(RandomSearcher(SPACE, seed=0), 2, 1, 8)
    table = simulate(scheduler, workers, 300).dataframe()
    for _, lane in table.sort_values("started").groupby("worker"):
        assert (lane["started"].iloc[1:].to_numpy() == lane["ended"].iloc[:-1].to_numpy()).all()


def test_the_garbage_collector_is_as_it_was_after_a_run_that_fails_too():
    usual = gc.get_threshold()
    simulate(halving(), SimulatedWorkers(2, epochs), 4)
    assert gc.get_threshold() == usual
    with pytest.raises(ValueError, match="runtime"):
        simulate(halving(), SimulatedWorkers(2, lambda *_: -1.0), 4)
    assert gc.get_threshold() == usual


def test_a_second_run_continues_at_the_time_at_which_the_first_one_ended():
    tuner = simulate(halving(), SimulatedWorkers(2, epochs), 4)
    tuner.run(3)
    assert tuner.records[4]["started"] == tuner.records[3]["ended"]


def test_an_objective_that_fails_ends_the_run_and_is_repeated_by_the_next():
    fails = iter([True])

    def flaky(x, max_epochs):
        if next(fails, False):
            raise OSError("once")
        return x

    tuner = HPOTuner(halving(), flaky, workers=SimulatedWorkers(3, epochs), progress=False)
    with pytest.raises(OSError, match="once"):
        tuner.run(20)
    tuner.run(20 - len(tuner.records))
    assert {r["trial_id"] for r in tuner.records[:8]} >= {0, 1, 2, 3}
    assert np.isfinite(tuner.dataframe()["error"]).all()


@pytest.mark.parametrize(
    ("arguments", "kind", "named"),
    [
        (dict(n=0), ValueError, "n=0"),
        (dict(n=1.5), TypeError, "n=1.5"),
        (dict(runtime=3), TypeError, "runtime=3"),
        (dict(straggler_std=-1), ValueError, "straggler_std=-1"),
        (dict(straggler_std=math.nan), ValueError, "straggler_std=nan"),
        (dict(drop_probability=1), ValueError, "drop_probability=1"),
        (dict(drop_probability=-0.1), ValueError, "drop_probability=-0.1"),
        (dict(seed=-1), ValueError, "seed=-1"),
        (dict(resume_cost=-1), ValueError, "resume_cost=-1"),
        (dict(resume_cost="1 s"), TypeError, "resume_cost='1 s'"),
    ],
)
def test_a_bad_argument_is_named_with_its_value(arguments, kind, named):
    with pytest.raises(kind, match=named):
        SimulatedWorkers(**{"n": 1, "runtime": epochs, **arguments})


@pytest.mark.parametrize("time", [-1.0, math.inf, math.nan])
def test_a_runtime_that_is_no_time_is_named_with_the_configuration(time):
    with pytest.raises(ValueError, match=r"runtime\(.*max_epochs"):
        simulate(halving(), SimulatedWorkers(1, lambda *_: time), 1)


def test_a_suggestion_without_a_resource_cannot_be_simulated():
    scheduler = BasicScheduler(RandomSearcher(SPACE, seed=0))
    with pytest.raises(ValueError, match="max_epochs"):
        simulate(scheduler, SimulatedWorkers(1, epochs), 1)


def test_to_continue_from_a_checkpoint_costs_what_resume_cost_says_and_nothing_else_does():
    workers = SimulatedWorkers(1, epochs, resume_cost=0.25)
    table = simulate(halving(), workers, 7).dataframe()
    assert (table["ended"] - table["started"]).tolist() == [1, 1, 1, 1, 1.25, 1.25, 2.25]


def test_without_resume_there_is_no_checkpoint_to_restore():
    workers = SimulatedWorkers(1, epochs, resume=False, resume_cost=0.25)
    table = simulate(halving(), workers, 7).dataframe()
    assert (table["ended"] - table["started"]).tolist() == [1, 1, 1, 1, 2, 2, 4]


def test_a_straggler_restores_as_fast_as_others():
    def times(resume_cost):
        workers = SimulatedWorkers(1, epochs, straggler_std=0.5, seed=0, resume_cost=resume_cost)
        return simulate(halving(), workers, 7).dataframe().eval("ended - started")

    assert (times(8.0) - times(0.0)).tolist() == pytest.approx([0, 0, 0, 0, 8, 8, 8])


def test_a_checkpoint_is_restored_once_more_after_an_evaluation_from_it_was_lost():
    restored = []

    class Counting(SimulatedWorkers):
        def start(self, evaluation, objective, arguments):
            super().start(evaluation, objective, arguments)
            restored.append((evaluation["config"]["max_epochs"], evaluation["ends"] - self.now))

    workers = Counting(1, lambda *_: 0.5, drop_probability=0.5, seed=0, resume_cost=0.5)
    simulate(halving(), workers, 7)
    assert len(restored) > 7
    assert all(seconds <= (0.5 if level == 1 else 1) for level, seconds in restored)
    assert [seconds for level, seconds in restored if level > 1 and seconds == 1]


def test_a_journal_s_run_pays_for_the_checkpoints_that_it_continues_from(tmp_path):
    def make_tuner():
        workers = SimulatedWorkers(1, epochs, resume_cost=0.25)
        journal = tmp_path / "run.jsonl"
        return HPOTuner(halving(), objective, workers=workers, journal=journal, progress=False)

    make_tuner().run(4)
    tuner = make_tuner()
    tuner.run(7)
    assert tuner.cumulative_runtime == [1, 2, 3, 4, 5.25, 6.5, 8.75]


@pytest.mark.parametrize(
    "make", [halving, lambda: BasicScheduler(RandomSearcher(SPACE | {"max_epochs": 2}))]
)
def test_workers_of_one_tuner_are_refused_by_another_for_their_clock_runs_on(make):
    workers = SimulatedWorkers(4, epochs)
    simulate(make(), workers, 8)
    with pytest.raises(ValueError, match=r"^workers: another tuner has them.*Make new ones"):
        HPOTuner(make(), objective, workers=workers)


def test_workers_are_refused_to_a_second_tuner_before_the_first_has_run():
    workers = SimulatedWorkers(4, epochs)
    HPOTuner(halving(), objective, workers=workers)
    with pytest.raises(ValueError, match=r"^workers: another tuner has them"):
        HPOTuner(halving(), objective, workers=workers)


def test_workers_stay_usable_if_the_tuner_could_not_be_made():
    workers = SimulatedWorkers(4, epochs)
    with pytest.raises(TypeError, match="objective"):
        HPOTuner(halving(), lambda x: x, workers=workers)
    simulate(halving(), workers, 8)


@pytest.mark.parametrize("time", [None, "1", [1.0], -1, math.nan, math.inf])
def test_a_runtime_that_is_no_finite_time_is_named(time):
    workers = SimulatedWorkers(1, lambda config, r_from, r_to: time)
    with pytest.raises(ValueError, match=r"^runtime\(.* it must be a finite time"):
        simulate(halving(), workers, 1)
