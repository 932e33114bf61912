"""The simulated workload of the ASHA paper, for the appendix of notebook 05."""

import numpy as np
from scipy import stats

from sh_teach import HPOTuner, RandomSearcher, SimulatedWorkers

TIME = 2000  # units; an epoch takes one
PLAN = dict(eta=4, r_min=1, r_max=256)


def any_order(x, max_epochs):
    """Return an error that is drawn at random and stays as it is."""
    return x


def trained_to_the_end(make_scheduler, std=0.0, drop=0.0, seed=0, error=any_order):
    """Return how many trials were trained to r_max within the time, and when the first was."""
    workers = SimulatedWorkers(
        n=25,
        runtime=lambda config, r_from, r_to: r_to - r_from,
        resume=False,
        straggler_std=std,
        drop_probability=drop,
        seed=seed,
    )
    scheduler = make_scheduler(RandomSearcher({"x": stats.uniform()}, seed=seed), **PLAN)
    tuner = HPOTuner(scheduler, error, workers=workers, progress=False)
    tuner.run(int(7 * TIME / (1 + 0.8 * std)))  # more than fit into that time
    ended = [r["ended"] for r in tuner.records if r["config"]["max_epochs"] == PLAN["r_max"]]
    return sum(time <= TIME for time in ended), min(ended, default=np.inf)
