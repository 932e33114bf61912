"""What the tuner promises: what a run leaves behind, also when it is cut short."""

import gc
import math
import os
import random
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from show_source import source_without_docstring

from sh_teach.running.simulated import SimulatedWorkers
from sh_teach.running.tuner import HPOTuner
from sh_teach.running.workers import LostEvaluation
from sh_teach.schedulers.asha import ASHAScheduler
from sh_teach.schedulers.base import BasicScheduler, rank
from sh_teach.schedulers.halving import SuccessiveHalvingScheduler
from sh_teach.schedulers.hyperband import HyperbandScheduler
from sh_teach.schedulers.searchers import RandomSearcher
from sh_teach.schedulers.trial import Trial

NAMES = ["trial_id", "round", "worker", "started", "ended", "error", "failure"]
INF = float("inf")


def objective(x, max_epochs):
    return x + 1 / max_epochs


def random_search(seed=0):
    return BasicScheduler(RandomSearcher({"x": stats.uniform(), "max_epochs": 4}, seed=seed))


def halving(seed=0, **options):
    searcher = RandomSearcher({"x": stats.uniform()}, {"x": 0.5}, seed=seed)
    return SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=4, **options)


def quiet(scheduler, objective=objective, **options):
    return HPOTuner(scheduler, objective, progress=False, **options)


def story(tuner):
    """What must not depend on the clock."""
    names = ["trial_id", "round", "config", "worker", "error", "failure"]
    return [{name: record[name] for name in names} for record in tuner.records]


def undisturbed(evaluations, make_scheduler=halving):
    tuner = quiet(make_scheduler())
    tuner.run(evaluations)
    return story(tuner)


class Listed:
    """Suggests {"x": value} for the values of a list, and notes what it is told."""

    def __init__(self, values):
        self.values = iter(values)
        self.told = []

    def suggest(self):
        return {"x": next(self.values)}

    def update(self, config, error, info=None):
        self.told.append((config, error))


