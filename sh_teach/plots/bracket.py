"""A plot of a bracket: the plan of a round, and what it costs."""

from itertools import pairwise

from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

from sh_teach.plots.style import BLUE, GREEN, SKY, VERMILLION, emptied, legend_above, style_axes


def plot_bracket(bracket, figure=None):
    """Draw a bracket: how many trials each rung promotes, and what a round costs.

    Parameters
    ----------
    bracket : Bracket
        The plan to draw.
    figure : matplotlib.figure.Figure, optional
        Where to draw; by default a new one. An earlier bracket on it is replaced.

    Returns
    -------
    matplotlib.figure.Figure
        Left, a bar for each rung: how many of its trials are promoted and how many are stopped.
        Right, areas are epochs of training: the coloured stairs are one round with checkpoints,
        and the grey ground behind them is random search with as many trials.
    """
    if figure is None:
        figure = plt.figure(figsize=(10, 3.6), facecolor="white")
    margins = dict(left=0.07, right=0.985, top=0.86, bottom=0.17, wspace=0.2)
    both = emptied(figure) if figure.axes else figure.subplots(1, 2, gridspec_kw=margins)
    ladder, area = both
    levels, sizes = bracket.levels, bracket.sizes
    promoted = [*sizes[1:], 0]
    rungs = range(len(levels))
    stopped = [size - above for size, above in pairwise(sizes)]
    for ax in both:
        style_axes(ax)
        ax.set_xlim(0, bracket.n * 1.12)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        ax.set_xlabel("trials")
    ladder.barh(rungs, promoted, color=BLUE, label="promoted")
    ladder.barh(rungs[:-1], stopped, left=sizes[1:], color=VERMILLION, hatch="//", label="stopped")
    ladder.barh(rungs[-1:], sizes[-1:], color=GREEN, label="trained to the end")
    for k, size in enumerate(sizes):
        ladder.text(size + 0.01 * bracket.n, k, f" {size}", va="center", size=11)
    ladder.set_yticks(rungs, levels)
    ladder.set_ylabel("rung level (epochs)")
    ground = dict(color="0.88", label=f"random search: {bracket.n * bracket.r_max:,}")
    area.bar(0, bracket.r_max, width=bracket.n, align="edge", **ground)
    below = (0, *levels[:-1])
    for low, high, size in zip(below, levels, sizes, strict=True):
        step = dict(align="edge", color=SKY, edgecolor="white", linewidth=0.5)
        label = f"a round: {bracket.epochs(resume=True):,} epochs" if low == 0 else None
        area.bar(0, high - low, bottom=low, width=size, label=label, **step)
    area.set_ylabel("epochs")
    area.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    for ax in both:
        legend_above(ax, fontsize=10)
    return figure
