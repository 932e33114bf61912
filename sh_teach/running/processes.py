"""Workers that are processes of this machine."""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import Counter
from concurrent.futures import BrokenExecutor, Executor
from contextlib import suppress

try:
    from concurrent.futures import ProcessPoolExecutor
except ImportError:  # in a browser tab
    ProcessPoolExecutor = Executor

from sh_teach.arguments import integer
from sh_teach.running.executors import GUARD, ClusterWorkers, ExecutorWorkers, call, pickled
from sh_teach.running.workers import InlineWorker, LostEvaluation, Workers

START_SECONDS = 120
END_SECONDS = 2
DEATHS = 3  # of one evaluation's processes; then it has failed
ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
# glibc: memory that a step of training gives back is needed again by the next one. Asking the
# system for it each time takes more than a tenth of the training.
ENVIRONMENT |= dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), "2000000000")
ALLOWED = (
    "a number of processes, an executor of concurrent.futures, a dask.distributed.Client or "
    "SimulatedWorkers. Pass a cluster as Client(cluster), and an object instead of its class"
)


def as_workers(workers, objective):
    """Return the `Workers` that an argument of `HPOTuner` stands for."""
    if isinstance(workers, Workers):
        if workers.taken:
            raise ValueError("workers: another tuner has them, with their clock. Make new ones")
        return workers
    if isinstance(workers, Executor) and hasattr(workers, "_max_workers"):
        if isinstance(workers, ProcessPoolExecutor):
            pickled(objective, pickle.dumps)
        return ExecutorWorkers(workers)
    # distributed takes a second to import, and is imported where there is a Client.
    if "distributed" in sys.modules and isinstance(workers, sys.modules["distributed"].Client):
        state = "asynchronous" if workers.asynchronous else workers.status
        if state != "running":
            raise ValueError(f"workers={workers!r}: it is {state}. Pass a new Client(cluster)")
        pickled(objective)
        return ClusterWorkers(workers)
    try:
        n = integer("workers", workers, minimum=1)
    except TypeError:
        raise TypeError(f"workers={workers!r}: it must be {ALLOWED}") from None
    if n == 1:
        return InlineWorker()
    if ProcessPoolExecutor is Executor:
        raise ValueError(f"workers={n}: in a browser tab it must be 1, or SimulatedWorkers")
    pickled(objective)
    return LocalProcesses(n)


class LocalProcesses(ExecutorWorkers):
    """Processes on this machine, of one thread each; one that dies is started again."""

    def __init__(self, n):
        super().__init__(executor=None)
        self.n = n

    def _bring_up(self):
        self._deaths = Counter()  # number of an evaluation -> of its processes
        self._processes = {worker: _LocalProcess() for worker in range(self.n)}
        try:
            for process in self._processes.values():
                process.last.result(START_SECONDS)
        except BaseException as error:
            self.__exit__()
            if not isinstance(error, TimeoutError | BrokenExecutor):
                raise
            why = f"workers={self.n}: no process comes up. Each runs the script first: {GUARD}"
            raise RuntimeError(why) from None

    def __exit__(self, *_):
        super().__exit__()
        for process in self._processes.values():
            process.end()

    def _capacity(self):
        return self.n

    def _send(self, objective):
        return pickled(objective)

    def _submit(self, worker, objective, arguments):
        with suppress(KeyError):  # it died, and that was seen
            try:
                return self._processes[worker].evaluate(objective, arguments)
            except BrokenExecutor:  # it died meanwhile
                self._processes.pop(worker).end()
        self._processes[worker] = _LocalProcess()
        return self._processes[worker].evaluate(objective, arguments)

    def finished(self):
        """Wait for evaluations to end, half a second at most: a process may die unseen."""
        for worker in self._running:
            self._processes[worker].look_after()
        return super().finished()

    def _died(self, evaluation, error):
        code = self._processes.pop(evaluation["worker"]).end()
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        self._deaths[evaluation["number"]] += 1
        if self._deaths[evaluation["number"]] < DEATHS:
            return LostEvaluation(f"its process died with {how}")
        return RuntimeError(
            f"its process died {DEATHS} times, the last time with {how}. A crash does that, or "
            f"the system if memory is short. To see more, run it in a script of its own"
        )


class _LocalProcess(ProcessPoolExecutor):
    """One process, in a session of its own: Ctrl-C does not get there, and no child is left."""

    def __init__(self):
        usual = multiprocessing.get_start_method(allow_none=True)
        super().__init__(1, multiprocessing.get_context("spawn"), _begin, [usual])
        mask = getattr(signal, "pthread_sigmask", lambda *_: None)  # Windows has none
        before = mask(signal.SIG_BLOCK, {signal.SIGINT})  # which the process takes over
        environment = dict(os.environ)
        os.environ.update(ENVIRONMENT | environment)
        try:
            self.last = self.submit(os.getpid)
        finally:
            for name in ENVIRONMENT.keys() - environment:
                del os.environ[name]
            mask(signal.SIG_SETMASK, before)
        (self._process,) = self._processes.values()
        self._objective = None

    def evaluate(self, objective, arguments):
        """Return the future of an evaluation; the objective is sent once, it may be large."""
        sent, self._objective = self._objective is objective, objective
        self.last = self.submit(call, None if sent else objective, arguments, os.getpid())
        return self.last

    def look_after(self):
        """If the process has died, kill what it had started, which keeps its end from sight."""
        if not self._process.is_alive():
            _kill(self._process.pid)

    def end(self):
        """End the process and what it had started, a busy one at once; return its exit code."""
        if not self.last.done():
            _kill(self._process.pid)
            self._process.kill()  # if it has no session yet
        late = threading.Timer(END_SECONDS, _kill, [self._process.pid])
        late.start()
        self.shutdown()
        late.cancel()
        _kill(self._process.pid)  # what it had started and left
        return self._process.exitcode


def _begin(start_method):
    """Let a local process handle no Ctrl-C, and end with the tuner's process."""
    # What the objective starts comes up as it does in the tuner's process.
    multiprocessing.set_start_method(start_method, force=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setsid"):
        os.setsid()
    threading.Thread(target=_end_with_tuner, daemon=True).start()


def _end_with_tuner():
    multiprocessing.parent_process().join()
    _kill(os.getpid())


def _kill(pid):
    """Kill a local process with all that it started; on Windows that itself ends."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)
