"""What runs in processes promises to the scripts of students, tried with real scripts."""

import asyncio
import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats

from sh_teach import BasicScheduler, HPOTuner, RandomSearcher

LONG = 300  # seconds, for a machine that is busy with other things
needs_posix = pytest.mark.skipif(os.name != "posix", reason="no sessions, no kill -9 here")
quiet_dask = pytest.mark.filterwarnings("default")

HEAD = """
import multiprocessing
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from sh_teach import BasicScheduler, HPOSearcher, HPOTuner, SuccessiveHalvingScheduler


class Draws(HPOSearcher):
    def sample_configuration(self):
        return {"x": random.random()}


def objective(x, max_epochs):
    return x + 1 / max_epochs


def make_tuner(objective=objective, **options):
    scheduler = SuccessiveHalvingScheduler(Draws(), eta=2, r_min=1, r_max=4)
    return HPOTuner(scheduler, objective, progress=False, **options)

"""


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a student's script, in a session as a terminal makes one."""
    started = []

    def start_script(script):
        path = tmp_path / "script.py"
        path.write_text(HEAD + textwrap.dedent(script))
        process = subprocess.Popen(
            [sys.executable, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )
        too_late = threading.Timer(LONG, process.kill)
        too_late.start()
        started.append((process, too_late))
        return process

    yield start_script
    for process, too_late in started:
        too_late.cancel()
        with process:
            process.kill()


def finish(process):
    """Return the exit code of a script, and what it printed that was not read yet."""
    process.stdin.close()
    out, err = process.stdout.read(), process.stderr.read()
    return process.wait(), out, err


def press_ctrl_c(process):
    """Press it as a terminal does, which sends the signal to all processes of the session."""
    os.killpg(process.pid, signal.SIGINT)


def wait_for(line, stream):
    """Read a stream up to a line."""
    seen = []
    for seen_line in stream:
        seen.append(seen_line)
        if line in seen_line:
            return
    raise AssertionError(f"{line!r} is not in {''.join(seen)}")


# --- a plain script ------------------------------------------------------------------------


def test_a_script_with_a_guard_runs_on_two_processes_and_says_nothing(start):
    script = """
    if __name__ == "__main__":
        tuner = make_tuner(workers=2)
        tuner.run(14)
        print(len(tuner.records))
    """
    assert finish(start(script)) == (0, "14\n", "")


def test_a_tuner_may_be_made_before_the_guard(start):
    script = """
    tuner = make_tuner(workers=2)
    if __name__ == "__main__":
        tuner.run(7)
        print(len(tuner.records))
    """
    assert finish(start(script)) == (0, "7\n", "")


def test_a_script_without_a_guard_ends_with_a_sentence_that_says_so(start):
    code, out, err = finish(start("make_tuner(workers=2).run(14)\nprint('done')"))
    assert (code, out) == (1, "")
    assert err.count("Traceback") == 1
    assert 'put what starts the search under `if __name__ == "__main__":`' in err.splitlines()[-1]


def test_a_script_on_standard_input_which_no_process_can_read_again_is_told_to_be_a_file():
    script = HEAD + "if __name__ == '__main__': make_tuner(workers=2).run(14)"
    done = subprocess.run(
        [sys.executable, "-"], input=script, capture_output=True, text=True, timeout=LONG
    )
    assert done.returncode == 1
    assert "in a file" in done.stderr.splitlines()[-1]


def test_a_script_without_a_guard_whose_executor_spawns_is_told_so_as_well(start):
    script = """
    spawn = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(2, mp_context=spawn)
    make_tuner(workers=executor).run(14)
    """
    code, _, err = finish(start(script))
    assert code == 1
    assert err.count("Traceback") == 1
    assert 'put what starts the search under `if __name__ == "__main__":`' in err


def test_a_script_that_fails_when_it_is_run_again_shows_its_own_error_and_the_guard(start):
    script = """
    if __name__ != "__main__":
        raise OSError("the second time")
    make_tuner(workers=2).run(14)
    """
    code, _, err = finish(start(script))
    assert code == 1
    assert "OSError: the second time" in err
    assert "workers=2: no process comes up" in err.splitlines()[-1]


def test_a_process_that_takes_too_long_to_come_up_ends_the_run(start):
    script = """
    if __name__ != "__main__":
        time.sleep(600)
    import sh_teach.running.processes as processes
    processes.START_SECONDS = 1
    make_tuner(workers=2).run(14)
    """
    code, _, err = finish(start(script))
    assert code == 1
    assert "workers=2: no process comes up" in err.splitlines()[-1]


def test_functions_of_a_script_run_in_an_executor_that_spawns(start):
    script = """
    if __name__ == "__main__":
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=spawn) as executor:
            tuner = make_tuner(workers=executor)
            tuner.run(14)
        print(len(tuner.records))
    """
    assert finish(start(script)) == (0, "14\n", "")


@needs_posix
def test_local_processes_leave_the_environment_as_it_was(start):
    script = """
    if __name__ == "__main__":
        before = dict(os.environ)
        make_tuner(workers=2).run(2)
        print(before == dict(os.environ))
    """
    assert finish(start(script)) == (0, "True\n", "")


# --- processes in the objective ------------------------------------------------------------

LOADS = """
class Numbers:
    def __getitem__(self, i):
        return float(i)

    def __len__(self):
        return 8


def objective(x, max_epochs):
    from torch.utils.data import DataLoader

    return sum(float(batch.sum()) for batch in DataLoader(Numbers(), num_workers=2))
"""
MAPS = """
def objective(x, max_epochs):
    with multiprocessing.Pool(2) as pool:
        return sum(pool.map(float, range(8)))
"""
STARTS = """
def objective(x, max_epochs):
    process = multiprocessing.Process(target=print, args=("from a child",), daemon=False)
    process.start()
    process.join()
    return 28.0 + process.exitcode
"""


@pytest.mark.parametrize("objective", [LOADS, MAPS, STARTS])
def test_an_objective_may_start_processes(start, objective):
    script = """
    if __name__ == "__main__":
        tuner = make_tuner(objective, workers=2)
        tuner.run(4)
        print([record["error"] for record in tuner.records])
    """
    code, out, err = finish(start(objective + textwrap.dedent(script)))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "[28.0, 28.0, 28.0, 28.0]"


# Each child has a pipe open: its other end is at its end when they have all gone.
HAS_A_CHILD = """
def hold(path, up):
    with open(path, "w") as pipe:
        pipe.write("up ")
        pipe.flush()
        up.set()
        time.sleep(600)


def with_a_child(x, max_epochs):
    up = multiprocessing.Event()
    child = multiprocessing.Process(target=hold, args=[{path!r}, up])
    child.start()
    up.wait()
    {then}
    return x
"""


class Children:
    """The children that the objective of a script has started and that are still there."""

    def __init__(self, folder):
        self.path = str(folder / "pipe")
        os.mkfifo(self.path)
        self.end = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

    def objective(self, then):
        return HAS_A_CHILD.format(path=self.path, then=then)

    def read(self):
        readable, _, _ = select.select([self.end], [], [], LONG)
        assert readable, "no child has come or gone"
        return os.read(self.end, 100)

    def wait_until_up(self, count):
        seen = b""
        while seen.count(b"up") < count:
            # Before the first of them comes, the pipe is at its end as well.
            new = self.read()
            seen += new
            if not new:
                time.sleep(0.01)

    def wait_until_gone(self):
        deadline = time.monotonic() + LONG
        while self.read():
            assert time.monotonic() < deadline


RUN = """
if __name__ == "__main__":
    tuner = make_tuner(with_a_child, workers=2)
    try:
        tuner.run(2)
    except BaseException as error:
        print(type(error).__name__, flush=True)
    print(len(tuner.records), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def children(tmp_path):
    children = Children(tmp_path)
    yield children
    os.close(children.end)


@needs_posix
def test_children_that_an_objective_has_left_end_with_the_run(start, children):
    process = start(children.objective("pass") + RUN)
    children.wait_until_up(2)
    wait_for("2", process.stdout)
    children.wait_until_gone()
    finish(process)


@needs_posix
def test_children_of_an_objective_end_with_an_interrupt(start, children):
    process = start(children.objective("child.join()") + RUN)
    children.wait_until_up(2)
    press_ctrl_c(process)
    wait_for("KeyboardInterrupt", process.stdout)
    children.wait_until_gone()
    assert finish(process) == (0, "0\n", "")


@needs_posix
def test_processes_and_their_children_end_if_the_tuner_is_killed(start, children):
    process = start(children.objective("child.join()") + RUN)
    children.wait_until_up(2)
    process.kill()
    children.wait_until_gone()
    finish(process)


@needs_posix
def test_a_process_that_dies_is_seen_to_though_its_child_lives_on(start, children):
    process = start(children.objective("os._exit(7)") + RUN)
    wait_for("RuntimeError", process.stdout)
    children.wait_until_gone()
    finish(process)


# --- Ctrl-C --------------------------------------------------------------------------------


@needs_posix
def test_ctrl_c_prints_one_traceback_and_the_run_continues(start):
    script = """
    def waits(x, max_epochs):
        print("begun", flush=True)
        if not os.path.exists(sys.argv[0] + ".go"):
            time.sleep(600)
        return x

    if __name__ == "__main__":
        tuner = make_tuner(waits, workers=2)
        try:
            tuner.run(7)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            open(sys.argv[0] + ".go", "w").close()
            tuner.run(7)
            print(len(tuner.records))
    """
    process = start(script)
    wait_for("begun", process.stdout)
    press_ctrl_c(process)
    wait_for("interrupted", process.stdout)
    _, out, err = finish(process)
    assert out.splitlines()[-1] == "7"
    assert err == ""


@needs_posix
def test_ctrl_c_while_processes_come_up_prints_no_traceback_of_theirs(start, tmp_path):
    script = """
    if __name__ != "__main__":
        print("coming up", flush=True)
        while not os.path.exists(sys.argv[0] + ".go"):
            time.sleep(0.01)
    else:
        try:
            make_tuner(workers=2).run(14)
        except KeyboardInterrupt:
            print("interrupted")
    """
    process = start(script)
    wait_for("coming up", process.stdout)
    press_ctrl_c(process)
    wait_for("Ctrl-C waits", process.stderr)
    (tmp_path / "script.py.go").touch()
    _, out, err = finish(process)
    assert "interrupted" in out
    assert err == ""


LOOPS_IN = {
    "suggest": """
    class Loops(BasicScheduler):
        def suggest(self):
            loop_after_three()
            return super().suggest()
    """,
    "update": """
    class Loops(BasicScheduler):
        def update(self, config, error, info=None):
            super().update(config, error, info)
            loop_after_three()
    """,
    "searcher": """
    class Loops(BasicScheduler):
        def __init__(self, searcher):
            super().__init__(searcher)
            self.searcher.sample_configuration = lambda: loop_after_three() or {"x": 1}
    """,
    "submit": """
    from concurrent.futures import ThreadPoolExecutor

    class Loops(BasicScheduler):
        pass

    class Looping(ThreadPoolExecutor):
        def submit(self, *arguments):
            loop_after_three()
            return super().submit(*arguments)

    workers = Looping(1)
    """,
    "start of workers": """
    from sh_teach.running.workers import InlineWorker

    class Loops(BasicScheduler):
        pass

    class Looping(InlineWorker):
        def __enter__(self):
            loop_after_three()
            return super().__enter__()

    workers = Looping()
    calls.extend("123")
    """,
}
LOOP = """
calls = []
workers = 1

def loop_after_three():
    calls.append(1)
    if len(calls) > 3:
        print("looping", flush=True)
        while True:
            pass
"""
RUN_LOOP = """
tuner = HPOTuner(Loops(Draws()), lambda x: x, workers=workers, progress=False)
try:
    tuner.run(10)
except KeyboardInterrupt as interrupt:
    kept = [tuner.records, tuner.incumbent_trajectory, tuner.cumulative_runtime]
    print("interrupted", {len(each) for each in kept}, interrupt, flush=True)
    os._exit(0)
"""


@needs_posix
@pytest.mark.parametrize("where", LOOPS_IN)
def test_the_second_ctrl_c_ends_a_loop_and_the_results_are_kept(start, where):
    process = start(LOOP + textwrap.dedent(LOOPS_IN[where]) + RUN_LOOP)
    wait_for("looping", process.stdout)
    press_ctrl_c(process)
    wait_for("Ctrl-C waits for a safe moment", process.stderr)
    press_ctrl_c(process)
    _, out, _ = finish(process)
    kept = 0 if where == "start of workers" else 3
    assert out.startswith(f"interrupted {{{kept}}} ")
    assert "the results so far are kept" in out


@needs_posix
def test_the_second_ctrl_c_ends_a_loop_though_it_follows_at_once(start):
    process = start(LOOP + textwrap.dedent(LOOPS_IN["suggest"]) + RUN_LOOP)
    wait_for("looping", process.stdout)
    # A signal that comes before the last one was handled is one with it: hence more than two.
    for _ in range(5):
        press_ctrl_c(process)
        time.sleep(0.02)
    _, out, _ = finish(process)
    assert out.startswith("interrupted {3} ")


@needs_posix
def test_the_second_ctrl_c_ends_processes_that_do_not_come_up(start):
    script = """
    if __name__ != "__main__":
        print("coming up", flush=True)
        time.sleep(600)
    else:
        try:
            make_tuner(workers=2).run(14)
        except KeyboardInterrupt:
            print("interrupted")
    """
    process = start(script)
    wait_for("coming up", process.stdout)
    press_ctrl_c(process)
    wait_for("Ctrl-C waits", process.stderr)
    press_ctrl_c(process)
    _, out, err = finish(process)
    assert "interrupted" in out
    assert err == ""


# --- an objective that dies, or exits ------------------------------------------------------


def random_search():
    return BasicScheduler(RandomSearcher({"x": stats.uniform(0, 1)}, seed=0))


def exits(x):
    sys.exit(3)


def leaves(x):
    os._exit(7)


def aborts(x):
    os.abort()


def interrupts_itself(x):
    raise KeyboardInterrupt


def search(objective, workers=2, count=1, catch=()):
    tuner = HPOTuner(random_search(), objective, workers=workers, progress=False)
    tuner.run(count, catch=catch)
    return tuner


@pytest.fixture
def spawned():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


@pytest.fixture
def threads():
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def client():
    from distributed import Client

    with (
        warnings.catch_warnings(),
        Client(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as it,
    ):
        yield it


@pytest.fixture(params=["local", "spawned", "threads", "client"])
def workers(request):
    return 2 if request.param == "local" else request.getfixturevalue(request.param)


@quiet_dask
@pytest.mark.parametrize(
    ("ends", "named"), [(exits, "SystemExit(3)"), (interrupts_itself, "KeyboardInterrupt()")]
)
def test_an_objective_that_ends_its_program_has_failed(workers, ends, named):
    with pytest.raises(RuntimeError) as caught:
        search(ends, workers)
    assert f"the objective raised {named}" in str(caught.value)


def test_an_objective_that_ends_its_program_can_be_caught(threads):
    (record,) = search(exits, threads, catch=RuntimeError).records
    assert "SystemExit(3)" in record["failure"]


@needs_posix
@pytest.mark.parametrize(("dies", "how"), [(leaves, "exit code 7"), (aborts, "SIGABRT")])
def test_an_objective_that_crashes_is_named_with_what_was_seen_of_it(dies, how):
    with pytest.raises(RuntimeError, match=f"died 3 times, the last time with {how}") as caught:
        search(dies)
    assert any("evaluation of {'x': " in note for note in caught.value.__notes__)


# --- what cannot be sent -------------------------------------------------------------------


class Holds:
    """An objective that holds something."""

    def __init__(self, held):
        self.held = held

    def __call__(self, x):
        return x


THINGS = {
    "lock": threading.Lock,
    "socket": socket.socket,
    "generator": lambda: (i for i in range(3)),
}


@quiet_dask
@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("where", ["local", "spawned", "client"])
def test_an_objective_that_cannot_be_sent_is_named_when_the_tuner_is_made(where, thing, request):
    workers = 2 if where == "local" else request.getfixturevalue(where)
    objective = Holds(THINGS[thing]())
    with pytest.raises(TypeError, match=r"objective=.*Holds.*cannot be sent") as caught:
        HPOTuner(random_search(), objective, workers=workers, progress=False)
    assert thing in str(caught.value)
    if thing == "socket":
        objective.held.close()


def test_threads_take_an_objective_that_cannot_be_sent(threads):
    assert len(search(Holds(threading.Lock()), threads).records) == 1


def test_an_objective_that_became_impossible_to_send_ends_the_run_and_nothing_is_lost():
    objective = Holds(0)
    tuner = HPOTuner(random_search(), objective, workers=2, progress=False)
    objective.held = threading.Lock()
    with pytest.raises(TypeError, match="cannot be sent"):
        tuner.run(2)
    objective.held = 0
    tuner.run(2)
    assert {record["trial_id"] for record in tuner.records} == {0, 1}


class TwoArguments(Exception):
    """Cannot be unpickled: its argument is not those of the constructor."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


class HoldsALock(Exception):
    """Cannot be pickled."""

    def __init__(self):
        super().__init__("spilt")
        self.lock = threading.Lock()


def raises_two_arguments(x):
    raise TwoArguments("milk", "honey")


def raises_a_lock(x):
    raise HoldsALock


def returns_a_lock(x):
    return threading.Lock()


@quiet_dask
@pytest.mark.parametrize("where", ["local", "spawned"])
@pytest.mark.parametrize(
    ("objective", "text"),
    [
        (raises_two_arguments, "milk and honey"),
        (raises_a_lock, "spilt"),
        (returns_a_lock, "_thread.lock"),
    ],
)
def test_what_cannot_be_sent_back_is_described(where, objective, text, request):
    workers = 2 if where == "local" else request.getfixturevalue(where)
    with pytest.raises(RuntimeError, match=text) as caught:
        search(objective, workers)
    assert "cannot be sent from one process to another" in str(caught.value)


@pytest.mark.parametrize("where", ["local", "spawned"])
def test_an_exception_of_another_process_says_in_which_line_it_was_raised(where, request):
    workers = 2 if where == "local" else request.getfixturevalue(where)
    with pytest.raises(ZeroDivisionError) as caught:
        search(divides, workers)
    assert any("in divides" in note for note in caught.value.__notes__)


def divides(x):
    return 1 / 0


def test_an_exception_class_of_a_notebook_can_be_caught():
    class Own(Exception):
        pass

    def fails(x):
        raise Own

    (record,) = search(fails, catch=Own).records
    assert record["error"] == float("inf")


# --- a large objective ---------------------------------------------------------------------


class Large:
    """An objective that holds an array of 48 MB, and leaves a file each time it is unpickled."""

    def __init__(self, folder):
        self.folder = folder
        self.array = np.zeros(6_000_000)

    def __setstate__(self, state):
        self.__dict__ = state
        (self.folder / str(time.time_ns())).touch()

    def __call__(self, x):
        return x + self.array[0]

    def method(self, x):
        return x + self.array[0]


def partial_of(large):
    from functools import partial

    return partial(Large.method, large)


def closure_of(large):
    return lambda x: large(x)


SHAPES = {
    "object": lambda large: large,
    "method": lambda large: large.method,
    "closure": closure_of,
    "partial": partial_of,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("where", ["local", "client"])
@pytest.mark.filterwarnings("default")
def test_a_large_objective_is_loaded_once_and_without_a_warning(where, shape, request, tmp_path):
    workers = 2 if where == "local" else request.getfixturevalue(where)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        search(SHAPES[shape](Large(tmp_path)), workers, count=8)
    assert not [w for w in warned if "arge" in str(w.message)]
    assert 1 <= len(list(tmp_path.iterdir())) <= 2


def test_a_large_objective_is_sent_to_each_local_process_once(tmp_path, monkeypatch):
    sent = []
    submit = ProcessPoolExecutor.submit

    def noted(executor, function, *arguments):
        sent.extend(what for what in arguments if isinstance(what, bytes))
        return submit(executor, function, *arguments)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", noted)
    search(Large(tmp_path), 2, count=8)
    assert 1 <= len(sent) <= 2
    assert all(len(what) > 48_000_000 for what in sent)


def fails_on_arrival():
    raise ValueError("it cannot be loaded here")


class FailsOnArrival:
    def __reduce__(self):
        return fails_on_arrival, ()

    def __call__(self, x):
        return x


def test_each_evaluation_of_an_objective_that_cannot_be_loaded_says_so():
    records = search(FailsOnArrival(), 2, count=4, catch=ValueError).records
    assert ["cannot be loaded" in record["failure"] for record in records] == [True] * 4


# --- what is no workers --------------------------------------------------------------------


def no_workers():
    from joblib import Parallel

    return [ThreadPoolExecutor, ProcessPoolExecutor, "2", None, 2.0, True, [1, 2], Parallel(2)]


@pytest.mark.parametrize("workers", no_workers(), ids=str)
def test_what_is_no_workers_is_refused_when_the_tuner_is_made(workers):
    with pytest.raises(TypeError, match=r"workers=.*a number of processes, an executor"):
        HPOTuner(random_search(), divides, workers=workers)


def test_a_pool_of_multiprocessing_is_no_workers():
    with (
        multiprocessing.get_context("spawn").Pool(1) as pool,
        pytest.raises(TypeError, match="a number of processes"),
    ):
        HPOTuner(random_search(), divides, workers=pool)


@quiet_dask
def test_a_cluster_is_to_be_passed_as_a_client():
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        pytest.raises(TypeError, match=r"Client\(cluster\)"),
    ):
        HPOTuner(random_search(), divides, workers=cluster)


@quiet_dask
def test_a_closed_client_is_refused(client):
    client.close()
    with pytest.raises(ValueError, match=r"it is closed. Pass a new Client\(cluster\)"):
        HPOTuner(random_search(), divides, workers=client)


@quiet_dask
def test_an_asynchronous_client_is_refused(client):
    from distributed import Client

    async def refused():
        async with Client(client.scheduler.address, asynchronous=True) as other:
            with pytest.raises(ValueError, match="it is asynchronous"):
                HPOTuner(random_search(), divides, workers=other)

    asyncio.run(refused())
