"""Decisions per second of our schedulers, of Optuna and of Syne Tune, and how they grow.

All get the same work: trials of two hyperparameters drawn at random, one after the other, with
rungs at 1, 2, 4, ..., 256. Half of the trials survive a rung, and trial i has the same random
error on rung k everywhere. In a decision, an error is reported and the tool answers what to do
next: in our schedulers by `update` and `suggest`; in Optuna by `report` and `should_prune`, with
`ask`, two `suggest_*` and `tell` once for each trial; in Syne Tune by `on_trial_result`, with
`suggest`, `on_trial_add` and `on_trial_remove` once for each trial. Drawing the configurations is
included everywhere.

Both do more than ours: Optuna keeps every trial in a storage that several processes may share and
in which the history can be queried, with parameters declared while the trial runs; Syne Tune
checks and casts each configuration by a typed space and can hand all results to a model. They
stop trials that run where ours promote trials that wait, so the number of decisions differs a bit.

The targets: at 3,000 trials 50 times as many decisions per second as Optuna, and from 1,000 trials
to 100,000 at most twice the time for each.

    python benchmarks/other_tools.py --limit 60
"""

import argparse
import gc
import math
import random
from datetime import datetime
from importlib.metadata import version
from time import perf_counter

import optuna
from scheduler import SPACE
from syne_tune import config_space
from syne_tune.backend.trial_status import Trial
from syne_tune.optimizer.scheduler import SchedulerDecision
from syne_tune.optimizer.schedulers.asha import AsynchronousSuccessiveHalving
from syne_tune.optimizer.schedulers.searchers.multi_fidelity_searcher import (
    IndependentMultiFidelitySearcher,
)
from table import row, show

from sh_teach import ASHAScheduler, RandomSearcher, SuccessiveHalvingScheduler

ETA, R_MAX = 2, 256
LEVELS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
SIZES = [1_000, 3_000, 10_000, 100_000]
REPEATS = 10
LIMIT = 60  # seconds that one run may be predicted to take
TARGET_AT = 3_000


def our_asha(trials, errors):
    """Run this many trials; return how many decisions that took. The others do the same."""
    scheduler = ASHAScheduler(RandomSearcher(SPACE, seed=0), ETA, 1, R_MAX)
    decisions = 0
    while (trial := scheduler.suggest()).trial_id < trials:
        scheduler.update(trial, errors[trial["max_epochs"]][trial.trial_id])
        decisions += 1
    return decisions


def our_halving(trials, errors):
    searcher = RandomSearcher(SPACE, seed=0)
    scheduler = SuccessiveHalvingScheduler(searcher, ETA, 1, R_MAX, prefact=trials / R_MAX)
    decisions = scheduler.bracket.evaluations
    for _ in range(decisions):
        trial = scheduler.suggest()
        scheduler.update(trial, errors[trial["max_epochs"]][trial.trial_id])
    return decisions


def optuna_halving(trials, errors):
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=ETA)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), pruner=pruner)
    decisions = 0
    for i in range(trials):
        trial = study.ask()
        trial.suggest_float("learning_rate", 1e-2, 1, log=True)
        trial.suggest_int("batch_size", 32, 255)
        for level in LEVELS:
            error = errors[level][i]
            trial.report(error, level)
            decisions += 1
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, error)
    return decisions


def syne_tune_asha(trials, errors):
    """Run Syne Tune's ASHA, with the calls that its Tuner makes.

    One random searcher for each rung, which costs it least: the searcher that it comes with is
    made anew for each suggestion and shown all results, even for random search.
    """
    space = {
        "learning_rate": config_space.loguniform(1e-2, 1),
        "batch_size": config_space.randint(32, 255),
    }
    scheduler = AsynchronousSuccessiveHalving(
        space,
        metric="error",
        searcher=IndependentMultiFidelitySearcher(space, "random_search", random_seed=0),
        time_attr="max_epochs",
        max_t=R_MAX,
        grace_period=1,
        reduction_factor=ETA,
        random_seed=0,
    )
    decisions = 0
    for i in range(trials):
        trial = Trial(i, scheduler.suggest().config, datetime.now())
        scheduler.on_trial_add(trial)
        for level in LEVELS:
            result = {"error": errors[level][i], "max_epochs": level}
            decisions += 1
            if scheduler.on_trial_result(trial, result) == SchedulerDecision.STOP:
                break
        scheduler.on_trial_remove(trial)
    return decisions


