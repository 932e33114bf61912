"""Workers in other processes: an executor's, a cluster's, or a few of this machine."""

import asyncio
import queue
import sys
import time
from concurrent.futures import BrokenExecutor, CancelledError, Executor
from contextlib import ExitStack

from sh_teach.arguments import integer
from sh_teach.running.workers import InlineWorker, LostEvaluation, Workers

POLL_SECONDS = 0.5
START_SECONDS = 120
ENVIRONMENT = {  # of local processes
    "OMP_NUM_THREADS": 1,
    "MKL_NUM_THREADS": 1,
    "OPENBLAS_NUM_THREADS": 1,
    # glibc: memory that a step of training gives back is needed again by the next one. Dask would
    # have it returned to the system each time, which takes more than a tenth of the training.
    "MALLOC_TRIM_THRESHOLD_": 2_000_000_000,
    "MALLOC_MMAP_THRESHOLD_": 2_000_000_000,
}


def as_workers(workers):
    """Return the `Workers` that an argument of `HPOTuner` stands for."""
    if isinstance(workers, Workers):
        return workers
    if isinstance(workers, Executor):
        return ExecutorWorkers(workers)
    # distributed takes a second to import, and is imported where there is a Client.
    if "distributed" in sys.modules and isinstance(workers, sys.modules["distributed"].Client):
        return ClusterWorkers(workers)
    n = integer("workers", workers, minimum=1)
    return InlineWorker() if n == 1 else LocalProcesses(n)


class ExecutorWorkers(Workers):
    """The workers of a `concurrent.futures.Executor`, which stays the caller's to shut down."""

    def __init__(self, executor):
        self.executor = executor
        self._elapsed = 0.0  # at the end of the run before
        self._began = None

    def __enter__(self):
        """Start the clock. Each run has a queue of its own for what ends."""
        self._began = time.perf_counter() - self._elapsed
        self._done = queue.SimpleQueue()
        self._running = {}  # worker -> future
        return self

    def __exit__(self, *_):
        """Stop the clock, and cancel what has not begun."""
        self._elapsed, self._began = self.now, None
        for future in self._running.values():
            future.cancel()

    @property
    def now(self):
        """Seconds since the first run began, without the time between runs."""
        return self._elapsed if self._began is None else time.perf_counter() - self._began

    @property
    def free(self):
        """How many evaluations can be started now."""
        return self._capacity() - len(self._running)

    def _capacity(self):
        return self.executor._max_workers  # every executor of the standard library has it

    def _submit(self, objective, arguments):
        return self.executor.submit(_call, objective, arguments)

    def replay(self, evaluation):
        """Take over the time at which an evaluation of an earlier process ended."""
        self._elapsed = evaluation["ended"]

    def start(self, evaluation, objective, arguments):
        """Submit an evaluation to the executor."""
        worker = next(i for i in range(len(self._running) + 1) if i not in self._running)
        evaluation["worker"] = worker
        done = self._done
        self._running[worker] = future = self._submit(objective, arguments)
        future.add_done_callback(lambda future: done.put((evaluation, future)))

    def finished(self):
        """Wait for evaluations to end, half a second at most: a worker may join meanwhile."""
        try:
            done = [self._done.get(timeout=POLL_SECONDS)]
        except queue.Empty:
            return []
        while not self._done.empty():
            done.append(self._done.get())
        results = []
        for evaluation, future in done:
            del self._running[evaluation["worker"]]
            try:
                results.append((evaluation, future.result(), None))
            except BrokenExecutor as error:
                error.add_note("A process of the executor died, which makes it useless. The")
                error.add_note("results so far are kept; workers=2 survives such a death.")
                raise
            except (CancelledError, asyncio.CancelledError):
                results.append((evaluation, None, LostEvaluation("cancelled by its executor")))
            except Exception as failure:
                results.append((evaluation, None, failure))
        return results


class ClusterWorkers(ExecutorWorkers):
    """The workers of a Dask cluster, given by its Client; they may join and leave meanwhile.

    A worker that dies costs its evaluations a retry, which Dask does itself, three times at most.
    """

    def _capacity(self):
        # Without any worker at the moment, one evaluation waits in the cluster's own queue.
        return max(1, sum(self.executor.nthreads().values()))

    def _submit(self, objective, arguments):
        # Not pure: the same configuration drawn twice is two evaluations.
        return self.executor.submit(_call, objective, arguments, pure=False)


class LocalProcesses(ClusterWorkers):
    """Processes on this machine, of one thread each; one that dies is started again."""

    def __init__(self, n):
        super().__init__(executor=None)
        self.n = n

    def __enter__(self):
        """Start the processes, and then the clock."""
        import dask
        from distributed import Client, LocalCluster

        settings = {
            "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
            # Dask checks on a worker that died once more, by default 15 seconds later. If it is
            # just being started again then, after a second death, Dask removes it for good.
            "distributed.deploy.lost-worker-timeout": "1000 days",
            # No evaluation waits on a busy worker, where its neighbour's death would count for it.
            "distributed.scheduler.worker-saturation": 1.0,
        }
        with ExitStack() as stack:
            stack.enter_context(dask.config.set(settings))
            cluster = LocalCluster(
                n_workers=self.n,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=":0",  # the usual port may be taken
                silence_logs="CRITICAL",
            )
            self.executor = stack.enter_context(Client(stack.enter_context(cluster)))
            self._until_exit = stack.pop_all()
        self._last_seen = time.perf_counter()
        return super().__enter__()

    def __exit__(self, *exception):
        """Stop the clock, and end the processes."""
        super().__exit__(*exception)
        self._until_exit.close()

    def finished(self):
        """Wait for evaluations to end; raise if no process has been up for two minutes."""
        results = super().finished()
        if results or self.executor.nthreads():
            self._last_seen = time.perf_counter()
        elif time.perf_counter() - self._last_seen > START_SECONDS:
            raise RuntimeError(
                f"workers={self.n}: no process has been up for {START_SECONDS} seconds. "
                f"The results so far are kept, and run() continues"
            )
        return results

    def _capacity(self):
        return self.n


def _call(objective, arguments):
    return objective(**arguments)
