import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sh_teach import (
    HPOTuner,
    RecordedCurves,
    SuccessiveHalvingScheduler,
    budget_for_same_error,
    compare,
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def run(*results):
    return pd.DataFrame(results, columns=["epochs", "error"])


@pytest.fixture
def falling():
    """Ten runs whose incumbents fall by a tenth of their first error at each epoch."""
    return [run(*((t, (1 + i / 10) * (1 - t / 10)) for t in range(1, 9))) for i in range(10)]


# --- compare -------------------------------------------------------------------------------


def test_a_lower_error_is_a_win_and_an_equal_one_a_tie():
    result = compare([0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.2, 0.5])
    assert (result.win, result.tie, result.loss) == (0.5, 0.25, 0.25)
    assert result.differences == pytest.approx([-0.1, 0, 0.1, -0.1])
    assert result.mean == pytest.approx(-0.025)


def test_the_interval_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(2, 40))
    interval = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    result = compare(ours, theirs)
    assert result.mean - result.margin == pytest.approx(interval.low)
    assert result.mean + result.margin == pytest.approx(interval.high)


def test_a_run_counts_with_its_lowest_finite_error():
    runs = [run((1, 0.5), (2, np.nan), (3, 0.4), (4, -np.inf), (5, 0.6))]
    assert compare(runs, [0.3]).mean == pytest.approx(0.1)


def test_a_run_within_a_budget_counts_with_what_it_had_by_then(falling):
    rivals = [run((2, 1.5), (3, 0.0))] * 10
    result = compare(falling, rivals, budget=2, spent="epochs")
    assert result.differences == pytest.approx([0.8 * (1 + i / 10) - 1.5 for i in range(10)])


def test_tuners_and_tables_can_be_compared():
    curves = RecordedCurves.load()
    tuners = []
    for seed in range(3):
        scheduler = SuccessiveHalvingScheduler(curves.searcher(seed), 2, 1, 16)
        tuners.append(HPOTuner(scheduler, curves.objective, progress=False))
        tuners[-1].run(31)
    tables = [tuner.dataframe() for tuner in tuners]
    assert compare(tuners, tables).tie == 1
    assert compare(tuners, [tuner.incumbent_error for tuner in tuners]).tie == 1


def test_it_prints_one_line():
    ours, theirs = [0.11, 0.13, 0.12, 0.15] * 50, [0.12, 0.13, 0.14, 0.15] * 50
    line = "50 % wins, 50 % ties, 0 % losses in 200 pairs; mean difference -0.0075 ± 0.0012"
    assert str(compare(ours, theirs)) == repr(compare(ours, theirs)) == line


def test_a_mean_that_rounds_to_zero_has_no_sign():
    assert "difference 0.0000" in str(compare([0.1], [0.1 + 1e-9]))


@pytest.mark.parametrize(
    ("ours", "differ"), [([0.1], "1 pair"), ([0.2] * 50, "0 pairs"), ([0.1] * 9, "9 pairs")]
)
def test_an_interval_of_few_differences_is_called_unreliable(ours, differ):
    note = f"unreliable: only {differ} without a tie"
    result = compare(ours, [0.2] * len(ours))
    assert note in result.note
    assert note in str(result)


def test_one_pair_has_no_interval():
    assert np.isnan(compare([0.1], [0.2]).margin)


def test_many_differences_have_no_note():
    assert compare([0.1] * 10, [0.2] * 10).note == ""


@pytest.mark.parametrize(
    ("runs", "rivals", "kind", "message"),
    [
        ([], [], ValueError, "0 runs, 0 rivals"),
        ([0.1], [0.1, 0.2], ValueError, "1 runs, 2 rivals"),
        ([0.1], ["0.1"], TypeError, r"rivals\[0\] is a str: give a tuner, a table or a number"),
        ([0.1, None], [0.1, 0.2], TypeError, r"runs\[1\] is a NoneType"),
        ([0.1, np.nan], [0.1, 0.2], ValueError, r"runs\[1\] has no finite error: leave"),
        ([0.1], [np.inf], ValueError, r"rivals\[0\] has no finite error"),
        ([run((1, np.nan))], [0.2], ValueError, r"runs\[0\] has no finite error"),
        ([run()], [0.2], ValueError, r"runs\[0\] has no finite error"),
        ([pd.DataFrame({"loss": [1]})], [0.2], ValueError, "no column 'error': it has loss"),
    ],
)
def test_bad_runs_are_named(runs, rivals, kind, message):
    with pytest.raises(kind, match=message):
        compare(runs, rivals)


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([run((5, 0.1))], r"runs\[0\] has no finite error by epochs = 4: leave this pair out"),
        ([0.1], r"runs\[0\] has no column 'epochs': it has error"),
        ([pd.DataFrame({"error": [0.1]})], r"runs\[0\] has no column 'epochs'"),
    ],
)
def test_runs_that_cannot_be_judged_at_a_budget_are_named(runs, message):
    with pytest.raises(ValueError, match=message):
        compare(runs, [run((1, 0.2))], budget=4, spent="epochs")


