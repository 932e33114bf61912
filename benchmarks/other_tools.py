"""Decisions per second of our schedulers, of Optuna and of Syne Tune, and how they grow.

All get the same work: trials of two hyperparameters drawn at random, one after the other, rungs
at 1, 2, 4, ..., 256, half of the trials to survive each, and of trial i at rung k the same random
error. A decision is one error reported and the answer what to do next: in our schedulers `update`
and `suggest`; in Optuna `report` and `should_prune`, with `ask`, two `suggest_*` and `tell` once
for each trial; in Syne Tune `on_trial_result`, with `suggest`, `on_trial_add` and
`on_trial_remove` once for each trial. Drawing the configurations is included everywhere.

Both do more than ours: Optuna keeps every trial in a storage that several processes may share and
in which the history can be queried, with parameters declared while the trial runs; Syne Tune
checks and casts each configuration by a typed space and can hand all results to a model. They
stop trials that run where ours promote trials that wait, so the number of decisions differs a bit.

Promised: at 3,000 trials 50 times as many decisions per second as Optuna, and from 1,000 trials
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
import pandas as pd
from machine import versions
from scheduler import SPACE
from syne_tune import config_space
from syne_tune.backend.trial_status import Trial
from syne_tune.optimizer.scheduler import SchedulerDecision
from syne_tune.optimizer.schedulers.asha import AsynchronousSuccessiveHalving
from syne_tune.optimizer.schedulers.searchers.multi_fidelity_searcher import (
    IndependentMultiFidelitySearcher,
)

from sh_teach import ASHAScheduler, RandomSearcher, SuccessiveHalvingScheduler

ETA, R_MAX = 2, 256
LEVELS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
SIZES = [1_000, 3_000, 10_000, 100_000]
REPEATS = 10
LIMIT = 60  # seconds that one run may be predicted to take
PROMISED_AT = 3_000


def our_asha(trials, errors):
    """Run so many trials; return how many decisions that took. The others do the same."""
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
    """Return how many seconds so many trials will take, from ``{trials: seconds}`` of fewer."""
    if not seconds:
        return 0
    (n, last), *fewer = sorted(seconds.items(), reverse=True)
    exponent = 2
    if fewer:
        exponent = max(1, math.log(last / fewer[0][1]) / math.log(n / fewer[0][0]))
    return last * (trials / n) ** exponent


def measure(sizes, limit):
    """Return ``{tool: {trials: (seconds, decisions)}}``; of what is not run, only a prediction.

    The seconds are the least of up to `REPEATS` repeats, all tools in turn; what takes a tenth of
    the limit in all is not repeated any more. Where a run is predicted to exceed the limit,
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
    """Return the seconds that one decision takes, or ``nan`` if it was not run."""
    seconds, decisions = result
    return seconds / decisions if decisions else math.nan


def growth(series):
    """Return the largest size that was run, and its time per decision relative to the smallest."""
    run = [n for n, (_, decisions) in series.items() if decisions]
    return run[-1], each(series[run[-1]]) / each(series[run[0]])


def summary(sizes=SIZES, limit=LIMIT):
    """Return the rows for the table of ``make bench``."""
    results = measure(sizes, limit)
    rows = []
    for ours in OURS:
        for theirs in THEIRS:
            rates = [1 / each(results[tool][PROMISED_AT]) for tool in (ours, theirs)]
            rows.append(
                {
                    "what": f"decisions of {ours} at {PROMISED_AT:,} trials",
                    "figure": f"{rates[0]:,.0f} per second",
                    "compared with": f"{theirs}, {rates[1]:,.0f}",
                    "ratio": f"{rates[0] / rates[1]:.1f} times as fast",
                    "promised": "at least 50" if "Optuna" in theirs else "",
                }
            )
    for tool, series in results.items():
        largest, ratio = growth(series)
        rows.append(
            {
                "what": f"time for a decision of {tool} at {largest:,} trials",
                "figure": f"{1e6 * each(series[largest]):,.1f} µs",
                "compared with": f"{sizes[0]:,} trials, {1e6 * each(series[sizes[0]]):,.1f} µs",
                "ratio": f"{ratio:.2f} times as long",
                "promised": "at most 2" if tool in OURS else "",
            }
        )
    return rows


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
    results = measure(sorted(options.sizes), options.limit)
    rows = []
    for tool, series in results.items():
        _, first = next(iter(series.items()))
        for trials, (seconds, decisions) in series.items():
            row = {"": tool, "trials": f"{trials:,}"}
            if decisions:
                took = each((seconds, decisions))
                row |= {
                    "decisions": f"{decisions:,}",
                    "decisions per second": f"{1 / took:,.0f}",
                    "µs per decision": f"{1e6 * took:,.1f}",
                    "relative to the first": f"{took / each(first):.2f}",
                }
                row |= {
                    f"{ours} is x times as fast": f"{took / each(results[ours][trials]):.1f}"
                    for ours in OURS
                }
            else:
                row["decisions"] = f"not run (predicted {seconds:,.0f} s)"
            rows.append(row)
    table = pd.DataFrame(rows).fillna("")
    print(table.to_markdown(index=False, disable_numparse=True, colalign=["left"] + ["right"] * 7))
    print(
        f"\nThe best of up to {REPEATS} repeats in turns, fewer where they take long. "
        f"eta={ETA}, r_min=1, r_max={R_MAX}, {len(SPACE)} hyperparameters.\n"
        f"{versions('sh_teach', 'optuna', 'syne-tune', 'numpy', 'scipy')}"
    )


if __name__ == "__main__":
    main()
