"""A bracket to explore with sliders."""

from sh_teach.arguments import positive
from sh_teach.plots.bracket import plot_bracket
from sh_teach.schedulers.bracket import Bracket
from sh_teach.widgets.html import WIDE, Panel, ipywidgets
from sh_teach.words import plural

LARGEST = 10_000  # that the labels of the picture have room for


def explore_bracket(r_min=2, r_max=10, eta=2, prefact=1.0):
    """Show a bracket that changes with its sliders.

    Parameters
    ----------
    r_min, r_max, eta, prefact
        The bracket to begin with, as for `SuccessiveHalvingScheduler`; each at most 10,000.

    Returns
    -------
    ipywidgets.VBox
        Sliders, what the bracket costs in words, and the picture of `plot_bracket`. If a slider
        is moved to an impossible choice, this is explained, and the last picture stays.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, see `Bracket`, or if `prefact` leaves no trial.
    """
    for name, value in dict(r_min=r_min, r_max=r_max, eta=eta, prefact=prefact).items():
        if positive(name, value) > LARGEST:
            raise ValueError(f"{name}={value!r}: it must be at most {LARGEST:,}")
    Bracket(r_min, r_max, eta).scaled(prefact)
    sliders = [
        ipywidgets.IntSlider(r_min, 1, max(r_min, 32), description="r_min", **WIDE),
        ipywidgets.IntSlider(r_max, 1, max(r_max, 256), description="r_max", **WIDE),
        ipywidgets.IntSlider(eta, 1, max(eta, 8), description="eta", **WIDE),
        ipywidgets.FloatSlider(prefact, min=0, max=max(prefact, 4), description="prefact", **WIDE),
    ]
    sliders[-1].readout_format = ""  # all digits, where the usual format has two
    panel = Panel(sliders[:2], sliders[2:], figsize=(10, 3.6))

    def show(_=None):
        r_min, r_max, eta, prefact = (slider.value for slider in sliders)
        try:
            bracket = Bracket(r_min, r_max, eta).scaled(prefact)
        except ValueError as error:
            panel.say(f"Not possible. {error}.")
            return
        panel.say(describe_bracket(bracket))
        plot_bracket(bracket, panel.figure)
        panel.draw(
            "Left, a bar for each rung with the trials it holds, the upper rungs shorter. Right, "
            "stairs for the epochs of a round, before the larger area of random search."
        )

    for slider in sliders:
        slider.observe(show, names="value")
    show()
    return panel


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