def test_the_picture_shows_all_differences_their_mean_and_its_interval():
    rng = np.random.default_rng(0)
    result = compare(rng.normal(size=50), np.zeros(50))
    ax = result.plot()
    (stairs,) = ax.patches[:1]
    assert stairs.get_data().values.tolist() == sorted(result.differences)
    assert [line.get_ydata()[0] for line in ax.lines] == [0, result.mean]
    ends = ax.patches[1].get_extents().transformed(ax.transData.inverted())
    half = result.margin
    assert (ends.y0, ends.y1) == pytest.approx((result.mean - half, result.mean + half))


@pytest.mark.parametrize("n", [1, 2, 5000])
def test_the_picture_can_be_drawn_for_any_number_of_pairs_on_given_axes(n, pixels):
    figure, ax = plt.subplots()
    assert compare([0.1] * n, [0.2] * n).plot(ax) is ax
    assert pixels(figure).std() > 0


# --- the budget for the same error ---------------------------------------------------------


def test_equal_methods_need_the_same_budget(falling):
    result = budget_for_same_error(falling, falling, 4, spent="epochs")
    assert (result.budget, result.low, result.high) == (4, 4, 4)


def test_a_rival_that_is_half_as_fast_needs_twice_the_budget(falling):
    slow = [table.assign(epochs=2 * table["epochs"]) for table in falling]
    assert budget_for_same_error(falling, slow, 4, spent="epochs").budget == 8
    assert budget_for_same_error(slow, falling, 8, spent="epochs").budget == 4


def test_the_interval_covers_the_pairs_that_were_drawn():
    rng = np.random.default_rng(0)
    runs = [run((10, 1 - 0.5 + noise)) for noise in rng.normal(0, 0.1, 40)]
    rivals = [run(*((t, 1 - t / 100) for t in range(100)))] * 40
    result = budget_for_same_error(runs, rivals, 10, spent="epochs")
    assert result.low < result.budget < result.high
    # A tenth in the error is ten epochs of the rival; the mean of 40 varies 6.3 times less.
    assert result.high - result.low == pytest.approx(2 * 1.96 * 10 / 40**0.5, rel=0.3)


def test_the_interval_is_the_same_each_time(falling):
    rivals = falling[3:] + falling[:3]
    results = {budget_for_same_error(falling, rivals, 4, spent="epochs") for _ in range(3)}
    assert len(results) == 1


def test_a_budget_beyond_the_runs_is_never(falling):
    result = budget_for_same_error([run((1, 0.0))] * 10, falling, 1, spent="epochs")
    assert result.budget == np.inf
    assert str(result) == "never within 8, 95 % interval never within 8 to never within 8"


def test_the_budget_prints_one_line(falling):
    slow = [table.assign(epochs=2 * table["epochs"]) for table in falling]
    line = "8, 95 % interval 8 to 8"
    assert str(budget_for_same_error(falling, slow, 4, spent="epochs")) == line


@pytest.mark.parametrize(
    ("rivals", "message"),
    [
        ([], "1 runs, 0 rivals"),
        ([run((1, np.nan))], r"rivals\[0\] has no finite error: leave"),
        ([0.1], r"rivals\[0\] has no column 'epochs'"),
    ],
)
def test_bad_rivals_are_named_there_too(rivals, message):
    with pytest.raises(ValueError, match=message):
        budget_for_same_error([run((1, 0.2))], rivals, 1, spent="epochs")


def test_rivals_that_have_no_common_budget_are_refused():
    rivals = [run((1, 0.5), (2, 0.4)), run((1, np.nan), (5, 0.3))]
    with pytest.raises(ValueError, match="no epochs at which each|no finite error until"):
        budget_for_same_error([run((1, 0.2))] * 2, rivals, 1, spent="epochs")
