import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from sh_teach import plot_learning_curves, plot_rungs, plot_trajectory


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


def test_survivors_stopped_trials_and_the_last_rung_are_told_apart(table):
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


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_evaluation_without_finite_error_stands_above_all_others_and_is_named(table, bad):
    table["error"] = table["error"].fillna(bad)
    ax = plot_rungs(table)
    assert points(ax, "stopped")[:, 1].max() > 0.5
    assert "nan or failed" in [text.get_text() for text in ax.texts]


def test_a_run_in_which_everything_failed_can_be_drawn():
    failed = pd.DataFrame(
        {"trial_id": [0, 1], "max_epochs": 1, "error": np.nan, "ended": [1.0, 2]}
    )
    for plot in (plot_learning_curves, plot_trajectory):
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


def test_the_trajectory_never_rises_and_skips_nan(table):
    ax = plot_trajectory(table)
    times, errors = ax.lines[0].get_data()
    assert np.all(np.diff(errors) <= 0)
    assert errors[-1] == 0.25
    assert times.tolist() == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("plot", [plot_rungs, plot_learning_curves, plot_trajectory])
def test_a_plot_draws_on_the_axes_given_and_returns_them(plot, table):
    _, ax = plt.subplots()
    assert plot(table, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("plot", [plot_rungs, plot_learning_curves, plot_trajectory])
def test_axes_are_labelled_with_what_they_show_and_its_unit(plot, table):
    ax = plot(table)
    assert "epochs" in ax.get_xlabel() or "seconds" in ax.get_xlabel()
    assert "error" in ax.get_ylabel()


@pytest.mark.parametrize("plot", [plot_rungs, plot_learning_curves, plot_trajectory])
def test_the_table_is_left_as_it_was(plot, table):
    before = table.copy()
    plot(table)
    pd.testing.assert_frame_equal(table, before)