class PlainHalving:
    """Halving as a student may write it: plain dicts, no trial_id, one rung after the other."""

    def __init__(self, searcher, trials, levels, in_place=False):
        self.searcher, self.trials, self.levels = searcher, trials, levels
        self.in_place = in_place
        self.waiting, self.results, self.size, self.level = [], [], 0, None

    def suggest(self):
        if not self.waiting:
            new = [self.searcher.sample_configuration() for _ in range(self.trials)]
            self.begin_rung(new, 0)
        return self.waiting.pop(0)

    def begin_rung(self, configs, k):
        if not self.in_place:
            configs = [dict(config) for config in configs]
        for config in configs:
            config["max_epochs"] = self.levels[k]
        self.waiting, self.results, self.size, self.level = configs, [], len(configs), k

    def update(self, config, error, info=None):
        self.results.append((error, config))
        if len(self.results) == self.size and self.level + 1 < len(self.levels):
            ranked = sorted(self.results, key=lambda result: result[0])
            self.begin_rung([config for _, config in ranked[: self.size // 2]], self.level + 1)


def plain_halving(**options):
    searcher = RandomSearcher({"x": stats.uniform()}, {"x": 0.5}, seed=0)
    return PlainHalving(searcher, trials=4, levels=[1, 2, 4], **options)


# --- a run ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 7, 20])
def test_a_run_is_exactly_as_many_evaluations_as_asked_for(count):
    calls = []
    tuner = quiet(halving(), lambda **config: calls.append(config) or 0.5)
    tuner.run(count)
    assert len(tuner.records) == len(calls) == count


def test_a_second_run_adds_as_many_and_continues_where_the_first_one_stopped():
    tuner = quiet(halving())
    tuner.run(5)
    tuner.run(number_of_trials=6)
    assert story(tuner) == undisturbed(11)


def test_the_same_seed_gives_the_same_run():
    assert undisturbed(20) == undisturbed(20)
    assert undisturbed(20) != undisturbed(20, partial(halving, seed=1))


def test_for_one_worker_it_does_not_matter_whether_rounds_may_overlap():
    assert undisturbed(30) == undisturbed(30, partial(halving, overlap_rounds=False))


def test_a_round_runs_rung_by_rung():
    tuner = quiet(halving())
    tuner.run(8)
    frame = tuner.dataframe()
    assert list(frame["max_epochs"]) == [1, 1, 1, 1, 2, 2, 4, 1]
    assert list(frame["round"]) == [0, 0, 0, 0, 0, 0, 0, 1]
    assert frame["trial_id"].nunique() == 5


def test_the_scheduler_is_told_the_error_of_what_it_suggested_at_once():
    scheduler = Listed([3, 1, 2])
    tuner = quiet(scheduler, lambda x: len(scheduler.told) + x / 10)
    tuner.run(3)
    assert scheduler.told == [({"x": 3}, 0.3), ({"x": 1}, 1.1), ({"x": 2}, 2.2)]


def test_an_objective_that_changes_its_arguments_changes_nothing_else():
    def untidy(**config):
        error = objective(**config)
        config.clear()
        return error

    tuner = quiet(halving(), untidy)
    tuner.run(15)
    assert story(tuner) == undisturbed(15)


@pytest.mark.parametrize("number", [1, 0.5, np.float32(0.5), np.array(0.5)])
def test_any_number_will_do_for_an_error_and_is_recorded_as_a_float(number):
    tuner = quiet(Listed([1]), lambda x: number)
    tuner.run(1)
    assert type(tuner.records[0]["error"]) is float
    assert tuner.records[0]["error"] == number


def test_a_tensor_will_do_for_an_error():
    torch = pytest.importorskip("torch")
    tuner = quiet(Listed([1]), lambda x: torch.tensor([0.5]))
    tuner.run(1)
    assert tuner.incumbent_error == 0.5


# --- records -------------------------------------------------------------------------------


def test_the_table_has_one_row_for_each_evaluation_and_the_columns_it_promises():
    tuner = quiet(halving())
    tuner.run(9)
    frame = tuner.dataframe()
    assert len(frame) == 9
    assert list(frame.columns) == [*NAMES, "x", "max_epochs"]
    for name in ["trial_id", "round", "worker", "max_epochs"]:
        assert frame[name].dtype == np.int64
    for name in ["started", "ended", "error", "x"]:
        assert frame[name].dtype == np.float64
    assert frame["failure"].isna().all()
    assert list(frame["error"]) == [record["error"] for record in tuner.records]


def test_the_table_of_no_run_has_its_columns():
    frame = quiet(halving()).dataframe()
    assert list(frame.columns) == NAMES
    assert len(frame) == 0


def test_the_table_may_be_changed_without_changing_the_records():
    tuner = quiet(halving())
    tuner.run(3)
    frame = tuner.dataframe()
    frame["error"] = 0
    assert story(tuner) == undisturbed(3)


def test_the_incumbent_may_be_changed_without_changing_the_records():
    tuner = quiet(halving())
    tuner.run(3)
    tuner.incumbent["max_epochs"] = 50
    assert story(tuner) == undisturbed(3)


@pytest.mark.parametrize("name", NAMES)
def test_an_argument_with_the_name_of_a_column_is_kept_beside_it(name):
    scheduler = BasicScheduler(RandomSearcher({name: 77, "x": 1}, seed=0))
    tuner = quiet(scheduler, lambda **config: 0.5)
    tuner.run(1)
    frame = tuner.dataframe()
    assert list(frame.columns) == [*NAMES, f"config.{name}", "x"]
    assert list(frame[f"config.{name}"]) == [77]
    assert list(frame["round"]) == [0]
    assert list(frame["error"]) == [0.5]


def test_times_count_what_evaluations_took_and_nothing_else(monkeypatch):
    clock = iter([10, 12, 100, 105])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    tuner = quiet(Listed([1, 2]), lambda x: x)
    tuner.run(2)
    assert [(r["started"], r["ended"]) for r in tuner.records] == [(0, 2), (2, 7)]
    assert tuner.cumulative_runtime == [2, 7]
    assert tuner.current_runtime == 7


# --- the incumbent -------------------------------------------------------------------------

some_errors = st.lists(st.sampled_from([0.1, 0.2, 0.3, float("nan"), INF, -INF]), max_size=20)


@given(errors=some_errors)
def test_the_incumbent_is_the_first_of_the_smallest_errors_so_far(errors):
    tuner = quiet(Listed(range(len(errors))), lambda x: errors[x])
    tuner.run(len(errors))
    numbers = [error for error in errors if math.isfinite(error)]
    assert tuner.incumbent_error == min(numbers, default=INF)
    assert tuner.incumbent == ({"x": errors.index(min(numbers))} if numbers else None)


@given(errors=some_errors)
def test_the_trajectory_has_one_entry_for_each_evaluation_and_never_rises(errors):
    tuner = quiet(Listed(range(len(errors))), lambda x: errors[x])
    tuner.run(len(errors))
    trajectory = tuner.incumbent_trajectory
    assert len(trajectory) == len(tuner.cumulative_runtime) == len(errors)
    assert trajectory == sorted(trajectory, reverse=True)
    assert trajectory[-1:] == ([tuner.incumbent_error] if errors else [])


def test_nan_never_becomes_the_incumbent_and_is_recorded_as_it_is():
    tuner = quiet(Listed([1]), lambda x: float("nan"))
    tuner.run(1)
    assert tuner.incumbent is None
    assert tuner.incumbent_trajectory == [INF]
    assert np.isnan(tuner.dataframe()["error"]).all()


@pytest.mark.parametrize("bad", [float("nan"), INF, -INF])
def test_an_error_that_is_not_finite_is_recorded_as_it_is_and_is_never_the_incumbent(bad):
    tuner = quiet(Listed(range(4)), lambda x: [0.5, bad, 0.25, bad][x])
    tuner.run(4)
    assert tuner.incumbent == {"x": 2}
    assert tuner.incumbent_trajectory == [0.5, 0.5, 0.25, 0.25]
    np.testing.assert_equal(tuner.dataframe()["error"].to_list(), [0.5, bad, 0.25, bad])


@pytest.mark.parametrize("bad", [float("nan"), -INF])
@pytest.mark.parametrize("make", [SuccessiveHalvingScheduler, HyperbandScheduler, ASHAScheduler])
def test_a_run_with_errors_that_are_not_finite_is_the_run_with_inf_in_their_place(make, bad):
    def evaluated(error):
        scheduler = make(RandomSearcher({"x": stats.uniform()}, seed=0), 2, 1, 4)
        tuner = quiet(scheduler, lambda x, max_epochs: error if x < 0.5 else x)
        tuner.run(40)
        return [record["config"] for record in tuner.records], tuner.incumbent_trajectory

    assert evaluated(bad) == evaluated(INF)


@pytest.mark.parametrize("bad", [float("nan"), INF, -INF])
def test_errors_that_are_not_finite_are_equally_bad(bad):
    older, newer = Trial({}, 0, 0), Trial({}, 1, 0)
    for other in (float("nan"), INF, -INF):
        assert rank((older, bad)) < rank((newer, other))
        assert rank((older, other)) < rank((newer, bad))
        assert rank((newer, 1e300)) < rank((older, bad))


def test_the_incumbent_has_the_resource_of_its_evaluation():
    tuner = quiet(halving())
    tuner.run(7)
    assert tuner.incumbent == min(tuner.records, key=lambda record: record["error"])["config"]
    assert tuner.incumbent["max_epochs"] == 4


# --- failures ------------------------------------------------------------------------------


class OwnError(Exception):
    pass


def failing_once(at, error):
    """The objective, but its call number `at` raises."""
    calls = iter(range(10**6))

    def objective_failing_once(x, max_epochs):
        if next(calls) == at:
            raise error
        return objective(x, max_epochs)

    return objective_failing_once


@pytest.mark.parametrize("at", [0, 1, 4, 6, 7])
@pytest.mark.parametrize("error", [OwnError("spilt"), KeyboardInterrupt(), SystemExit()])
def test_what_the_objective_raises_ends_the_run_and_loses_nothing(at, error):
    tuner = quiet(halving(), failing_once(at, error))
    with pytest.raises(type(error)) as raised:
        tuner.run(12)
    assert raised.value is error
    assert story(tuner) == undisturbed(at)
    tuner.run(12 - at)
    assert story(tuner) == undisturbed(12)


def test_an_exception_comes_with_a_note_of_the_configuration_it_happened_with():
    tuner = quiet(halving(), failing_once(0, OwnError("spilt")))
    with pytest.raises(OwnError, match="spilt") as raised:
        tuner.run(1)
    assert any("{'x': 0.5, 'max_epochs': 1}" in note for note in raised.value.__notes__)


def test_an_evaluation_that_fails_again_and_again_is_tried_again_and_again():
    def fails(x, max_epochs):
        raise OwnError(x, max_epochs)

    tuner = quiet(halving(), fails)
    for _ in range(3):
        with pytest.raises(OwnError) as raised:
            tuner.run(5)
        assert raised.value.args == (0.5, 1)
    assert tuner.records == []


def fails_on_first_rung(x, max_epochs):
    if max_epochs == 1:
        raise OwnError("too short")
    return objective(x, max_epochs)


@pytest.mark.parametrize("catch", [OwnError, (KeyError, OwnError), Exception, BaseException])
def test_a_failure_that_is_caught_counts_as_inf_and_its_rung_still_fills(catch):
    tuner = quiet(halving(), fails_on_first_rung)
    tuner.run(7, catch=catch)
    frame = tuner.dataframe()
    assert list(frame["max_epochs"]) == [1, 1, 1, 1, 2, 2, 4]
    assert list(frame["error"][:4]) == [INF] * 4
    assert list(frame["failure"][:4]) == ["OwnError('too short')"] * 4
    assert frame["failure"][4:].isna().all()
    assert list(frame["trial_id"][4:6]) == [0, 1]


@pytest.mark.parametrize("catch", [Exception, (KeyError, BaseException), (), OwnError])
def test_a_lost_evaluation_is_retried_whatever_else_is_caught(catch):
    workers = SimulatedWorkers(2, lambda *_: 1.0, drop_probability=0.2, seed=0)
    tuner = HPOTuner(halving(), lambda x, max_epochs: x, workers=workers, progress=False)
    tuner.run(30, catch=catch)
    assert tuner.dataframe()["failure"].isna().all()


def test_a_lost_evaluation_counts_as_failed_if_lost_evaluations_themselves_are_caught():
    workers = SimulatedWorkers(2, lambda *_: 1.0, drop_probability=0.2, seed=0)
    tuner = HPOTuner(halving(), lambda x, max_epochs: x, workers=workers, progress=False)
    tuner.run(30, catch=(OwnError, LostEvaluation))
    failures = tuner.dataframe()["failure"].dropna()
    assert len(failures) > 0
    assert all(failure.startswith("LostEvaluation") for failure in failures)


def test_a_failure_of_another_kind_is_not_caught():
    tuner = quiet(halving(), fails_on_first_rung)
    with pytest.raises(OwnError):
        tuner.run(7, catch=(KeyError, ValueError))


@pytest.mark.parametrize(
    "catch", [None, "OwnError", OwnError("x"), int, [OwnError], (OwnError, 1)]
)
def test_catch_that_is_no_exception_class_is_refused_before_anything_runs(catch):
    tuner = quiet(halving())
    with pytest.raises(TypeError, match=r"^catch="):
        tuner.run(3, catch=catch)
    assert tuner.records == []


@pytest.mark.parametrize("returned", [None, "0.1", [0.1], True])
def test_an_objective_that_returns_no_number_gets_a_message_with_the_configuration(returned):
    def sometimes(x, max_epochs):
        return returned if next(answers) else objective(x, max_epochs)

    answers = iter([False, True, False, False])
    tuner = quiet(halving(), sometimes)
    with pytest.raises(TypeError, match=r"^error=") as raised:
        tuner.run(3, catch=TypeError)
    assert any("'max_epochs': 1" in note for note in raised.value.__notes__)
    tuner.run(2)
    assert story(tuner) == undisturbed(3)


def test_a_scheduler_that_raises_in_update_gets_the_result_again():
    class FailsOnce(Listed):
        def update(self, config, error, info=None):
            super().update(config, error)
            if len(self.told) == 2:
                raise OwnError("spilt")

    tuner = quiet(FailsOnce([1, 2, 3]), lambda x: x)
    with pytest.raises(OwnError):
        tuner.run(3)
    tuner.run(2)
    assert [record["config"]["x"] for record in tuner.records] == [1, 2, 3]


def test_a_scheduler_that_suggests_nothing_though_nothing_runs_is_an_error_and_no_endless_loop():
    class Idle:
        def suggest(self):
            return None

        def update(self, config, error):
            pass

    with pytest.raises(RuntimeError, match="suggests nothing"):
        quiet(Idle()).run(1)


def test_a_second_tuner_does_not_start_while_the_first_one_has_an_evaluation_to_repeat():
    scheduler = halving()
    first = quiet(scheduler, lambda x, max_epochs: x if len(first.records) < 3 else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        first.run(7)
    with pytest.raises(ValueError, match=r"scheduler: .* 1 trial .* \(3\).* new scheduler"):
        quiet(scheduler, lambda x, max_epochs: x)
    first.objective = lambda x, max_epochs: x  # as the message says
    first.run(4)
    assert [record["trial_id"] for record in first.records[:4]] == [0, 1, 2, 3]
    second = quiet(scheduler, lambda x, max_epochs: x)  # nothing is pending any more
    second.run(7)
    assert len(second.records) == 7


def test_of_two_tuners_on_one_scheduler_made_before_either_ran_the_second_says_so():
    scheduler = halving()
    first, second = quiet(scheduler, lambda x, max_epochs: 1 / 0), quiet(scheduler, lambda **_: 0)
    with pytest.raises(ZeroDivisionError):
        first.run(1)
    with pytest.raises(ValueError, match="another tuner started"):
        second.run(1)
    assert second.records == []


# --- Ctrl-C --------------------------------------------------------------------------------


def press_ctrl_c():
    if sys.platform == "win32":
        # There os.kill would end the process.
        signal.raise_signal(signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)


@contextmanager
def harmless_outside_of_run():
    """Let Ctrl-C do nothing where the tuner does not handle it, so that pytest survives it."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def ctrl_c_at_random_moments(seed):
    """Press Ctrl-C again and again from another thread."""
    rng, over = random.Random(seed), threading.Event()

    def press():
        while not over.wait(rng.uniform(0, 4e-3)):
            press_ctrl_c()

    thread = threading.Thread(target=press)
    usual = sys.getswitchinterval()
    # An exception in such a callback (hypothesis has one) is ignored, and this Ctrl-C with it.
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    # Seconds between two moments at which the other thread may begin to press: many.
    sys.setswitchinterval(1e-5)
    with harmless_outside_of_run():
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            sys.setswitchinterval(usual)
            gc.callbacks[:] = callbacks


@pytest.mark.parametrize("make_scheduler", [halving, random_search, plain_halving])
@pytest.mark.parametrize("seed", [0, 1])
def test_ctrl_c_at_any_moment_loses_nothing(make_scheduler, seed):
    interrupted = 0
    tuner = quiet(make_scheduler())
    with ctrl_c_at_random_moments(seed):
        while interrupted < 100:
            try:
                tuner.run(20)
            except KeyboardInterrupt:
                interrupted += 1
            assert len(tuner.records) < 10**5, "Ctrl-C has no effect"
    assert story(tuner) == undisturbed(len(tuner.records), make_scheduler)


class PressesCtrlC(BasicScheduler):
    """Ctrl-C is pressed just as the scheduler is at work."""

    def __init__(self, method, at):
        super().__init__(RandomSearcher({"x": stats.uniform(), "max_epochs": 4}, seed=0))
        self.method, self.at = method, at
        self.calls = {"suggest": 0, "update": 0}

    def work(self, method):
        self.calls[method] += 1
        if (method, self.calls[method]) == (self.method, self.at):
            press_ctrl_c()
            # Long enough for the signal to arrive in the middle of this.
            sum(range(1000))

    def suggest(self):
        self.work("suggest")
        return super().suggest()

    def update(self, config, error, info=None):
        self.work("update")
        super().update(config, error, info)


@pytest.mark.parametrize("at", [1, 3, 5])
@pytest.mark.parametrize("method", ["suggest", "update"])
def test_ctrl_c_while_the_scheduler_works_waits_until_that_is_done(method, at):
    tuner = quiet(PressesCtrlC(method, at))
    with pytest.raises(KeyboardInterrupt), harmless_outside_of_run():
        tuner.run(5)
    ended = at if method == "update" else at - 1
    assert len(tuner.records) == ended
    assert tuner.scheduler.calls["update"] == ended
    tuner.run(5 - ended)
    assert story(tuner) == undisturbed(5, random_search)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal does not interrupt sleep there")
def test_ctrl_c_stops_an_evaluation_that_would_run_without_end():
    def endless(x, max_epochs):
        press_ctrl_c()
        threading.Event().wait(60)

    tuner = quiet(halving(), endless)
    with pytest.raises(KeyboardInterrupt), harmless_outside_of_run():
        tuner.run(1)
    assert tuner.records == []


def raise_own_error(x, max_epochs):
    raise OwnError


@pytest.mark.parametrize("end", [objective, raise_own_error, failing_once(0, KeyboardInterrupt)])
def test_after_a_run_ctrl_c_does_what_it_did_before(end):
    def mine(*_):
        pass

    before = signal.signal(signal.SIGINT, mine)
    try:
        with suppress(OwnError, KeyboardInterrupt):
            quiet(halving(), end).run(1)
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_run_may_be_in_another_thread():
    # Only the main thread may handle signals.
    tuner = quiet(halving())
    thread = threading.Thread(target=tuner.run, args=[8])
    thread.start()
    thread.join()
    assert story(tuner) == undisturbed(8)


# --- checkpoints ---------------------------------------------------------------------------


@pytest.mark.parametrize("make_scheduler", [halving, plain_halving])
def test_a_trial_gets_the_same_checkpoint_each_time_and_no_other_trial_gets_it(
    make_scheduler, tmp_path
):
    got = []

    def resumable(x, max_epochs, checkpoint):
        got.append((x, checkpoint))
        return objective(x, max_epochs)

    tuner = quiet(make_scheduler(), resumable, checkpoint_dir=tmp_path / "new" / "folder")
    tuner.run(14)
    # The draws are continuous, so x tells the trials apart.
    assert len(got) == 14
    assert len(set(got)) == len({x for x, _ in got}) == len({path for _, path in got}) == 8
    assert {path.parent for _, path in got} == {tmp_path / "new" / "folder"}
    assert (tmp_path / "new" / "folder").is_dir()


def test_the_checkpoint_is_no_part_of_the_record(tmp_path):
    tuner = quiet(halving(), lambda **config: 0.5, checkpoint_dir=str(tmp_path))
    tuner.run(1)
    assert tuner.records[0]["config"] == {"x": 0.5, "max_epochs": 1}


def test_an_evaluation_that_was_interrupted_gets_its_checkpoint_again(tmp_path):
    got = []

    def fails_first(x, max_epochs, checkpoint):
        got.append(checkpoint)
        if len(got) == 1:
            raise OwnError
        return 0.5

    tuner = quiet(halving(), fails_first, checkpoint_dir=tmp_path)
    with pytest.raises(OwnError):
        tuner.run(1)
    tuner.run(1)
    assert got[0] == got[1]


def test_without_a_checkpoint_dir_the_objective_gets_no_checkpoint():
    got = []
    tuner = quiet(halving(), lambda **config: got.append(config) or 0.5)
    tuner.run(1)
    assert got == [{"x": 0.5, "max_epochs": 1}]


@pytest.mark.parametrize("accepts", [False, True])
def test_an_objective_that_cannot_take_a_checkpoint_is_refused_at_once(accepts, tmp_path):
    def forgetful(x, max_epochs):
        return 0.5

    def resumable(x, max_epochs, checkpoint=None):
        return 0.5

    if accepts:
        quiet(halving(), resumable, checkpoint_dir=tmp_path)
    else:
        with pytest.raises(TypeError, match=r"^checkpoint_dir=.*checkpoint"):
            quiet(halving(), forgetful, checkpoint_dir=tmp_path / "new")
        assert not (tmp_path / "new").exists()


def test_a_folder_with_checkpoints_of_another_run_is_refused_and_left_as_it_is(tmp_path):
    def resumable(x, max_epochs, checkpoint):
        Path(checkpoint).write_text("weights", "utf-8")
        return 0.5

    quiet(halving(), resumable, checkpoint_dir=tmp_path).run(2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=r"^checkpoint_dir=.*another run"):
        quiet(halving(), resumable, checkpoint_dir=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert len([name for name in before if name.startswith("trial-")]) == 2


# --- schedulers that suggest plain dicts ---------------------------------------------------


@pytest.mark.parametrize("in_place", [False, True], ids=["promotes a copy", "promotes in place"])
def test_a_scheduler_of_plain_dicts_leaves_the_same_records(in_place):
    tuner = quiet(plain_halving(in_place=in_place))
    tuner.run(18)
    expected = [record | {"round": None} for record in undisturbed(18)]
    assert story(tuner) == expected
    assert tuner.dataframe()["round"].isna().all()


def test_the_incumbent_of_a_scheduler_that_promotes_in_place_keeps_its_resource():
    # The best of the first rung gets worse on the second, so it stays the incumbent as it was.
    tuner = quiet(plain_halving(in_place=True), lambda x, max_epochs: x + max_epochs)
    tuner.run(7)
    assert tuner.incumbent["max_epochs"] == 1


@pytest.mark.parametrize("config", [{"x": 1}, {"x": 1, "max_epochs": 4}, {}])
def test_plain_dicts_of_equal_values_that_are_no_promotion_are_trials_of_their_own(config):
    class Same(Listed):
        def suggest(self):
            return dict(config)

    tuner = quiet(Same([]), lambda **config: 0.5)
    tuner.run(3)
    assert [record["trial_id"] for record in tuner.records] == [0, 1, 2]


# --- arguments and progress ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "error"), [(-1, ValueError), (1.5, TypeError), (None, TypeError), ("3", TypeError)]
)
def test_a_bad_number_of_trials_is_named_and_nothing_runs(number, error):
    tuner = quiet(halving())
    with pytest.raises(error, match=r"^number_of_trials="):
        tuner.run(number)
    assert tuner.records == []


@pytest.mark.parametrize(
    ("workers", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError)]
)
def test_a_bad_number_of_workers_is_named(workers, error):
    with pytest.raises(error, match=r"^workers="):
        quiet(halving(), workers=workers)


def test_without_progress_nothing_is_printed(capfd):
    quiet(halving()).run(3)
    assert capfd.readouterr() == ("", "")


def test_with_progress_the_number_of_evaluations_and_the_incumbent_are_shown(capfd):
    HPOTuner(Listed([1, 2, 3]), lambda x: x / 4).run(3)
    shown = capfd.readouterr().err
    assert "3/3" in shown
    assert "incumbent_error=0.25" in shown


def test_the_loop_fits_on_a_slide():
    shown = (HPOTuner.run, HPOTuner._report)
    lines = [line for method in shown for line in source_without_docstring(method).splitlines()]
    assert len(lines) <= 45


@pytest.mark.parametrize("pending", [3, [{"x": 1}], {"x": 1}, None])
def test_an_attribute_pending_of_a_student_s_own_scheduler_is_no_concern_of_the_tuner(pending):
    scheduler = Listed([3, 1])
    scheduler.pending = pending
    tuner = quiet(scheduler, lambda x: x / 10)
    tuner.run(2)
    assert [record["error"] for record in tuner.records] == [0.3, 0.1]
