"""Workers of the caller's own: an executor's, or a Dask cluster's."""

import asyncio
import multiprocessing
import os
import queue
import sys
import time
import traceback
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import suppress
from functools import lru_cache

import cloudpickle

from sh_teach.running.workers import LostEvaluation, Workers

POLL_SECONDS = 0.5
GUARD = 'put what starts the search under `if __name__ == "__main__":`, in a file'


class ExecutorWorkers(Workers):
    """The workers of a `concurrent.futures.Executor`, which stays the caller's to shut down."""

    def __init__(self, executor):
        self.executor = executor

    def __enter__(self):
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            sys.exit(1)  # a new process imports the script; the first one says what is wrong
        self._done = queue.SimpleQueue()  # of this run: what an earlier one dropped may end yet
        self._running = {}  # worker -> future
        self._sent = None, None  # the objective, and what stands for it
        self._bring_up()
        self._began = time.perf_counter() - self.now
        return self

    def _bring_up(self):
        """Start the workers, if that is for us to do."""

    def __exit__(self, *_):
        for future in self._running.values():
            future.cancel()

    @property
    def free(self):
        """How many evaluations can be started now."""
        return self._capacity() - len(self._running)

    def _capacity(self):
        return self.executor._max_workers  # every executor of the standard library has it

    def start(self, evaluation, objective, arguments):
        """Submit an evaluation to the executor."""
        if self._sent[0] is not objective:
            self._sent = objective, self._send(objective)
        worker = next(i for i in range(len(self._running) + 1) if i not in self._running)
        evaluation["worker"] = worker
        done = self._done
        self._running[worker] = future = self._submit(worker, self._sent[1], arguments)
        future.add_done_callback(lambda future: done.put((evaluation, future)))

    def _send(self, objective):
        return objective

    def _submit(self, worker, objective, arguments):
        return self.executor.submit(call, objective, arguments, os.getpid())

    def finished(self):
        """Wait for evaluations to end, half a second at most: a worker may join meanwhile."""
        done = []
        with suppress(queue.Empty):
            done.append(self._done.get(timeout=POLL_SECONDS))
            while True:
                done.append(self._done.get_nowait())
        self.now = time.perf_counter() - self._began
        return [(evaluation, *self._outcome(evaluation, future)) for evaluation, future in done]

    def _outcome(self, evaluation, future):
        del self._running[evaluation["worker"]]
        try:
            outcome = future.result()
            return cloudpickle.loads(outcome) if isinstance(outcome, bytes) else outcome
        except BrokenExecutor as error:
            return None, self._died(evaluation, error)
        except (CancelledError, asyncio.CancelledError):
            return None, LostEvaluation("cancelled by its executor")
        except Exception as failure:
            return None, failure

    def _died(self, evaluation, error):
        error.add_note(
            "The results so far are kept. If a process died in an evaluation: workers=2 "
            f"survives that. If none came up, {GUARD}."
        )
        raise error


class ClusterWorkers(ExecutorWorkers):
    """The workers of a Dask cluster, given by its Client; they may join and leave meanwhile.

    A worker that dies costs its evaluations a retry, which Dask does itself, three times at most.
    """

    def _capacity(self):
        # Without any worker at the moment, one evaluation waits in the cluster's own queue.
        return max(1, sum(self.executor.nthreads().values()))

    def _send(self, objective):
        from dask import config

        # Dask warns of what is large. This is sent once, and not with each evaluation.
        with config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"}):
            return self.executor.submit(cloudpickle.loads, pickled(objective), pure=False)

    def _submit(self, worker, objective, arguments):
        # Not pure: the same configuration drawn twice is two evaluations.
        return self.executor.submit(call, objective, arguments, os.getpid(), pure=False)


def pickled(objective, dumps=cloudpickle.dumps):
    """Return the objective as bytes, or raise a TypeError that says what hinders."""
    try:
        return dumps(objective)
    except Exception as error:
        why = f"objective={objective!r}: it cannot be sent to another process: {error}"
        advice = "Make or open such a thing in the objective itself, or use workers=1"
        raise TypeError(f"{why}. {advice}") from None


_loaded = lru_cache(1)(cloudpickle.loads)  # what an objective keeps, it keeps in each process


def call(objective, arguments, caller):
    """Return what the objective returned and raised, as bytes if that is for another process."""
    result = failure = None
    try:
        if isinstance(objective, bytes | None):  # None: the same as before
            call.objective = objective or call.objective
            objective = _loaded(call.objective)
        result = objective(**arguments)
    except Exception as error:
        failure = error
    except BaseException as error:  # SystemExit would end the worker
        failure = RuntimeError(f"the objective raised {error!r}, which is not an Exception")
    if os.getpid() == caller:
        return result, failure
    if failure is not None:
        failure.add_note("".join(traceback.format_exception(failure)))
    try:
        packed = cloudpickle.dumps((result, failure))
        cloudpickle.loads(packed)
        return packed
    except Exception:
        text = f"{failure or result!r}: this cannot be sent from one process to another"
        return cloudpickle.dumps((None, RuntimeError(text)))
