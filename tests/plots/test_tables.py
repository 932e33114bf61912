"""What a plot takes: a tuner or its table; what it cannot draw is named."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from sh_teach import (
    HPOTuner,
    RandomSearcher,
    SuccessiveHalvingScheduler,
    plot_anytime,
    plot_bracket,
    plot_halving,
    plot_learning_curves,
    plot_rungs,
    plot_timeline,
    plot_trajectory,
)

BY_RUNG = [plot_rungs, plot_learning_curves, plot_halving, plot_timeline]
OF_ONE_RUN = [*BY_RUNG, plot_trajectory]
every_plot = pytest.mark.parametrize("plot", [*OF_ONE_RUN, plot_anytime])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def tuner():
    scheduler = SuccessiveHalvingScheduler(
        RandomSearcher({"x": [1, 2, 3, 4]}, seed=0), eta=2, r_min=1, r_max=4
    )
    return HPOTuner(scheduler, lambda x, max_epochs: x / max_epochs, progress=False)


@every_plot
def test_a_tuner_is_drawn_as_its_table_is(plot, tuner, pixels):
    tuner.run(7)
    drawn = [pixels(plot(run).figure) for run in (tuner, tuner.dataframe())]
    assert np.array_equal(*drawn)


@every_plot
def test_one_row_is_drawn(plot, tuner):
    tuner.run(1)
    plot(tuner).figure.canvas.draw()


@pytest.mark.parametrize("plot", OF_ONE_RUN)
@pytest.mark.parametrize("error", [np.nan, np.inf, -np.inf])
def test_a_run_without_a_finite_error_is_drawn_with_a_word_about_it(plot, error, tuner):
    tuner.run(7)
    ax = plot(tuner.dataframe().assign(error=error))
    ax.figure.canvas.draw()
    texts = [text.get_text() for text in ax.texts]
    if ax.get_legend():
        texts += [text.get_text() for text in ax.get_legend().get_texts()]
        texts.append(ax.get_legend().get_title().get_text())
    assert plot is plot_halving or any("nan, inf or failed" in text for text in texts)


@every_plot
def test_a_run_without_evaluations_says_to_run_some(plot, tuner):
    for nothing in (tuner, pd.DataFrame(), pd.DataFrame({"error": [], "max_epochs": []})):
        with pytest.raises(ValueError, match=r"no evaluations.*tuner\.run\(15\)"):
            plot(nothing)


@pytest.mark.parametrize("plot", OF_ONE_RUN)
@pytest.mark.parametrize(
    "wrong", [HPOTuner, [], "run.csv", None, {"error": [0.5]}, pd.Series([0.5])]
)
def test_what_is_no_run_is_named(plot, wrong):
    words = f"{plot.__name__}: give a tuner or tuner.dataframe(), not {type(wrong).__name__}"
    with pytest.raises(TypeError, match=re.escape(words)):
        plot(wrong)


def test_the_method_without_its_parentheses_is_named(tuner):
    with pytest.raises(TypeError, match=r"tuner\.dataframe\(\), not method"):
        plot_rungs(tuner.dataframe)


@every_plot
def test_a_missing_column_is_named_with_those_there_are(plot, tuner):
    tuner.run(7)
    with pytest.raises(ValueError, match=r"lacks error; it has .*trial_id"):
        plot(tuner.dataframe().drop(columns="error"))


@pytest.mark.parametrize("plot", BY_RUNG)
def test_a_resource_under_another_name_can_be_renamed_as_the_message_says(plot, tuner):
    tuner.run(7)
    table = tuner.dataframe().rename(columns={"max_epochs": "epochs"})
    with pytest.raises(ValueError, match=r"lacks max_epochs; it has .*epochs") as raised:
        plot(table)
    advice = re.search(r"table\.rename\(.*\)", str(raised.value)).group()
    plot(eval(advice, {"table": table}))


def test_rows_that_share_an_index_are_drawn_as_others_are(tuner, pixels):
    tuner.run(7)
    table = tuner.dataframe()
    twice = pd.concat([table, table.assign(trial_id=table["trial_id"] + 10)])
    for plot in OF_ONE_RUN:
        drawn = [pixels(plot(t).figure) for t in (twice, twice.reset_index(drop=True))]
        assert np.array_equal(*drawn)


def test_a_trial_to_highlight_that_is_not_there_is_named(tuner):
    tuner.run(7)
    with pytest.raises(ValueError, match=r"highlight=\[0, 99\]"):
        plot_learning_curves(tuner, highlight=[0, 99])


def test_rounds_may_be_missing_in_some_rows_of_a_timeline(tuner):
    tuner.run(7)
    table = tuner.dataframe().assign(round=[0, 0, 0, 0, np.nan, np.nan, np.nan])
    assert len(plot_timeline(table).collections[0].get_paths()) == 7


def test_evaluations_that_take_no_time_are_drawn(tuner):
    tuner.run(7)
    plot_timeline(tuner.dataframe().assign(started=0.0, ended=0.0)).figure.canvas.draw()


def test_a_timeline_has_lanes_for_all_workers_that_ran_something(tuner):
    tuner.run(7)
    table = tuner.dataframe().assign(worker=range(7))
    assert len(plot_timeline(table, workers=2).patches) == 7


# --- repeated runs ---------------------------------------------------------------------------


def run(*results):
    return pd.DataFrame(results, columns=["ended", "error"])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_run_without_a_finite_error_has_no_anytime_curve_and_is_named(bad):
    with pytest.raises(ValueError, match=r"runs\[1\] has no finite error.*leave it out"):
        plot_anytime([run((1, 0.5)), run((1, bad), (2, bad))])


def test_no_run_at_all_is_named():
    with pytest.raises(ValueError, match=r"runs=\[\]: give at least one run"):
        plot_anytime([])


def test_an_empty_run_among_others_is_named():
    with pytest.raises(ValueError, match=r"runs\[1\]: the table has no evaluations"):
        plot_anytime([run((1, 0.5)), run()])


def test_runs_that_have_no_time_in_common_are_named():
    with pytest.raises(ValueError, match=r"one run ends at 2, another .* until 5"):
        plot_anytime([run((1, 0.5), (2, 0.4)), run((1, np.nan), (5, 0.3))])


def test_a_column_of_time_that_is_missing_is_named():
    with pytest.raises(ValueError, match=r"runs\[0\]: the table lacks epochs; it has ended"):
        plot_anytime([run((1, 0.5))], time="epochs")


def test_runs_may_come_one_by_one():
    runs = [run((1, 0.5), (2, 0.4))] * 3
    drawn = plot_anytime(iter(runs)).lines[0].get_xydata()
    assert drawn == pytest.approx(np.array([[1, 0.5], [2, 0.4]]))


def test_what_is_no_sequence_of_runs_is_named():
    with pytest.raises(TypeError, match=r"runs\[0\]: give .* not str"):
        plot_anytime({"halving": run((1, 0.5))})


@every_plot
@pytest.mark.parametrize("ax", [np.array([1, 2]), "ax", None.__class__])
def test_what_is_no_axes_is_named(plot, ax, tuner):
    tuner.run(7)
    with pytest.raises(TypeError, match=r"^ax=.*one Axes"):
        plot(tuner, ax)


@every_plot
def test_errors_that_a_table_holds_as_objects_are_drawn(plot, tuner, pixels):
    tuner.run(7)
    table = tuner.dataframe()
    drawn = [pixels(plot(run).figure) for run in (table, table.astype({"error": object}))]
    assert np.array_equal(*drawn)


@every_plot
@pytest.mark.parametrize("error", ["0.1", True, None])
def test_an_error_that_is_no_number_is_named(plot, error, tuner):
    tuner.run(7)
    table = tuner.dataframe().astype({"error": object})
    table.loc[3, "error"] = error
    with pytest.raises(TypeError, match=f"^error={error!r}: .*a number"):
        plot(table)


def test_before_the_first_promotion_the_trials_are_drawn(pixels):
    scheduler = SuccessiveHalvingScheduler(RandomSearcher({"x": [0.1, 0.3]}, seed=0), 2, 1, 16)
    tuner = HPOTuner(scheduler, lambda x, max_epochs: x, progress=False)
    tuner.run(12)
    ax = plot_learning_curves(tuner)
    drawn = pixels(ax.figure)
    for line in ax.lines:
        line.set_visible(False)
    assert not np.array_equal(drawn, pixels(ax.figure))


def test_one_trial_can_be_highlighted_by_its_number(tuner, pixels):
    tuner.run(7)
    drawn = [pixels(plot_learning_curves(tuner, highlight=h).figure) for h in (3, [3], iter([3]))]
    assert np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn[0], drawn[2])


@pytest.mark.parametrize("plot", [plot_rungs, plot_learning_curves])
def test_the_factor_of_large_errors_stands_beside_the_legend(plot, tuner):
    tuner.objective = lambda x, max_epochs: 4e9 * (x + 1 / max_epochs)
    tuner.run(7)
    ax = plot(tuner)
    ax.figure.canvas.draw()
    factor = ax.yaxis.offsetText
    assert factor.get_text() == "1e10"
    assert not factor.get_window_extent().overlaps(ax.get_legend().get_window_extent())


def test_a_scheduler_stands_for_its_bracket(tuner, pixels):
    bracket = tuner.scheduler.bracket
    drawn = [pixels(plot_bracket(of)) for of in (bracket, tuner.scheduler)]
    assert np.array_equal(*drawn)
