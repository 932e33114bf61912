import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sh_teach import HPOTuner, RecordedCurves, SuccessiveHalvingScheduler, compare


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
        ([0.1], ["0.1"], TypeError, r"rivals\[0\]: give a tuner or tuner\.dataframe\(\), not str"),
        ([0.1, None], [0.1, 0.2], TypeError, r"runs\[1\]: give .* not NoneType"),
        ([0.1, np.nan], [0.1, 0.2], ValueError, r"runs\[1\] has no finite error: leave"),
        ([0.1], [np.inf], ValueError, r"rivals\[0\] has no finite error"),
        ([run((1, np.nan))], [0.2], ValueError, r"runs\[0\] has no finite error"),
        ([run()], [0.2], ValueError, r"runs\[0\]: the table has no evaluations"),
        ([pd.DataFrame({"loss": [1]})], [0.2], ValueError, "the table lacks error; it has loss"),
    ],
)
def test_bad_runs_are_named(runs, rivals, kind, message):
    with pytest.raises(kind, match=message):
        compare(runs, rivals)


@pytest.mark.parametrize(
    ("runs", "kind", "message"),
    [
        ([run((5, 0.1))], ValueError, r"runs\[0\] has no finite error by epochs = 4: leave this"),
        ([0.1], TypeError, r"runs\[0\]: give a tuner or tuner\.dataframe\(\), not float"),
        ([pd.DataFrame({"error": [0.1]})], ValueError, r"runs\[0\]: the table lacks epochs"),
    ],
)
def test_runs_that_cannot_be_judged_at_a_budget_are_named(runs, kind, message):
    with pytest.raises(kind, match=message):
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


def test_a_single_run_on_each_side_is_a_pair(falling):
    expected = compare([falling[0]], [falling[1]]).differences
    assert compare(falling[0], falling[1]).differences == pytest.approx(expected)
    assert compare(0.1, 0.2).differences == pytest.approx([-0.1])
    assert compare(iter([0.1, 0.2]), (x for x in [0.2, 0.4])).win == 1
