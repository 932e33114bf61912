import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from sh_teach import (
    Bracket,
    plot_anytime,
    plot_bracket,
    plot_halving,
    plot_learning_curves,
    plot_rungs,
    plot_timeline,
    plot_trajectory,
)
from sh_teach.plots.time import incumbents

PLOTS = [plot_rungs, plot_learning_curves, plot_trajectory, plot_halving]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def table():
    """One round on the rungs 1, 2 and 3; trial 3 diverged, trials 0 and 1 have equal errors."""
    rows = [(0, 1, 0.50), (1, 1, 0.50), (2, 1, 0.40), (3, 1, np.nan)]
    rows += [(2, 2, 0.30), (0, 2, 0.45), (2, 3, 0.25)]
    table = pd.DataFrame(rows, columns=["trial_id", "max_epochs", "error"])
    table["ended"] = np.arange(1.0, len(table) + 1)
    return table


def points(ax, label):
    (collection,) = (c for c in ax.collections if c.get_label().startswith(label))
    return collection.get_offsets()


def test_promoted_and_stopped_trials_and_the_last_rung_are_marked(table):
    ax = plot_rungs(table)
    assert sorted(np.round(points(ax, "promoted")[:, 1], 2)) == [0.30, 0.40, 0.50]
    assert len(points(ax, "stopped")) == 3
    assert points(ax, "on the last rung")[:, 1] == [0.25]


def test_every_evaluation_is_a_point_over_its_rung(table):
    ax = plot_rungs(table)
    drawn = np.concatenate([c.get_offsets() for c in ax.collections if len(c.get_offsets())])
    assert np.bincount(np.round(drawn[:, 0]).astype(int)).tolist() == [4, 2, 1]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2", "3"]


def test_no_point_of_a_rung_hides_another():
    crowd = pd.DataFrame(
        {"trial_id": range(20), "max_epochs": 1, "error": [0.5] * 10 + [0.9] * 10}
    )
    ax = plot_rungs(crowd)
    drawn = np.concatenate([c.get_offsets() for c in ax.collections if len(c.get_offsets())])
    assert len(np.unique(drawn.round(6), axis=0)) == 20


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_evaluation_without_finite_error_is_drawn_above_all_others_and_named(table, bad):
    table["error"] = table["error"].fillna(bad)
    ax = plot_rungs(table)
    assert points(ax, "stopped")[:, 1].max() > 0.5
    assert "nan, inf or failed" in [text.get_text() for text in ax.texts]


def test_a_run_in_which_everything_failed_can_be_drawn():
    failed = pd.DataFrame(
        {"trial_id": [0, 1], "max_epochs": 1, "error": np.nan, "ended": [1.0, 2]}
    )
    for plot in (plot_learning_curves, plot_trajectory, plot_halving):
        plot(failed).figure.canvas.draw()
    assert np.isfinite(points(plot_rungs(failed), "on the last rung")).all()


def test_learning_curves_join_the_errors_of_a_trial_over_its_rungs(table):
    ax = plot_learning_curves(table)
    (winner,) = (line for line in ax.lines if line.get_label() == "trial 2")
    assert winner.get_xydata().tolist() == [[1, 0.40], [2, 0.30], [3, 0.25]]


def test_only_trials_on_the_last_rung_are_named_in_the_legend(table):
    ax = plot_learning_curves(table)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["trial 2", "stopped earlier"]


def test_trials_to_highlight_can_be_chosen_and_are_named_in_that_order(table):
    ax = plot_learning_curves(table, highlight=[1, 0])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["trial 1", "trial 0", "stopped earlier"]


def test_highlighted_trials_differ_in_marker_and_colour(table):
    ax = plot_learning_curves(table, highlight=[0, 1, 2])
    lines = [line for line in ax.lines if line.get_label().startswith("trial")]
    assert len({line.get_marker() for line in lines}) == 3
    assert len({line.get_color() for line in lines}) == 3


def bars(ax):
    """Return (lane, rung reached, height, colour) of each bar."""
    return [
        (bar.get_y() + bar.get_height() / 2, round(bar.get_x()) + 1, bar.get_height(), color)
        for bar in ax.patches
        for color in [bar.get_facecolor()]
    ]


