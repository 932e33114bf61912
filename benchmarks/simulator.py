"""How fast the simulated workers are, as evaluations get more and against a bare loop.

    python benchmarks/simulator.py

The targets: a million evaluations on ten thousand workers in under 20 seconds and 1 GB, per
evaluation at most 1.5 times as long as of ten thousand, and at most twice as long as in a loop of
the same algorithm with nothing but a heap of ends, a queue for each rung and a list of records.
"""

import heapq
import random
import subprocess
import sys
from collections import deque
from time import process_time

from table import row, show

from sh_teach import (
    ASHAScheduler,
    HPOTuner,
    RandomSearcher,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
)

SIZES = [(10**4, 10**4), (10**5, 10**4), (10**6, 10**4)]  # evaluations and workers
AGAINST_BARE = [(10**5, 10**3), (10**6, 10**4)]
REPEATS = 3
ETA, R_MAX = 4, 256
LEVELS = [1, 4, 16, 64, 256]


def first_rung(evaluations):
    """Return how many trials a round of about this many evaluations has: n + n/4 + ... = 4/3 n."""
    return evaluations * 3 // 4


def sh_teach(name, evaluations, workers):
    """Run the tuner on simulated workers, and return its records."""
    searcher = RandomSearcher({"x": [1, 2, 3]}, seed=0)
    scheduler = ASHAScheduler(searcher, ETA, 1, R_MAX)
    if name == "halving":
        prefact = first_rung(evaluations) / R_MAX
        scheduler = SuccessiveHalvingScheduler(searcher, ETA, 1, R_MAX, prefact=prefact)
    rng = random.Random(0)
    workers = SimulatedWorkers(workers, lambda config, a, b: (b - a) * (1 + rng.random()))
    tuner = HPOTuner(
        scheduler, lambda x, max_epochs: rng.random(), workers=workers, progress=False
    )
    tuner.run(evaluations)
    return tuner.records


def bare(evaluations, workers):
    """Do the same as `sh_teach` with halving, and return the same records, but as tuples."""
    n = first_rung(evaluations)
    sizes = [n // ETA**k for k in range(len(LEVELS))]
    rng, choices = random.Random(0), random.Random(0)
    rounds = []  # for each, the queues and the results of its rungs
    configs, records = [], []
    idle, running = list(range(workers)), []
    now, started = 0.0, 0
    while len(records) < evaluations:
        while idle and started < evaluations:
            if (waiting := first_waiting(rounds)) is None:
                waiting = len(rounds), 0
                rounds.append(([deque() for _ in LEVELS], [[] for _ in LEVELS]))
                rounds[-1][0][0].extend(range(len(configs), len(configs) + n))
                configs += [{"x": x} for x in choices.choices([1, 2, 3], k=n)]
            round, k = waiting
            trial = rounds[round][0][k].popleft()
            duration = (LEVELS[k] - (LEVELS[k - 1] if k else 0)) * (1 + rng.random())
            worker = heapq.heappop(idle)
            heapq.heappush(running, (now + duration, started, now, worker, trial, round, k))
            started += 1
        ends = running[0][0]
        while running and running[0][0] == ends:
            now, number, began, worker, trial, round, k = heapq.heappop(running)
            heapq.heappush(idle, worker)
            error = rng.random()
            config = configs[trial] | {"max_epochs": LEVELS[k]}
            records.append((trial, worker, now, error, number, round, config, began, None))
            queues, rungs = rounds[round]
            rungs[k].append((error, trial))
            if len(rungs[k]) == sizes[k] and k < len(LEVELS) - 1:
                queues[k + 1].extend(trial for _, trial in sorted(rungs[k])[: sizes[k + 1]])
    return records


def first_waiting(rounds):
    """Return the oldest round with a trial that waits, and there the highest rung."""
    for round, (queues, _) in enumerate(rounds):
        for k in reversed(range(len(LEVELS))):
            if queues[k]:
                return round, k
    return None


def measure(name, *size):
    """Print the seconds and megabytes of a run, and what it came to; in a process of its own."""
    began = process_time()  # of the processor: what else the machine does is not counted
    records = bare(*size) if name == "bare" else sh_teach(name, *size)
    seconds, megabytes = process_time() - began, peak_megabytes()
    names = ("trial_id", "worker", "ended", "error")
    results = (r[:4] if name == "bare" else [r[n] for n in names] for r in records)
    came_to = sum((worker + 1) * error * ended + trial for trial, worker, ended, error in results)
    print(seconds, megabytes, came_to)


def peak_megabytes():
    try:
        import resource
    except ImportError:  # Windows has none
        return float("nan")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def best_of(runs, repeats):
    """Return the seconds, the megabytes and the result of the best of the repeats, in turns."""
    best = {}
    for run in runs * repeats:
        command = [sys.executable, __file__, *map(str, run)]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        measured = tuple(map(float, output.split()))
        best[run] = min(best.get(run, measured), measured)
    return best


def rows(repeats=REPEATS):
    """Return a row for each scheduler and size, and one for each comparison with a bare loop."""
    runs = [(name, *size) for name in ("halving", "ASHA") for size in SIZES]
    runs += [(name, *size) for size in AGAINST_BARE for name in ("halving", "bare")]
    best = best_of(list(dict.fromkeys(runs)), repeats)
    rows = []
    for name in ("halving", "ASHA"):
        small, *larger = ((size, best[name, *size]) for size in SIZES)
        for size, run in larger:
            target = "at most 1.5, under 20 s and 1 GB" if size == SIZES[-1] else ""
            rows.append(compare(name, size, run, f"{small[0][0]:,} of them", small, target))
    large = SIZES[-1]
    halving = large, best["halving", *large]
    rows.append(compare("ASHA", large, best["ASHA", *large], "halving", halving, "at most 1.5"))
    for size in AGAINST_BARE:
        run, plain = best["halving", *size], best["bare", *size]
        assert run[2] == plain[2], "the bare loop does not do the same"
        rows.append(compare("halving", size, run, "the bare loop", (size, plain), "at most 2"))
    return rows


def compare(name, size, run, other, others, target):
    """Return a row: the time for each evaluation of a run, against another run."""
    (evaluations, workers), (seconds, megabytes, _) = size, run
    (their_evaluations, _), (their_seconds, their_megabytes, _) = others
    micros, their_micros = 1e6 * seconds / evaluations, 1e6 * their_seconds / their_evaluations
    return row(
        f"each of {evaluations:,} evaluations by {name} on {workers:,} simulated workers",
        f"{micros:.1f} µs ({seconds:.1f} s, {megabytes:,.0f} MB)",
        f"{other}, {their_micros:.1f} µs ({their_megabytes:,.0f} MB)",
        f"{micros / their_micros:.2f} times as long",
        target,
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], *map(int, sys.argv[2:]))
    else:
        note = f"The best of {REPEATS} runs, each in a process of its own."
        show(rows(), "sh_teach", "numpy", note=note)
