"""Plots of a run over time. `table` and `ax` are explained in `sh_teach.plots`."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from sh_teach.plots import style


def plot_trajectory(table, ax=None):
    """Draw the incumbent's error over time: the best validation error found so far.

    Parameters
    ----------
    table, ax
        See `sh_teach.plots`; needed are ``ended`` (seconds) and ``error``.

    Returns
    -------
    matplotlib.axes.Axes
        The line starts with the first finite error.
    """
    table = style.table_of("plot_trajectory", table, "ended", "error")
    ax = style.axes(ax, figsize=(7.5, 3.5))
    best, improved = _incumbent(table)
    known = np.isfinite(best)
    ax.step(table["ended"][known], best[known], where="post", color=style.BLUE, linewidth=2.5)
    ax.scatter(table["ended"][improved], best[improved], color=style.BLUE, s=40, zorder=3)
    ax.set(xlabel="time (seconds)", ylabel="error of the incumbent", xlim=(0, None))
    if not known.any():
        ax.text(0.5, 0.5, f"only {style.NOT_FINITE}", transform=ax.transAxes, ha="center")
    return ax


def plot_anytime(runs, ax=None, time="ended", label=None, color=style.BLUE, band=(0.1, 0.9)):
    """Draw how good repeated runs were at any time: mean and quantiles of the incumbent's error.

    Parameters
    ----------
    runs : sequence of HPOTuner or pandas.DataFrame
        One for each run, or a single run. A table needs ``error`` and the column `time`, which
        must not fall.
    ax
        See `sh_teach.plots`.
    time : str
        The column with what had been spent when an evaluation ended: ``"ended"`` in seconds, or
        one of your own, such as epochs.
    label, color : str, optional
        Name of the method in the legend, and the colour of its line and band.
    band : pair of float
        The quantiles between which the band lies.

    Returns
    -------
    matplotlib.axes.Axes
        The curves begin when every run has a finite error, and end with the shortest run.

    Raises
    ------
    ValueError
        If there is no such time, or if there are no runs.
    """
    ax = style.axes(ax)
    grid, best = incumbents(runs, time)
    low, high = np.quantile(best, band, axis=0)
    ax.step(grid, best.mean(axis=0), where="post", color=color, linewidth=2.5, label=label)
    ax.fill_between(grid, low, high, step="post", color=color, alpha=0.2, linewidth=0)
    ax.set(xlabel="time (seconds)" if time == "ended" else time.replace("_", " "))
    ax.set_ylabel("error of the incumbent")
    if label is not None:
        ax.legend(frameon=False, loc="upper right", fontsize="large")
    return ax


def listed(runs):
    """Return a list of runs, also of a single one."""
    return list(runs) if np.iterable(runs) and not hasattr(runs, "columns") else [runs]


def incumbents(runs, time="ended"):
    """Return the times at which the incumbent of any run changed, and a row of errors per run."""
    runs = listed(runs)
    if not runs:
        raise ValueError("runs=[]: give at least one run")
    curves, end = [], np.inf
    for i, run in enumerate(runs):
        table = style.table_of(f"runs[{i}]", run, time, "error")
        best, improved = _incumbent(table)
        if not improved.any():
            raise ValueError(f"runs[{i}] has no finite error, so no incumbent: leave it out")
        curves.append((table[time][improved].to_numpy(), best[improved].to_numpy()))
        end = min(end, table[time].iloc[-1])
    begin = max(times[0] for times, _ in curves)
    if begin > end:
        late = f"one run ends at {end:g}, another has no finite error until {begin:g}"
        raise ValueError(f"{late}: leave one of them out")
    changes = np.concatenate([[end], *(times for times, _ in curves)])
    times = np.unique(changes.clip(begin, end))
    rows = [best[np.searchsorted(when, times, side="right") - 1] for when, best in curves]
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
    table, levels = style.by_rung("plot_timeline", table, "round", "worker", "started", "ended")
    lanes = max(workers or 0, int(table["worker"].max()) + 1)
    ax = style.axes(ax, figsize=(10, min(1.6 + 0.42 * lanes, 10)))
    paper, end = ax.get_facecolor(), table["ended"].max() or 1
    crowded = lanes > 40 or len(table) > 80 * lanes
    idle = dict(facecolor="none", edgecolor=style.text_color(0.25), hatch="////")
    ax.barh(range(lanes), end, height=0.8, linewidth=0, zorder=0, **idle)
    rounds = table["round"].astype(float)
    heights = (table["rung"] + 1) / len(levels)
    colors, inks = zip(*map(bar_colors, rounds.fillna(0), heights), strict=True)
    begin, stop, lane = (table[name].to_numpy() for name in ("started", "ended", "worker"))
    corners = [begin, begin, stop, stop], [lane - 0.4, lane + 0.4, lane + 0.4, lane - 0.4]
    look = dict(facecolors=colors, edgecolors=paper, linewidth=0 if crowded else 1)
    ax.add_collection(PolyCollection(np.stack(corners).T, **look))
    for i, trial_id in enumerate(table["trial_id"]):
        if not crowded and stop[i] - begin[i] > 0.022 * end * len(str(trial_id)):
            inside = dict(ha="center", va="center", size="small", color=inks[i])
            ax.text((begin[i] + stop[i]) / 2, lane[i], trial_id, **inside)
    marks = dict(color=style.text_color(), markeredgecolor=paper, clip_on=False)
    marks["markersize"] = 4 if crowded else 6
    up = table["rung"] > table.groupby("trial_id")["rung"].transform("min")
    failed = ~np.isfinite(table["error"])
    names = sorted(rounds.dropna().unique())[: len(style.ROUND_COLORS)]
    handles = [Patch(color=bar_colors(r, 1)[0], label=f"round {r:g}") for r in names]
    if up.any() and not crowded:
        handles += ax.plot(begin[up], lane[up] + 0.28, ">", label="promotion", **marks)
    if failed.any():
        handles += ax.plot(stop[failed], lane[failed], "X", label=style.NOT_FINITE, **marks)
    handles.append(Patch(**idle, label="idle"))
    ax.set(xlabel="time (seconds)", ylabel="worker", xlim=(0, end), ylim=(lanes - 0.4, -0.6))
    ax.locator_params(axis="y", integer=True, min_n_ticks=1)
    words = f"{len(table):,} evaluations: numbers and promotions are left out"
    style.legend_above(ax, handles=handles, title=words if crowded else None)
    return ax


def bar_colors(round, height):
    """Return the colour of an evaluation, darker on a higher rung, and that of a text on it."""
    hue = np.array(to_rgb(style.ROUND_COLORS[int(round) % len(style.ROUND_COLORS)]))
    color = 1 - (0.35 + 0.65 * height) * (1 - hue)
    luminance = color**2.2 @ (0.21, 0.72, 0.07)
    return color, "white" if luminance < 0.18 else "black"  # whichever has the greater contrast
