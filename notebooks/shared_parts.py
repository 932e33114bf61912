"""What the parts of a cluster cost that all its workers share, for notebook 07."""

import os
import time

from distributed import Client
from matplotlib import pyplot as plt
from scipy import stats

from sh_teach import RandomSearcher, SuccessiveHalvingScheduler
from sh_teach.files import append_line, replace_file
from sh_teach.plots.style import BLUE, GREEN, ORANGE, axes

LINE = b'{"number": 1, "started": 1.5, "worker": 0, "ended": 2.5, "error": 0.5, "failure": null}\n'
CHECKPOINT = 180_000  # bytes, as large as one of LeNet
DURATIONS = {"a second": 1, "a minute": 60, "an hour": 3600}
LOOKS = {"a second": (ORANGE, "o"), "a minute": (BLUE, "^"), "an hour": (GREEN, "D")}


def measure(folder):
    """Return the milliseconds that each part spends on an evaluation, on this machine."""
    searcher = RandomSearcher({"learning_rate": stats.loguniform(1e-2, 1)}, seed=0)
    scheduler = SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=16, prefact=600)
    checkpoint = os.urandom(CHECKPOINT)
    costs = {
        "searcher": _milliseconds(lambda i: searcher.sample_configuration(), 5000),
        "scheduler": _milliseconds(lambda i: scheduler.update(scheduler.suggest(), i % 7), 5000),
        "journal": _milliseconds(lambda i: append_line(folder / "lines", LINE), 100),
        "folder": _milliseconds(lambda i: replace_file(folder / "blob", checkpoint), 50),
    }
    options = dict(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0")
    with Client(**options) as client:
        thousand = _milliseconds(lambda i: client.gather(client.map(abs, range(1000))), 1)
    return costs | {"Dask": thousand / 1000}


def _milliseconds(work, n):
    began = time.perf_counter()
    for i in range(n):
        work(i)
    return 1e3 * (time.perf_counter() - began) / n


def workers_fed(milliseconds, seconds):
    """Return how many workers a part can keep busy with evaluations of that many seconds."""
    return seconds / (1e-3 * milliseconds)


def plot_costs(costs):
    """Draw a point for each part, with its milliseconds."""
    ax = axes(figsize=(8, 2.8))
    ax.plot(list(costs.values()), list(costs), "o", color=BLUE, markersize=9)
    for name, cost in costs.items():
        ax.annotate(f"{cost:.4f}", (cost, name), xytext=(10, -4), textcoords="offset points")
    ax.set(xlabel="milliseconds for each evaluation", xscale="log", xlim=(1e-4, 1e2))
    ax.margins(y=0.15)
    ax.invert_yaxis()
    ax.grid(axis="y", alpha=0.3)


def plot_limits(costs):
    """Draw how many workers each part can feed, for short, longer and long evaluations."""
    ax = axes(figsize=(10, 4.2))
    for duration, seconds in DURATIONS.items():
        color, marker = LOOKS[duration]
        limits = [workers_fed(cost, seconds) for cost in costs.values()]
        look = dict(color=color, marker=marker, markersize=10, linestyle="none")
        ax.plot(limits, list(costs), label=duration, **look)
    ax.axvline(1000, color=plt.rcParams["text.color"], linestyle="--")
    ax.annotate("a thousand", (1000, -0.6), xytext=(4, 0), textcoords="offset points")
    ax.set(xlabel="workers that can be fed", xscale="log", ylim=(len(costs) - 0.5, -0.8))
    ax.grid(axis="y", alpha=0.3)
    title = "an evaluation takes"
    ax.legend(title=title, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
