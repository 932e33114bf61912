"""What running in other threads, processes and clusters promises."""

import asyncio
import concurrent.futures
import multiprocessing
import os
import signal
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest
from scipy import stats

from sh_teach import BasicScheduler, HPOTuner, RandomSearcher, SuccessiveHalvingScheduler

SPACE = {"x": stats.uniform(0, 1)}
needs_sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")


def objective(x, max_epochs):
    return x + 1 / max_epochs


def die(x, max_epochs):
    os.kill(os.getpid(), signal.SIGKILL)


SMALL = 0.2


def kills_if_small(x):
    if x < SMALL:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def halving():
    """Make a scheduler of rounds that do not overlap, of seven evaluations each."""
    searcher = RandomSearcher(SPACE, seed=0)
    return SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=4, overlap_rounds=False)


def random_search():
    return BasicScheduler(RandomSearcher(SPACE, seed=0))


def run(workers, count=14, objective=objective, **options):
    tuner = HPOTuner(halving(), objective, workers=workers, progress=False, **options)
    tuner.run(count)
    return tuner


def evaluations(tuner):
    """All that was evaluated, and what came of it, without the order."""
    return {(r["trial_id"], repr(r["config"]), r["error"]) for r in tuner.records}


def results_in(journal):
    return journal.read_text().count('"ended"') if journal.exists() else 0


@pytest.fixture
def threads():
    with ThreadPoolExecutor(3) as executor:
        yield executor


# --- executors -----------------------------------------------------------------------------


def test_threads_evaluate_the_trials_of_the_inline_run(threads):
    assert evaluations(run(threads)) == evaluations(run(1))


def test_as_many_evaluations_run_at_once_as_there_are_workers(threads):
    barrier = threading.Barrier(3, timeout=30)

    def meet(x):
        barrier.wait()
        return x

    tuner = HPOTuner(random_search(), meet, workers=threads, progress=False)
    tuner.run(12)
    assert {record["worker"] for record in tuner.records} == {0, 1, 2}


def test_never_more_evaluations_run_than_there_are_workers(threads):
    lock, running, most = threading.Lock(), [0], [0]

    def count(x):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.001)
        with lock:
            running[0] -= 1
        return x

    tuner = HPOTuner(random_search(), count, workers=threads, progress=False)
    tuner.run(30)
    assert most[0] <= 3


def test_processes_evaluate_the_trials_of_the_inline_run():
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as executor:
        assert evaluations(run(executor)) == evaluations(run(1))


def test_the_clock_stands_still_between_runs(threads):
    tuner = run(threads, 5)
    ended = tuner.current_runtime
    time.sleep(0.3)
    tuner.run(5)
    assert tuner.records[5]["started"] < ended + 0.3


def test_what_an_evaluation_raises_ends_the_run_and_the_others_are_kept(threads):
    fails = threading.Event()

    def flaky(x, max_epochs):
        if not fails.is_set():
            fails.set()
            raise OSError("once")
        return objective(x, max_epochs)

    tuner = HPOTuner(halving(), flaky, workers=threads, progress=False)
    with pytest.raises(OSError, match="once"):
        tuner.run(30)
    tuner.run(30 - len(tuner.records))
    assert evaluations(tuner) == evaluations(run(1, 30))


def test_a_failure_that_is_caught_counts_as_inf(threads):
    def fail(x, max_epochs):
        raise ZeroDivisionError

    tuner = HPOTuner(halving(), fail, workers=threads, progress=False)
    tuner.run(7, catch=ZeroDivisionError)
    assert [record["error"] for record in tuner.records] == [float("inf")] * 7


@pytest.mark.parametrize("cancelled", [concurrent.futures.CancelledError, asyncio.CancelledError])
def test_an_evaluation_that_its_executor_cancelled_is_repeated(cancelled):
    class Cancelling(concurrent.futures.Executor):
        """Cancels every third evaluation, as a cluster may that lost its scheduler."""

        _max_workers = 2
        submitted = 0

        def submit(self, function, *arguments):
            self.submitted += 1
            future = concurrent.futures.Future()
            if self.submitted % 3:
                future.set_result(function(*arguments))
            else:
                future.set_exception(cancelled())
            return future

    executor = Cancelling()
    assert evaluations(run(executor)) == evaluations(run(1))
    assert executor.submitted > 14


@needs_sigkill
def test_a_broken_executor_is_no_failed_evaluation_even_if_everything_is_caught():
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as executor:
        tuner = HPOTuner(halving(), die, workers=executor, progress=False)
        with pytest.raises(BrokenProcessPool) as caught:
            tuner.run(7, catch=Exception)
    assert any("workers=2" in note for note in caught.value.__notes__)
    assert tuner.records == []


