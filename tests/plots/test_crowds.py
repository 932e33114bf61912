"""Many evaluations, trials, workers or rungs: readable, or summarised with a word about it."""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from sh_teach import (
    Bracket,
    plot_bracket,
    plot_halving,
    plot_learning_curves,
    plot_rungs,
    plot_timeline,
)

HALF = 0.4  # of the distance between two rungs: how far from its rung a mark may be
LEVELS = [1, 3, 9, 27]
errors = st.one_of(
    st.sampled_from([0.1, 0.9, np.nan, np.inf, -np.inf]),
    st.floats(0.85, 0.9),
    st.floats(-1e6, 1e6, allow_subnormal=False),
)
evaluations = st.tuples(st.integers(0, 30), st.sampled_from(LEVELS), errors)
tables = st.lists(evaluations, min_size=1, max_size=120).map(
    lambda rows: pd.DataFrame(rows, columns=["trial_id", "max_epochs", "error"])
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def marks(table):
    """Return the place of each mark that `plot_rungs` draws, and the levels of its rungs."""
    ax = plot_rungs(table)
    places = np.concatenate([scatter.get_offsets() for scatter in ax.collections])
    levels = [int(text.get_text()) for text in ax.get_xticklabels()]
    plt.close(ax.figure)
    return places, levels


def run(trials, rungs=5, seed=0, bad=0.0, plateau=0.3):
    """Return a table in which the better half of each rung is promoted, twice as many rounds."""
    rng = np.random.default_rng(seed)
    rows = []
    for first in range(0, trials, 2 ** (rungs - 1)):
        alive = list(range(first, min(first + 2 ** (rungs - 1), trials)))
        for rung in range(rungs):
            found = np.where(
                rng.random(len(alive)) < plateau, 0.9, rng.beta(2, 5 + rung, len(alive))
            )
            found[rng.random(len(alive)) < bad] = np.nan
            rows += [(i, 2**rung, error) for i, error in zip(alive, found, strict=True)]
            order = np.argsort(np.where(np.isnan(found), np.inf, found), kind="stable")
            alive = [alive[i] for i in order[: len(alive) // 2]]
    return pd.DataFrame(rows, columns=["trial_id", "max_epochs", "error"])


# --- the scatter, to 1,000 evaluations -------------------------------------------------------


@given(tables)
def test_each_evaluation_is_a_mark_at_its_exact_error_within_the_strip_of_its_rung(table):
    places, levels = marks(table)
    rungs = np.round(places[:, 0])
    assert np.abs(places[:, 0] - rungs).max() <= HALF + 1e-9
    for rung, level in enumerate(levels):
        of_rung = table.loc[table["max_epochs"] == level, "error"]
        drawn = np.sort(places[rungs == rung, 1])
        assert len(drawn) == len(of_rung)
        finite = np.sort(of_rung[np.isfinite(of_rung)])
        assert drawn[: len(finite)].tolist() == finite.tolist()


@given(tables)
def test_marks_of_equal_error_share_the_strip_evenly_if_it_is_too_narrow(table):
    places, levels = marks(table)
    step = 0.0175 * len(levels) * min(1, (64 / len(table)) ** (1 / 3))
    for rung in range(len(levels)):
        here = places[np.round(places[:, 0]) == rung]
        for height in np.unique(here[:, 1]):
            gaps = np.diff(np.sort(here[here[:, 1] == height, 0]))
            assert (gaps >= min(step, 2 * HALF / len(here)) - 1e-9).all()


@given(tables.filter(lambda table: table["max_epochs"].value_counts().max() <= 8))
def test_marks_of_nearly_equal_error_are_a_mark_apart_where_no_crowd_is(table):
    places, levels = marks(table)
    step, mark = 0.0175 * len(levels), 0.032 * (np.ptp(places[:, 1]) or 1)
    assert 8 * step <= 2 * HALF
    for one, other in combinations(places, 2):
        across, along = np.abs(one - other)
        assert across >= min(step, 1) - 1e-9 or along >= mark * (1 - 1e-9)


@pytest.mark.parametrize("trials", [32, 160, 500])
@pytest.mark.parametrize("bad", [0, 0.5, 1])
def test_no_mark_covers_another_exactly_or_lies_over_another_rung(trials, bad):
    table = run(trials, bad=bad, plateau=0.8)
    assert len(table) <= 1000
    places, levels = marks(table)
    assert len(np.unique(places.round(9), axis=0)) == len(table)
    drawn = np.bincount(np.round(places[:, 0]).astype(int))
    assert drawn.tolist() == [(table["max_epochs"] == level).sum() for level in levels]


def test_on_a_plateau_the_promoted_are_together_in_the_middle():
    trials = pd.DataFrame({"trial_id": range(60), "max_epochs": 1, "error": 0.9})
    promoted = trials[::2].assign(max_epochs=2)
    ax = plot_rungs(pd.concat([trials, promoted]))
    blue, red, _ = (scatter.get_offsets()[:, 0] for scatter in ax.collections)
    assert np.abs(blue).max() < np.abs(red).min() + 1e-9


def test_rungs_of_unequal_rounds_have_a_strip_each():
    rounds = [run(16, 5), run(9, 3).assign(max_epochs=lambda t: 3 ** t["max_epochs"])]
    places, levels = marks(pd.concat(rounds))
    assert levels == [1, 2, 3, 4, 8, 9, 16, 81]
    assert np.abs(places[:, 0] - np.round(places[:, 0])).max() <= HALF


def test_a_mark_is_as_large_in_the_legend_of_a_crowd_as_in_that_of_a_few():
    few, many = (plot_rungs(run(n)).get_legend() for n in (16, 500))
    sizes = [[handle.get_sizes()[0] for handle in one.legend_handles] for one in (few, many)]
    assert sizes[0] == pytest.approx(sizes[1])


# --- and beyond ------------------------------------------------------------------------------


@pytest.mark.parametrize("trials", [520, 6000, 51_000])
def test_more_than_1000_evaluations_are_bars_within_the_strip_of_their_rung(trials):
    table = run(trials, bad=0.02)
    ax = plot_rungs(table)
    assert f"{len(table):,} evaluations" in ax.get_legend().get_title().get_text()
    edges = np.array([(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches])
    assert np.abs(edges - np.round(edges.mean(axis=1))[:, None]).max() <= HALF + 1e-9
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    counts = [int(word.split("(")[1].strip(")").replace(",", "")) for word in words]
    assert sum(counts) == len(table)
    assert [word.split(" (")[0] for word in words] == ["promoted", "stopped", "on the last rung"]


def test_a_bar_of_promoted_trials_leaves_the_stopped_ones_of_the_same_error_visible():
    trials = pd.DataFrame({"trial_id": range(2000), "max_epochs": 1, "error": 0.9})
    ax = plot_rungs(pd.concat([trials, trials[::2].assign(max_epochs=2)]))
    blue, red = (bar for bar in ax.patches if round(bar.get_x() + bar.get_width() / 2) == 0)
    assert blue.get_width() < 0.8 * red.get_width()
    assert blue.get_zorder() > red.get_zorder()


# --- the other plots -------------------------------------------------------------------------


def words_of_legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_hundred_survivors_are_one_entry_of_the_legend_of_learning_curves():
    ax = plot_learning_curves(run(1600))
    assert words_of_legend(ax) == ["100 on the last rung", "stopped earlier"]
    assert len(ax.lines) == 3


def test_a_hundred_highlighted_trials_are_one_entry_too():
    ax = plot_learning_curves(run(1600), highlight=range(100))
    assert words_of_legend(ax)[0] == "100 highlighted"


def test_learning_curves_drawn_as_one_line_have_gaps_between_trials():
    table = run(1600)
    grey = plot_learning_curves(table).lines[0].get_xdata()
    assert np.isnan(grey).sum() == table["trial_id"].nunique() - 100 - 1
    assert np.nanmin(np.diff(grey)) > 0


def test_learning_curves_say_how_many_evaluations_they_leave_out():
    title = plot_learning_curves(run(16, bad=1)).get_legend().get_title().get_text()
    assert title == "left out (nan, inf or failed): 31"


def test_the_funnel_of_256_trials_shows_the_best_40_and_says_so():
    ax = plot_halving(run(256, rungs=9))
    assert ax.get_ylabel() == "the best 40 of 256 trials"
    assert len(ax.get_yticks()) == 40
    assert ax.texts[0].get_text() == "256 trials"


def timeline(evaluations, workers):
    lane, turn = np.arange(evaluations) % workers, np.arange(evaluations) // workers
    table = pd.DataFrame({"trial_id": range(evaluations), "worker": lane, "started": turn * 1.0})
    return table.assign(ended=turn + 0.9, round=turn, max_epochs=1, error=0.5)


@pytest.mark.parametrize(("evaluations", "workers"), [(3000, 1000), (2000, 4)])
def test_a_timeline_of_a_crowd_fits_a_page_and_says_what_it_leaves_out(evaluations, workers):
    ax = plot_timeline(timeline(evaluations, workers))
    assert ax.figure.get_figheight() <= 10
    words = f"{evaluations:,} evaluations: numbers and promotions are left out"
    assert ax.get_legend().get_title().get_text() == words
    assert len(ax.texts) == 0
    assert len(ax.collections[0].get_paths()) == evaluations


def test_the_timeline_names_the_worker_if_there_is_only_one():
    ax = plot_timeline(timeline(3, 1))
    assert [y for y in ax.get_yticks() if -0.6 <= y <= 0.6] == [0]


def overlapping(ax, axis):
    """Return the pairs of neighbouring tick labels, small ones included, that cover each other."""
    ax.figure.canvas.draw()
    low, high = ax.get_xlim() if axis.axis_name == "x" else ax.get_ylim()
    ticks = [
        (place, text)
        for minor in (False, True)
        for place, text in zip(
            axis.get_ticklocs(minor=minor), axis.get_ticklabels(minor=minor), strict=True
        )
    ]
    ticks.sort(key=lambda tick: tick[0])
    texts = [text for place, text in ticks if low <= place <= high and text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    texts = [text.get_text() for text in texts]
    together = zip(pairwise(texts), pairwise(boxes), strict=True)
    return [names for names, (one, other) in together if one.overlaps(other)]


@pytest.mark.parametrize("eta", [2, 3, 10])
@pytest.mark.parametrize("plot", [plot_rungs, plot_learning_curves, plot_halving])
def test_the_rungs_to_a_million_epochs_have_labels_apart(plot, eta):
    levels = Bracket(1, 10**6, eta).levels
    rows = [(k, r, 1 / (k + 1)) for k in range(len(levels)) for r in levels[: k + 1]]
    ax = plot(pd.DataFrame(rows, columns=["trial_id", "max_epochs", "error"]))
    assert overlapping(ax, ax.xaxis) == []


@pytest.mark.parametrize("r_max", [10, 1000, 10**6])
@pytest.mark.parametrize("eta", [2, 3, 10])
def test_a_bracket_to_a_million_epochs_has_labels_apart_and_inside_of_the_figure(r_max, eta):
    figure = plot_bracket(Bracket(1, r_max, eta))
    for ax in figure.axes:
        assert overlapping(ax, ax.xaxis) == []
        assert overlapping(ax, ax.yaxis) == []
        for text in (ax.xaxis.label, ax.yaxis.label, *ax.get_legend().get_texts()):
            box = text.get_window_extent()
            assert box.x0 >= 0, text
            assert box.y0 >= 0, text
            assert box.x1 <= figure.bbox.x1, text
            assert box.y1 <= figure.bbox.y1, text
