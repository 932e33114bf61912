"""A bracket to explore with sliders."""

import ipywidgets
from matplotlib.figure import Figure

from sh_teach.plots.bracket import plot_bracket
from sh_teach.plots.style import inches
from sh_teach.schedulers.bracket import Bracket
from sh_teach.widgets.html import WIDE, image, spoken
from sh_teach.words import plural


def explore_bracket(r_min=2, r_max=10, eta=2, prefact=1.0):
    """Show a bracket that changes with its sliders.

    Parameters
    ----------
    r_min, r_max, eta, prefact
        The bracket to begin with, as for `SuccessiveHalvingScheduler`.

    Returns
    -------
    ipywidgets.VBox
        Sliders, what the bracket costs in words, and the picture of `plot_bracket`. An impossible
        choice is explained, and the last picture stays.
    """
    sliders = [
        ipywidgets.IntSlider(r_min, 1, 32, description="r_min", **WIDE),
        ipywidgets.IntSlider(r_max, 1, 256, description="r_max", **WIDE),
        ipywidgets.IntSlider(eta, 1, 8, description="eta", **WIDE),
        ipywidgets.FloatSlider(prefact, min=0.1, max=4, description="prefact", **WIDE),
    ]
    words, picture = ipywidgets.HTML(), ipywidgets.HTML()
    figure = Figure(figsize=inches(10, 3.6))

    def show(_=None):
        r_min, r_max, eta, prefact = (slider.value for slider in sliders)
        try:
            bracket = Bracket(r_min, r_max, eta).scaled(prefact)
        except ValueError as error:
            words.value = spoken(f"Not possible. {error}.")
            return
        words.value = spoken(describe_bracket(bracket))
        picture.value = image(
            plot_bracket(bracket, figure),
            "Left, a bar for each rung with the trials it holds, the upper rungs shorter. Right, "
            "stairs for the epochs of a round, before the larger area of random search.",
        )

    for slider in sliders:
        slider.observe(show, names="value")
    show()
    rows = [ipywidgets.HBox(sliders[:2]), ipywidgets.HBox(sliders[2:])]
    return ipywidgets.VBox([*rows, words, picture])


def describe_bracket(bracket):
    """Return what a bracket is and costs, in words."""
    rungs = ", ".join(f"{n} at {r}" for r, n in zip(bracket.levels, bracket.sizes, strict=True))
    none = "" if bracket.sizes[-1] else f" No trial reaches {bracket.r_max} epochs!"
    start = "starts" if bracket.n == 1 else "start"
    return (
        f"N = {plural(bracket.n, 'trial')} {start}; on the rungs (epochs): {rungs}.{none} "
        f"A round is {bracket.evaluations:,} evaluations and {bracket.epochs(resume=True):,} "
        f"epochs, or {bracket.epochs():,} if every rung trains from scratch. Random search would "
        f"train for {bracket.n * bracket.r_max:,}."
    )
