"""Workers in other processes: an executor's, a cluster's, or a few of this machine."""

import asyncio
import queue
import time
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import ExitStack

from sh_teach.running.workers import LostEvaluation

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


class ExecutorWorkers:
    """The workers of a `concurrent.futures.Executor`, which stays the caller's to shut down.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Threads or processes. What runs in another process must be importable there.

    Attributes
    ----------
    free : int
        How many evaluations can be started now.
    now : float
        Seconds since the first run began, without the time between runs.
    """

    def __init__(self, executor):
        self.executor = executor
        self._elapsed = 0.0
        self._began = None
        self._running = {}  # worker -> future

    def __enter__(self):
        """Start the clock. What ends from now on is told by a queue of this run alone."""
        self._began = time.perf_counter()
        self._done = queue.SimpleQueue()
        self._running = {}
        return self

    def __exit__(self, *_):
        """Stop the clock, and cancel what has not begun."""
        self._elapsed, self._began = self.now, None
        for future in self._running.values():
            future.cancel()

    @property
    def now(self):
        """Seconds since the first run began, without the time between runs."""
        if self._began is None:
            return self._elapsed
        return self._elapsed + time.perf_counter() - self._began

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
        """Hand an evaluation to the executor; see `InlineWorker.start`."""
        worker = next(i for i in range(len(self._running) + 1) if i not in self._running)
        evaluation["worker"] = worker
        done = self._done
        self._running[worker] = future = self._submit(objective, arguments)
        future.add_done_callback(lambda future: done.put((evaluation, future)))

    def finished(self):
        """Wait for the next evaluations to end; see `InlineWorker.finished`.

        Returns
        -------
        list
            Empty after half a second without any: a worker may have joined meanwhile.
        """
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
    """The workers of a Dask cluster; they may come and go while it runs.

    Parameters
    ----------
    executor : dask.distributed.Client
        Connected to the cluster. A worker that dies costs its evaluations a retry, which Dask
        does itself, three times at most.
    """

    def _capacity(self):
        # Without any worker at the moment, one evaluation waits in the cluster's own queue.
        return max(1, sum(self.executor.nthreads().values()))

    def _submit(self, objective, arguments):
        # Not pure: the same configuration drawn twice is two evaluations.
        return self.executor.submit(_call, objective, arguments, pure=False)


class LocalProcesses(ClusterWorkers):
    """Processes on this machine, one thread each, for as long as a run lasts.

    Parameters
    ----------
    n : int
        How many. One that dies is started again.
    """

    def __init__(self, n):
        super().__init__(executor=None)
        self.n = n

    def __enter__(self):
        """Start the processes, and then the clock."""
        import dask
        from distributed import Client, LocalCluster

        settings = {
            "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
            # Dask looks once more after a worker that died, by default 15 seconds later. Were it
            # just being started again, for a second death, it would be given up for good.
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
            stack.enter_context(cluster)
            self.executor = stack.enter_context(Client(cluster))
            self._until_exit = stack.pop_all()
        self._last_seen = time.perf_counter()
        return super().__enter__()

    def __exit__(self, *exception):
        """Stop the clock, and end the processes."""
        super().__exit__(*exception)
        self._until_exit.close()

    def finished(self):
        """Wait for the next evaluations to end; see `ExecutorWorkers.finished`.

        Raises
        ------
        RuntimeError
            If no process has been up for two minutes: perhaps none can be started any more.
        """
        results = super().finished()
        if results or self.executor.nthreads():
            self._last_seen = time.perf_counter()
        elif time.perf_counter() - self._last_seen > START_SECONDS:
            raise RuntimeError(
                f"workers={self.n}: no process has been up for {START_SECONDS} seconds. "
                f"The results so far are kept, and run() goes on"
            )
        return results

    def _capacity(self):
        return self.n


def _call(objective, arguments):
    return objective(**arguments)