@pytest.mark.parametrize(
    ("workers", "kind"), [(0, ValueError), (-1, ValueError), ("2", TypeError), (None, TypeError)]
)
def test_workers_of_no_known_kind_are_named(workers, kind):
    with pytest.raises(kind, match="workers="):
        run(workers)


# --- local processes -----------------------------------------------------------------------


def test_local_processes_run_an_objective_of_this_very_session_with_one_thread_of_torch_each():
    factor = 2

    def local(x, max_epochs):  # such as defined in a notebook's cell
        import torch

        assert torch.get_num_threads() == 1
        return factor * objective(x, max_epochs)

    tuner = run(2, 14, local)
    expected = run(1, 14, lambda x, max_epochs: factor * objective(x, max_epochs))
    assert evaluations(tuner) == evaluations(expected)
    assert {record["worker"] for record in tuner.records} == {0, 1}


@needs_sigkill
def test_a_process_killed_in_mid_training_costs_a_retry_from_the_checkpoint_and_nothing_else(
    tmp_path,
):
    calls = tmp_path / "calls"
    calls.mkdir()
    journal = tmp_path / "run.jsonl"

    def killed_once(x, max_epochs, checkpoint):
        (calls / f"{checkpoint.name}-{max_epochs}-{time.time_ns()}").touch()
        resumed = checkpoint.exists()
        checkpoint.write_text(str(max_epochs))
        if checkpoint.name == "trial-2" and not resumed:
            # Until the tuner has the result of the evaluation before, it dies with the process.
            while results_in(journal) < 2:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        return objective(x, max_epochs)

    checkpoints = tmp_path / "checkpoints"
    tuner = run(2, 14, killed_once, checkpoint_dir=checkpoints, journal=journal)
    assert evaluations(tuner) == evaluations(run(1))
    assert len(list(calls.iterdir())) == 15
    assert len(list(calls.glob("trial-2-1-*"))) == 2


@needs_sigkill
def test_twenty_killed_processes_leave_the_results_of_an_undisturbed_run(tmp_path):
    def killed_the_first_time(x, max_epochs):
        mark = tmp_path / f"{x}-{max_epochs}"
        if len(list(tmp_path.iterdir())) < 20 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return objective(x, max_epochs)

    tuner = run(2, 28, killed_the_first_time)
    assert len(list(tmp_path.iterdir())) == 20
    assert evaluations(tuner) == evaluations(run(1, 28))


@needs_sigkill
def test_a_process_that_dies_with_a_result_in_its_hands_changes_no_result(tmp_path):
    def dies_afterwards(x, max_epochs):
        mark = tmp_path / f"{x}-{max_epochs}"
        if max_epochs > 1 and not mark.exists():
            mark.touch()
            threading.Timer(0.002, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return objective(x, max_epochs)

    tuner = run(2, 14, dies_afterwards)
    assert len(list(tmp_path.iterdir())) == 6
    assert evaluations(tuner) == evaluations(run(1))


@needs_sigkill
def test_an_evaluation_that_kills_every_process_it_gets_counts_as_failed_if_that_is_caught():
    tuner = HPOTuner(random_search(), kills_if_small, workers=2, progress=False)
    tuner.run(4, catch=Exception)
    failed = {record["config"]["x"] for record in tuner.records if record["failure"]}
    assert failed == {r["config"]["x"] for r in tuner.records if r["config"]["x"] < SMALL}
    assert len(tuner.records) == 4


def test_local_processes_keep_the_memory_that_the_next_step_needs():
    def environment(x, max_epochs):
        return float(os.environ["MALLOC_TRIM_THRESHOLD_"]) + int(os.environ["OMP_NUM_THREADS"])

    assert run(2, 1, environment).records[0]["error"] == 2_000_000_001


def test_the_exception_of_another_process_ends_the_run_as_it_was_raised():
    def fail(x, max_epochs):
        raise ZeroDivisionError("there")

    with pytest.raises(ZeroDivisionError, match="there"):
        run(2, 7, fail)


# --- a cluster -----------------------------------------------------------------------------

# What Dask warns of while it starts and stops is not ours.
quiet_dask = pytest.mark.filterwarnings("default")


@quiet_dask
def test_a_worker_that_joins_late_gets_work(tmp_path):
    from distributed import Client, LocalCluster

    journal = tmp_path / "run.jsonl"

    def slow(x, max_epochs):
        time.sleep(0.05)
        return objective(x, max_epochs)

    def join_after_three_results():
        while results_in(journal) < 3:
            time.sleep(0.01)
        cluster.scale(2)

    with (
        warnings.catch_warnings(),
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        joining = threading.Thread(target=join_after_three_results, daemon=True)
        joining.start()
        tuner = run(client, 60, slow, journal=journal)
        joining.join()
    assert evaluations(tuner) == evaluations(run(1, 60))
    assert [record["worker"] for record in tuner.records[:3]] == [0, 0, 0]
    assert {record["worker"] for record in tuner.records} == {0, 1}