def test_the_funnel_has_a_bar_for_every_evaluation_and_a_lane_for_every_trial(table):
    ax = plot_halving(table)
    drawn = bars(ax)
    assert sorted(rung for _, rung, *_ in drawn) == [1, 1, 1, 1, 2, 2, 3]
    assert {text.get_text() for text in ax.get_yticklabels()} == {"0", "1", "2", "3"}
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "1", "2", "3"]
    assert [t.get_text() for t in ax.texts] == ["4 trials", "2 trials", "1 trial"]


def test_the_trial_that_reached_the_highest_rung_is_in_the_middle_of_the_funnel(table):
    ax = plot_halving(table)
    (winner,) = {round(lane, 6) for lane, rung, *_ in bars(ax) if rung == 3}
    assert winner == 0
    label = dict(zip(ax.get_yticks(), ax.get_yticklabels(), strict=True))[0]
    assert label.get_text() == "2"


def test_the_funnel_ranks_as_the_scheduler_does_equal_errors_by_trial_and_nan_last():
    rows = [(3, 1, np.nan), (2, 1, 0.5), (1, 1, 0.5), (0, 1, np.inf), (4, 1, 0.1)]
    ax = plot_halving(pd.DataFrame(rows, columns=["trial_id", "max_epochs", "error"]))
    # From the middle outwards, the lanes 0, 1, -1, 2 and -2.
    assert [text.get_text() for text in ax.get_yticklabels()] == ["4", "1", "2", "0", "3"]
    assert ax.get_yticks().tolist() == [0, 1, -1, 2, -2]


def test_a_lower_error_is_a_wider_and_darker_bar(table):
    heights, colors = {}, {}
    for lane, rung, height, color in bars(plot_halving(table)):
        heights[round(lane), rung], colors[round(lane), rung] = height, sum(color[:3])
    assert heights[0, 1] < heights[0, 2] < heights[0, 3]
    assert colors[0, 1] > colors[0, 2] > colors[0, 3]


def test_an_error_that_is_not_finite_is_a_white_bar(table):
    white = [rung for _, rung, _, color in bars(plot_halving(table)) if color == (1, 1, 1, 1)]
    assert white == [1]


def run(*results):
    return pd.DataFrame(results, columns=["ended", "error"])


def test_incumbents_are_known_from_the_first_result_of_every_run_to_the_end_of_the_shortest():
    first = run((1, 0.9), (2, 0.5), (3, 0.7), (9, 0.1))
    second = run((2.5, np.nan), (4, 0.6), (6, 0.4), (8, 0.4))
    times, errors = incumbents([first, second])
    assert times.tolist() == [4, 6, 8]
    assert errors.tolist() == [[0.5, 0.5, 0.5], [0.6, 0.4, 0.4]]


def test_the_anytime_curve_is_the_mean_within_its_band():
    runs = [run((1, e), (2, e / 2), (3, e)) for e in (0.2, 0.4, 0.9)]
    ax = plot_anytime(runs, label="halving", band=(0, 1))
    (line,) = ax.lines
    assert line.get_xydata() == pytest.approx(np.array([[1, 0.5], [2, 0.25], [3, 0.25]]))
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0.1, 0.9)


def test_several_methods_share_the_axes_of_an_anytime_plot():
    ax = plot_anytime([run((1, 0.5))], time="ended", label="one")
    assert plot_anytime([run((1, 0.4))], ax=ax, label="other") is ax
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "other"]


def test_the_anytime_plot_can_count_something_else_than_seconds():
    runs = [run((1, 0.5)).rename(columns={"ended": "epochs_spent"})]
    assert plot_anytime(runs, time="epochs_spent").get_xlabel() == "epochs spent"


def test_the_trajectory_never_rises_and_skips_nan(table):
    ax = plot_trajectory(table)
    times, errors = ax.lines[0].get_data()
    assert np.all(np.diff(errors) <= 0)
    assert errors[-1] == 0.25
    assert times.tolist() == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("plot", PLOTS)
