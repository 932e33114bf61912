"""Workers on a simulated clock: thousands of them, and hours in a second."""

import gc
import heapq
import math
from numbers import Real

import numpy as np

from sh_teach.arguments import at_least_0, integer
from sh_teach.running.workers import LostEvaluation, Workers, evaluate


class SimulatedWorkers(Workers):
    """Any number of workers on a simulated clock, a discrete-event simulation.

    The objective is called when an evaluation ends, and takes no time on that clock. Each tuner
    needs workers of its own.

    Parameters
    ----------
    n : int
        How many workers.
    runtime : callable
        ``runtime(config, r_from, r_to)``: the seconds that training takes from one resource to
        another, such as `RecordedCurves.runtime`.
    resume : bool
        Whether a promoted trial continues from its checkpoint, or is trained from scratch.
    straggler_std : float
        A runtime is multiplied by ``1 + |z|``, z normal with this standard deviation.
    drop_probability : float
        That an evaluation is lost in a unit of time; below 1. The tuner retries it, unless
        ``catch=LostEvaluation`` makes it count as failed. A long one may never end.
    seed : int, optional
        Fixes stragglers and drops.
    resume_cost : float
        Seconds to restore a checkpoint, for stragglers too. They are added to the runtime of each
        evaluation that continues from one.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from sh_teach import HPOTuner, RandomSearcher, SuccessiveHalvingScheduler
    >>> scheduler = SuccessiveHalvingScheduler(RandomSearcher({"x": [1, 2]}, seed=0), 2, 1, 4)
    >>> workers = SimulatedWorkers(2, runtime=lambda config, r_from, r_to: r_to - r_from)
    >>> tuner = HPOTuner(scheduler, lambda x, max_epochs: x, workers=workers, progress=False)
    >>> tuner.run(number_of_trials=4)
    >>> [record["ended"] for record in tuner.records]
    [1.0, 1.0, 2.0, 2.0]

    References
    ----------
    The workload is that of Li et al.: A system for massively parallel hyperparameter tuning.
    MLSys 2020, arXiv 1810.05934.
    """

    def __init__(
        self,
        n,
        runtime,
        resume=True,
        straggler_std=0.0,
        drop_probability=0.0,
        seed=None,
        resume_cost=0.0,
    ):
        self.n = integer("n", n, minimum=1)
        if not callable(runtime):
            raise TypeError(f"runtime={runtime!r}: it must be a function(config, r_from, r_to)")
        self.runtime = runtime
        self.resume = resume
        self.straggler_std = at_least_0("straggler_std", straggler_std)
        self.drop_probability = at_least_0("drop_probability", drop_probability, below=1)
        self.resume_cost = at_least_0("resume_cost", resume_cost)
        seed = None if seed is None else integer("seed", seed, minimum=0)
        self._rng = np.random.default_rng(seed)
        self._trained = {}  # trial_id -> the resource it was trained to
        self._started = 0

    def __enter__(self):
        self._idle = list(range(self.n))
        self._running = []  # a heap, what ends next on top
        # A large run keeps millions of objects. The garbage collector would look at all of them
        # again and again, which takes a third of the time.
        self._usual_thresholds = gc.get_threshold()
        gc.set_threshold(100_000, 50, 100)
        return self

    def __exit__(self, *_):
        gc.set_threshold(*self._usual_thresholds)

    @property
    def free(self):
        """How many workers are idle."""
        return len(self._idle)

    def replay(self, evaluation):
        """Take over the time at which an evaluation of an earlier process ended."""
        super().replay(evaluation)
        self._trained[evaluation["trial_id"]] = evaluation["config"]["max_epochs"]

    def start(self, evaluation, objective, arguments):
        """Start an evaluation on the first idle worker, and note when it ends."""
        config, trial_id = evaluation["config"], evaluation["trial_id"]
        if "max_epochs" not in config:
            raise ValueError(f"config={config!r}: to simulate its runtime it must have max_epochs")
        r_from = self._trained.get(trial_id, 0) if self.resume else 0
        duration = self.runtime(config, r_from, config["max_epochs"])
        if not (isinstance(duration, Real) and 0 <= duration < math.inf):
            raise ValueError(f"runtime({config!r}, ...) is {duration!r}: it must be a finite time")
        if self.straggler_std:
            duration *= 1 + abs(self._rng.normal(0, self.straggler_std))
        if r_from > 0:
            duration += self.resume_cost
        lost = False
        if self.drop_probability:
            # Constant risk: the chance to last for a time t is (1 - drop_probability) ** t.
            lasts = -self._rng.standard_exponential() / math.log1p(-self.drop_probability)
            lost, duration = lasts < duration, min(lasts, duration)
        evaluation["worker"] = heapq.heappop(self._idle)
        evaluation["ends"] = ends = self.now + duration
        job = ends, self._started, lost, evaluation, objective, arguments
        heapq.heappush(self._running, job)
        self._started += 1

    def finished(self):
        """Turn the clock to the next end of an evaluation."""
        running, results = self._running, []
        self.now = now = running[0][0]
        while running and running[0][0] == now:
            _, _, lost, evaluation, objective, arguments = heapq.heappop(running)
            heapq.heappush(self._idle, evaluation["worker"])
            del evaluation["ends"]
            if lost:
                results.append((evaluation, None, LostEvaluation(f"dropped at t = {now:g}")))
                continue
            results.append(evaluate(evaluation, objective, arguments))
            if results[-1][2] is None:
                self._trained[evaluation["trial_id"]] = evaluation["config"]["max_epochs"]
        return results