OURS = {"ASHAScheduler": our_asha, "SuccessiveHalvingScheduler": our_halving}
THEIRS = {
    f"Optuna {version('optuna')}": optuna_halving,
    f"Syne Tune {version('syne-tune')}": syne_tune_asha,
}
TOOLS = OURS | THEIRS


def predict(seconds, trials):
    """Return how many seconds this many trials will take, from ``{trials: seconds}`` of fewer."""
    if not seconds:
        return 0
    (n, last), *fewer = sorted(seconds.items(), reverse=True)
    exponent = 2
    if fewer:
        exponent = max(1, math.log(last / fewer[0][1]) / math.log(n / fewer[0][0]))
    return last * (trials / n) ** exponent


def measure(sizes, limit):
    """Return ``{tool: {trials: (seconds, decisions)}}``; of what is not run, only a prediction.

    The seconds are the least of up to `REPEATS` repeats, all tools in turn. A tool that has taken
    a tenth of the limit is not repeated any more. Where a run is predicted to exceed the limit,
    decisions is ``None``.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rng = random.Random(0)
    errors = {level: [rng.random() for _ in range(max(sizes))] for level in LEVELS}
    results = {tool: {} for tool in TOOLS}
    for trials in sizes:
        runs = {tool: [] for tool in TOOLS}
        for tool, series in results.items():
            done = {n: seconds for n, (seconds, decisions) in series.items() if decisions}
            predicted = predict(done, trials)
            if predicted > limit:
                series[trials] = predicted, None
                del runs[tool]
        for _ in range(REPEATS):
            for tool, times in runs.items():
                if sum(times) < limit / 10:
                    gc.collect()
                    began = perf_counter()
                    decisions = TOOLS[tool](trials, errors)
                    times.append(perf_counter() - began)
                    results[tool][trials] = min(times), decisions
    return results


def each(result):
    """Return the seconds that one decision takes."""
    seconds, decisions = result
    return seconds / decisions


def rows(sizes=SIZES, limit=LIMIT, all_sizes=True):
    """Return a row for each comparison: with the other tools, and with the smallest size.

    Unless all sizes are asked for, these are the comparisons with other tools at one size, and
    with the smallest size at the largest that was run.
    """
    results = measure(sizes, limit)
    against_others = [
        against_other(ours, theirs, trials, results)
        for trials in (sizes if all_sizes else [TARGET_AT])
        for ours in OURS
        for theirs in THEIRS
        if results[theirs][trials][1]
    ]
    against_smallest = []
    for tool, series in results.items():
        run = [trials for trials, (_, decisions) in series.items() if decisions]
        shown = list(series)[1:] if all_sizes else run[-1:]
        against_smallest += [against_first(tool, trials, series) for trials in shown]
    return against_others + against_smallest


def against_other(ours, theirs, trials, results):
    rates = [1 / each(results[tool][trials]) for tool in (ours, theirs)]
    return row(
        f"decisions of {ours} at {trials:,} trials",
        f"{rates[0]:,.0f} per second",
        f"{theirs}, {rates[1]:,.0f}",
        f"{rates[0] / rates[1]:.1f} times as fast",
        "at least 50" if trials == TARGET_AT and "Optuna" in theirs else "",
    )


def against_first(tool, trials, series):
    seconds, decisions = series[trials]
    what = f"time for a decision of {tool} at {trials:,} trials"
    if not decisions:
        return row(what, f"not run (predicted: {seconds:,.0f} s in all)")
    first, its_result = next(iter(series.items()))
    took, at_first = each(series[trials]), each(its_result)
    return row(
        what,
        f"{1e6 * took:,.1f} µs",
        f"{first:,} trials, {1e6 * at_first:,.1f} µs",
        f"{took / at_first:.2f} times as long",
        "at most 2" if tool in OURS else "",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of trials")
    parser.add_argument(
        "--limit",
        type=float,
        default=LIMIT,
        help=f"leave out what is predicted to take more seconds (default {LIMIT})",
    )
    options = parser.parse_args()
    note = (
        f"The best of up to {REPEATS} repeats in turns, fewer where they take long. "
        f"eta={ETA}, r_min=1, r_max={R_MAX}, {len(SPACE)} hyperparameters."
    )
    packages = ["sh_teach", "optuna", "syne-tune", "numpy", "scipy"]
    show(rows(sorted(options.sizes), options.limit), *packages, note=note)


if __name__ == "__main__":
    main()