def test_a_plot_draws_on_the_axes_given_and_returns_them(plot, table):
    _, ax = plt.subplots()
    assert plot(table, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("plot", PLOTS)
def test_axes_are_labelled_with_what_they_show_and_its_unit(plot, table):
    ax = plot(table)
    assert "epochs" in ax.get_xlabel() or "seconds" in ax.get_xlabel()
    assert any("error" in axes.get_ylabel() for axes in ax.figure.axes)


@pytest.mark.parametrize("plot", PLOTS)
def test_the_table_is_left_as_it_was(plot, table):
    before = table.copy()
    plot(table)
    pd.testing.assert_frame_equal(table, before)


# --- the timeline --------------------------------------------------------------------------


@pytest.fixture
def timeline():
    """Two workers: trial 1 is promoted, trial 2 belongs to round 1 and diverged."""
    rows = [
        (0, 0, 0, 0.0, 2.0, 1, 0.5),
        (1, 0, 1, 0.0, 3.0, 1, 0.4),
        (2, 1, 0, 2.0, 4.0, 1, np.nan),
        (1, 0, 1, 3.0, 8.0, 2, 0.3),
    ]
    names = ["trial_id", "round", "worker", "started", "ended", "max_epochs", "error"]
    return pd.DataFrame(rows, columns=names)


def lanes(ax):
    """Return (worker, begin, end, colour) of each bar, without those of idle time."""
    (bars,) = ax.collections
    boxes = [path.get_extents() for path in bars.get_paths()]
    colors = bars.get_facecolors().tolist()
    return [
        (round(box.y0 + 0.4), box.x0, box.x1, color)
        for box, color in zip(boxes, colors, strict=True)
    ]


def test_the_timeline_has_a_bar_in_the_lane_of_its_worker_for_each_evaluation(timeline):
    drawn = [bar[:3] for bar in lanes(plot_timeline(timeline))]
    assert drawn == [(0, 0, 2), (1, 0, 3), (0, 2, 4), (1, 3, 8)]


def test_rounds_differ_in_colour_and_a_higher_rung_is_darker(timeline):
    colors = [color for *_, color in lanes(plot_timeline(timeline))]
    assert colors[0] == colors[1] != colors[2]
    assert sum(colors[3]) < sum(colors[1])


def test_idle_time_is_hatched_from_the_beginning_to_the_end_of_every_lane(timeline):
    ax = plot_timeline(timeline, workers=3)
    idle = [(bar.get_x(), bar.get_width()) for bar in ax.patches if bar.get_hatch()]
    assert idle == [(0, 8)] * 3
    assert ax.get_xlim() == (0, 8)


def test_promotions_and_failures_are_marked_where_they_happen(timeline):
    marks = {
        line.get_marker(): line.get_xydata().tolist() for line in plot_timeline(timeline).lines
    }
    assert marks == {">": [[3, 1.28]], "X": [[4, 0]]}


def test_the_legend_of_the_timeline_names_what_is_drawn(timeline):
    def labels(table):
        return [text.get_text() for text in plot_timeline(table).get_legend().get_texts()]

    assert labels(timeline) == ["round 0", "round 1", "promotion", "nan, inf or failed", "idle"]
    assert labels(timeline.dropna()) == ["round 0", "promotion", "idle"]


def test_the_timeline_draws_on_the_axes_given_and_needs_no_rounds(timeline):
    _, ax = plt.subplots()
    assert plot_timeline(timeline.assign(round=None), ax=ax) is ax
    assert ax.get_xlabel() == "time (seconds)"


@given(st.integers(1, 5), st.integers(0, 30), st.integers(2, 5))
def test_the_areas_of_a_bracket_are_its_epochs(r_min, more, eta):
    bracket = Bracket(r_min, r_min + more, eta)
    ladder, area = plot_bracket(bracket, Figure()).axes
    assert sum(bar.get_width() for bar in ladder.patches) == sum(bracket.sizes)
    ground, *stairs = (bar.get_width() * bar.get_height() for bar in area.patches)
    assert ground == bracket.n * bracket.r_max
    assert sum(stairs) == bracket.epochs(resume=True)


def test_a_bracket_drawn_over_others_looks_as_on_a_new_figure(pixels):
    used = Figure()
    for bracket in (Bracket(2, 10, 2), Bracket(1, 243, 3), Bracket(1, 1, 2, 1), Bracket(2, 8, 2)):
        again = pixels(plot_bracket(bracket, used))
        assert np.array_equal(again, pixels(plot_bracket(bracket, Figure())))
