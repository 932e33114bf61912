"""Plots of a run over time. `table` and `ax` are explained in `sh_teach.plots`."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sh_teach.plots.style import BLUE, ROUND_COLORS, axes, bar_colors, legend_above

PROMOTION = dict(color="black", marker=">", markersize=5)
FAILURE = dict(color="black", marker="X", markersize=8, markeredgecolor="white")


def plot_trajectory(table, ax=None, label=None, color=BLUE):
    """Draw the incumbent's error over time: the best validation error found so far.

    Parameters
    ----------
    table, ax
        See `sh_teach.plots`; needed are ``ended`` (seconds) and ``error``.
    label : str, optional
        Name of the run in the legend.
    color : str
        Colour of the line.

    Returns
    -------
    matplotlib.axes.Axes
        The line starts with the first finite error.
    """
    ax = axes(ax, figsize=(7.5, 3.5))
    best, improved = _incumbent(table)
    known = np.isfinite(best)
    ax.step(table["ended"][known], best[known], where="post", color=color, lw=2.5, label=label)
    ax.scatter(table["ended"][improved], best[improved], color=color, s=40, zorder=3)
    ax.set(xlabel="time (seconds)", ylabel="error of the incumbent", xlim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(8))
    if label is not None:
        ax.legend(frameon=False, loc="upper right")
    return ax


def plot_anytime(runs, ax=None, time="ended", label=None, color=BLUE, band=(0.1, 0.9)):
    """Draw how good repeated runs were at any time: mean and quantiles of the incumbent's error.

    Parameters
    ----------
    runs : sequence of pandas.DataFrame
        One table for each run, with ``error`` and the column `time`, which must not fall.
    ax
        See `sh_teach.plots`.
    time : str
        The column with what had been spent when an evaluation ended: ``"ended"`` in seconds, or
        one of your own, such as epochs.
    label : str, optional
        Name of the method in the legend.
    color : str
        Colour of line and band.
    band : pair of float
        The quantiles between which the band lies.

    Returns
    -------
    matplotlib.axes.Axes
        The curves begin when every run has a finite error, and end with the shortest run.
    """
    ax = axes(ax)
    grid, best = incumbents(runs, time)
    low, high = np.quantile(best, band, axis=0)
    ax.step(grid, best.mean(axis=0), where="post", color=color, linewidth=2.5, label=label)
    ax.fill_between(grid, low, high, step="post", color=color, alpha=0.2, linewidth=0)
    ax.set(xlabel="time (seconds)" if time == "ended" else time.replace("_", " "))
    ax.set_ylabel("error of the incumbent")
    if label is not None:
        ax.legend(frameon=False, loc="upper right", fontsize=11)
    return ax


def incumbents(runs, time="ended"):
    """Return the times at which the incumbent of any run changed, and a row of errors per run."""
    steps = []
    for run in runs:
        best, changed = _incumbent(run)
        steps.append((run.loc[changed, time].to_numpy(), best[changed].to_numpy()))
    begin = max(times[0] for times, _ in steps)
    end = min(run[time].iloc[-1] for run in runs)
    times = np.unique(np.concatenate([[begin, end], *(times for times, _ in steps)]))
    times = times[(times >= begin) & (times <= end)]
    rows = [best[np.searchsorted(when, times, side="right") - 1] for when, best in steps]
    return times, np.array(rows)


def _incumbent(run):
    """Return the lowest finite error after each evaluation, and where it has just fallen."""
    best = run["error"].where(np.isfinite(run["error"]), np.inf).cummin()
    return best, best < best.shift(fill_value=np.inf)


def plot_timeline(table, ax=None, workers=None):
    """Draw which worker ran which evaluation when: a lane per worker, a bar per evaluation.

    Parameters
    ----------
    table, ax
        See `sh_teach.plots`; needed are ``trial_id``, ``round``, ``worker``, ``started``,
        ``ended``, ``max_epochs`` and ``error``.
    workers : int, optional
        How many lanes to draw, if some workers ran nothing.

    Returns
    -------
    matplotlib.axes.Axes
        The colour of a bar is its round, darker on a higher rung; a number in it is its trial. A
        triangle marks a promotion, a cross an evaluation without a finite error, and hatching a
        worker that is idle.
    """
    lanes = range(workers or int(table["worker"].max()) + 1)
    ax = axes(ax, figsize=(10, 1.6 + 0.42 * len(lanes)))
    end = table["ended"].max()
    idle = dict(facecolor="white", edgecolor="0.75", hatch="////", linewidth=0)
    ax.barh(lanes, end, height=0.8, **idle, zorder=0)
    levels = sorted(table["max_epochs"].unique())
    first_level = table.groupby("trial_id")["max_epochs"].min()
    for row in table.itertuples():
        color, ink = bar_colors(row.round or 0, (levels.index(row.max_epochs) + 1) / len(levels))
        width = row.ended - row.started
        ax.barh(row.worker, width, left=row.started, height=0.8, color=color, edgecolor="white")
        if width > 0.022 * end * len(str(row.trial_id)):
            middle = row.started + width / 2
            ax.text(middle, row.worker, row.trial_id, ha="center", va="center", color=ink, size=9)
        if row.max_epochs > first_level[row.trial_id]:
            ax.plot(row.started, row.worker + 0.28, clip_on=False, **PROMOTION)
        if not np.isfinite(row.error):
            ax.plot(row.ended, row.worker, clip_on=False, **FAILURE)
    ax.set(xlabel="time (seconds)", ylabel="worker")
    ax.set(xlim=(0, end), ylim=(len(lanes) - 0.4, -0.6))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    rounds = sorted(table["round"].dropna().unique())[: len(ROUND_COLORS)]
    colors = [ROUND_COLORS[int(number) % len(ROUND_COLORS)] for number in rounds]
    handles = [Patch(color=c, label=f"round {r:g}") for r, c in zip(rounds, colors, strict=True)]
    handles.append(Line2D([], [], linestyle="", label="promotion", **PROMOTION))
    if not np.isfinite(table["error"]).all():
        handles.append(Line2D([], [], linestyle="", label="failed", **FAILURE))
    handles.append(Patch(**idle | {"linewidth": 0.5}, label="idle"))
    columns = len(handles) if len(handles) <= 6 else (len(handles) + 1) // 2
    legend_above(ax, handles=handles, ncols=columns)
    return ax
