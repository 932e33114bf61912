"""The picture of a step: the workers, the queue, and the rungs as they fill."""

from matplotlib import pyplot as plt

from sh_teach.arguments import integer
from sh_teach.plots.style import text_color
from sh_teach.plots.time import bar_colors

MOST_WAITING = 20
ROUNDS_SHOWN = 3
MOST_ROWS = 10
MOST_WORKERS = 16
CENTRED = dict(ha="center", va="center")


def plot_step(step, bracket, workers, until, figure=None):
    """Draw the workers, the queue and the rungs after a step of `record_steps`.

    Each round has a colour, the darker the higher the rung; what runs has a dashed outline. On the
    rungs of the latest three rounds the best is on top, and what would survive now is filled.
    `bracket` is the plan of all rounds, or a function of the round; `until` ends the axis of time,
    in seconds; a `figure` that has a step already is drawn over.
    """
    check_lanes(workers)
    if figure is None:
        figure = plt.figure(figsize=(10, 5.6))
    figure.set_facecolor(plt.rcParams["figure.facecolor"])
    bracket_of = bracket if callable(bracket) else lambda round: bracket
    lanes, queue, *rungs = _empty_axes(figure, workers)
    _draw_workers(lanes, step, bracket_of, workers, until)
    _draw_queue(queue, step, bracket_of)
    for round, ax in enumerate(rungs, start=max(0, step.rounds() - ROUNDS_SHOWN)):
        _draw_rungs(ax, step, bracket_of(round), round)
    return figure


def check_lanes(workers):
    """Raise a TypeError or ValueError unless the picture has room for that many workers."""
    if integer("workers", workers, minimum=1) > MOST_WORKERS:
        raise ValueError(f"workers={workers}: the picture has room for at most {MOST_WORKERS}")


def _empty_axes(figure, workers):
    """Return the Axes of a figure, emptied of an earlier step; to make new ones takes longer."""
    for ax in figure.axes:
        for artist in (*ax.containers, *ax.lines, *ax.texts):
            artist.remove()
    if not figure.axes:
        # Fixed margins: to compute them would take longer than all the drawing.
        margins = dict(left=0.065, right=0.99, top=0.95, bottom=0.1, hspace=0.42, wspace=0.12)
        heights = 0.8 + 0.2 * min(workers, 8), 2.4
        grid = figure.add_gridspec(2, 1 + ROUNDS_SHOWN, height_ratios=heights, **margins)
        for place in (grid[0, :], *(grid[1, column] for column in range(1 + ROUNDS_SHOWN))):
            figure.add_subplot(place)
    return figure.axes


def _draw_workers(ax, step, bracket_of, workers, until):
    paper, text = ax.get_facecolor(), text_color()
    for event in step.evaluations():
        trial, lane, began, ends = event.trial, event.worker, event.started, event.ends
        color, ink = _colors(trial, bracket_of)
        now = min(step.time, ends)
        ax.barh(lane, now - began, left=began, height=0.8, color=color, edgecolor=paper)
        if ends > now:
            rest = dict(facecolor="none", edgecolor=color, linestyle="--", linewidth=1.5)
            ax.barh(lane, ends - now, left=now, height=0.76, **rest)
        # In the middle of what is done, or of what is to come if the evaluation has just begun.
        middle = (began + now) / 2
        if now - began <= 0.025 * until:
            middle, ink = (now + ends) / 2, text
        ax.text(middle, lane, trial.trial_id, color=ink, size=9, **CENTRED)
    ax.axvline(step.time, color=text, linewidth=1.5)
    above = dict(transform=ax.get_xaxis_transform(), va="bottom", size=10)
    side = "left" if step.time < 0.9 * until else "right"
    ax.text(step.time, 1.0, f" t = {step.time:.1f} s ", ha=side, **above)
    ax.set(xlim=(0, until), ylim=(workers - 0.4, -0.6), yticks=range(workers))
    ax.set_xlabel("time (seconds)", size=13)
    ax.set_ylabel("worker", size=13)
    ax.tick_params(labelsize=11)
    ax.spines[["top", "right"]].set_visible(False)


def _draw_queue(ax, step, bracket_of):
    ax.set_title("queue, next first", size=12)
    ax.set(xlim=(0, 4), ylim=(5, 0), aspect="equal")
    ax.axis("off")
    for i, trial in enumerate(step.waiting[:MOST_WAITING]):
        color, ink = _colors(trial, bracket_of)
        x, y = i % 4 + 0.5, i // 4 + 0.5
        outline = dict(edgecolor=text_color(), linewidth=2) if i == 0 else {}
        ax.bar(x, 0.9, bottom=y - 0.45, width=0.9, color=color, **outline)
        ax.text(x, y - 0.13, trial.trial_id, color=ink, size=11, **CENTRED)
        ax.text(x, y + 0.24, f"to {trial['max_epochs']}", color=ink, size=8, **CENTRED)
    if not step.waiting:
        ax.text(2, 0.5, "empty", size=11, style="italic", **CENTRED)
    if len(step.waiting) > MOST_WAITING:
        ax.text(2, 5, f"and {len(step.waiting) - MOST_WAITING} more", ha="center", va="top")


def _draw_rungs(ax, step, bracket, round):
    """Draw a column for each rung: a place for each trial, the best on top."""
    color, ink = bar_colors(round, 0.5)
    ax.set_title(f" round {round} ", size=11, color=ink, backgroundcolor=color)
    rows, text_size = min(bracket.n, MOST_ROWS), 8 if bracket.K < 4 else 6.5
    for k, (level, size) in enumerate(zip(bracket.levels, bracket.sizes, strict=True)):
        observed, places = step.rungs().get((round, level), []), min(size, rows)
        survivors = size if k == bracket.K else bracket.sizes[k + 1]
        survives = bar_colors(round, (k + 1) / (bracket.K + 1))
        cell = dict(width=0.92, left=k - 0.46, height=0.86, edgecolor=text_color(0.2))
        ax.barh(range(len(observed), places), color=text_color(0.05), **cell)
        for place, (trial, error) in enumerate(observed[:places]):
            color, ink = survives if place < survivors else (ax.get_facecolor(), text_color())
            ax.barh(place, color=color, **cell)
            inside = dict(va="center", size=text_size, color=ink)
            ax.text(k - 0.4, place, trial.trial_id, ha="left", weight="bold", **inside)
            number = f"{error:.2f}".removeprefix("0")  # an error below 1, or nan or inf
            ax.text(k + 0.4, place, number, ha="right", **inside)
        if size > rows:
            ax.text(k, rows - 0.4, f"+ {size - rows}", ha="center", va="top", size=8)
    ax.set_xticks(range(bracket.K + 1), bracket.levels)
    ax.set(xlim=(-0.5, bracket.K + 0.5), ylim=(rows - 0.4, -0.6), yticks=[])
    ax.set_xlabel("rung level (epochs)", size=11)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, pad=10, labelsize=11)


def _colors(trial, bracket_of):
    bracket = bracket_of(trial.round)
    k = bracket.levels.index(trial["max_epochs"])
    return bar_colors(trial.round, (k + 1) / (bracket.K + 1))
