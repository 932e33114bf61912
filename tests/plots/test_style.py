"""Figures follow the user's style: dark backgrounds, own colours, larger text."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from test_accessibility import faint_texts

from sh_teach import (
    Bracket,
    HPOTuner,
    RecordedCurves,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
    explore_bracket,
    plot_anytime,
    plot_bracket,
    plot_halving,
    plot_learning_curves,
    plot_rungs,
    plot_timeline,
    plot_trajectory,
)
from sh_teach.widgets.picture import plot_step
from sh_teach.widgets.steps import record_steps

PLOTS = [
    plot_rungs,
    plot_learning_curves,
    plot_halving,
    plot_timeline,
    plot_trajectory,
    plot_anytime,
]
STYLES = {
    "dark": "dark_background",
    "ggplot": "ggplot",
    "classic": "classic",
    "large": {"font.size": 20, "lines.linewidth": 6},
    "grey": {"axes.facecolor": "0.7", "figure.facecolor": "0.9"},
    "clear": {"figure.facecolor": "none", "axes.facecolor": "none"},
}
every_style = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def tables():
    """A round with a failure, a crowd, and a round in which everything failed."""
    curves = RecordedCurves.load()
    scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), eta=2, r_min=1, r_max=16)
    workers = SimulatedWorkers(4, curves.runtime, seed=0)
    tuner = HPOTuner(scheduler, curves.objective, workers=workers, progress=False)
    tuner.run(1100)
    crowd = tuner.dataframe()
    few = crowd.head(40).copy()
    few.loc[3, "error"] = np.nan
    return few, crowd, few.assign(error=np.nan)


@every_style
@pytest.mark.parametrize("plot", PLOTS)
def test_the_texts_of_a_plot_stand_out_in_any_style(plot, style, tables):
    for table in tables if plot is not plot_anytime else tables[:2]:
        with plt.style.context(style):
            assert faint_texts(plot(table).figure) == []


@every_style
def test_the_texts_of_a_bracket_and_of_a_step_stand_out_in_any_style(style):
    scheduler = SuccessiveHalvingScheduler(
        RecordedCurves.load().searcher(seed=0), eta=2, r_min=2, r_max=8
    )
    step = record_steps(scheduler, workers=4, curves=RecordedCurves.load())[12]
    with plt.style.context(style):
        assert faint_texts(plot_bracket(Bracket(1, 27, 3))) == []
        assert faint_texts(plot_step(step, scheduler.bracket, workers=4, until=80)) == []


@pytest.mark.parametrize("plot", PLOTS)
def test_the_background_is_that_of_the_style(plot, tables):
    with plt.style.context("dark_background"):
        ax = plot(tables[0])
    for face in (ax.get_facecolor(), ax.figure.get_facecolor()):
        assert to_rgb(face) == (0, 0, 0)


def test_a_bracket_and_a_step_drawn_again_follow_a_style_chosen_since():
    figure = plot_bracket(Bracket(1, 9, 3))
    with plt.style.context("dark_background"):
        plot_bracket(Bracket(1, 27, 3), figure)
        assert to_rgb(figure.get_facecolor()) == (0, 0, 0)
        assert faint_texts(figure) == []


def test_the_explorer_opens_in_a_dark_style():
    with plt.style.context("dark_background"):
        assert "image/png" in explore_bracket().children[-1].value


@pytest.mark.parametrize("plot", PLOTS)
def test_text_is_as_large_as_the_user_has_it(plot, tables):
    small = plot(tables[0]).xaxis.label.get_size()
    with plt.rc_context({"font.size": 20}):
        large = plot(tables[0]).xaxis.label.get_size()
    assert large == pytest.approx(2 * small)


@pytest.mark.parametrize("plot", PLOTS)
def test_larger_text_gets_a_larger_figure_and_stays_inside_of_it(plot, tables):
    for table in tables if plot is not plot_anytime else tables[:2]:
        with plt.rc_context({"font.size": 20}):
            figure = plot(table).figure
            figure.canvas.draw()
            for ax in figure.axes:
                texts = [ax.xaxis.label, ax.yaxis.label]
                texts += ax.get_legend().get_texts() if ax.get_legend() else []
                for text in texts:
                    box = text.get_window_extent()
                    assert box.x0 >= 0, text
                    assert box.x1 <= figure.bbox.x1, text


def test_what_lies_behind_the_data_is_left_to_the_callers_axes(tables):
    _, ax = plt.subplots(facecolor="navy", subplot_kw={"facecolor": "beige"})
    plot_rungs(pd.DataFrame(tables[0]), ax=ax)
    assert to_rgb(ax.get_facecolor()) == to_rgb("beige")
    assert to_rgb(ax.figure.get_facecolor()) == to_rgb("navy")
