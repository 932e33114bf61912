"""The experiments beside the notebooks: each is what the module's own parts give, only faster."""

import beyond
import does_it_pay
import experiments
import experiments_clock as clock
import experiments_noise as noise
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from experiments import budget_for_same_error
from scipy import stats
from scipy.stats import spearmanr

from sh_teach import (
    ASHAScheduler,
    Bracket,
    HPOTuner,
    HyperbandScheduler,
    RandomSearcher,
    RecordedCurves,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
)


@pytest.fixture(scope="module")
def lenet():
    return RecordedCurves.load()


def synthetic(configurations=30, seeds=3, epochs=9, noise=0.01, decay=(), spread=0.1):
    """Curves that fall to a last error of their own; a seed adds noise to all of its epochs."""
    rng = np.random.default_rng(0)
    rows = []
    for config in range(configurations):
        last = 0.2 + spread * rng.random()
        for planned in decay or [0]:
            for seed in range(seeds):
                for epoch in range(1, epochs + 1):
                    error, test = last + 0.5 / epoch + rng.normal(0, noise, 2)
                    name = 100 * config + planned if decay else config
                    rows.append((name, seed, config, planned, epoch, error, test, 1.0))
    names = ["config_id", "seed", "x", "decay_epochs", "epoch"]
    names += ["validation_error", "test_error", "seconds"]
    table = pd.DataFrame(rows, columns=names)
    return RecordedCurves(table if decay else table.drop(columns="decay_epochs"))


def broken(curves):
    """The same curves; a part of them diverges, and many errors are equal."""
    table = curves.table.assign(validation_error=curves.table["validation_error"].round(2))
    table.loc[table.index % 7 == 0, "validation_error"] = np.nan
    return RecordedCurves(table)


# --- many rounds at once -------------------------------------------------------------------

PLANS = [(2, 1, 16), (2, 2, 16), (3, 1, 16), (4, 1, 10), (2, 16, 16), (3, 1, 27)]


@pytest.mark.parametrize(("eta", "r_min", "r_max"), PLANS)
@pytest.mark.parametrize("spoil", [lambda curves: curves, broken])
def test_a_replay_is_what_tuner_and_scheduler_give(lenet, eta, r_min, r_max, spoil):
    curves = spoil(lenet if r_max <= 16 else synthetic(epochs=27))
    plan = Bracket(r_min, r_max, eta)
    budget = 3 * plan.epochs(resume=True)
    replayed = experiments.replay(curves, budget, 5, plan.levels, plan.sizes)
    for seed, table in enumerate(replayed):
        scheduler = SuccessiveHalvingScheduler(curves.searcher(seed), eta, r_min, r_max)
        tuner = HPOTuner(scheduler, curves.objective, progress=False)
        tuner.run(3 * plan.evaluations)
        run = tuner.dataframe()
        paid = run.groupby("trial_id")["max_epochs"].shift(fill_value=0)
        assert table["epochs"].tolist() == (run["max_epochs"] - paid).cumsum().tolist()
        assert table["max_epochs"].tolist() == run["max_epochs"].tolist()
        np.testing.assert_array_equal(table["error"], run["error"])


def test_ten_thousand_rounds_are_one_call(lenet):
    plan = Bracket(1, 16, 2)
    starters = experiments.draws(lenet, 10_000, plan.n)
    errors, _ = experiments.recorded(lenet)
    rows = experiments.rounds(errors, starters, plan.levels, plan.sizes)
    assert rows.shape == (10_000, 31)
    assert len(np.unique(rows[:, -1])) > 20


def test_a_replay_stops_within_its_budget(lenet):
    (table,) = experiments.halving(lenet, 100, repetitions=1)
    assert 90 < table["epochs"].iloc[-1] <= 100


def test_from_scratch_the_same_evaluations_cost_all_their_epochs(lenet):
    (resumed,) = experiments.halving(lenet, 48, repetitions=1)
    (scratch,) = experiments.halving(lenet, 80, repetitions=1, resume=False)
    assert scratch["error"].tolist() == resumed["error"].tolist()
    assert scratch["epochs"].tolist() == scratch["max_epochs"].cumsum().tolist()


def test_the_test_error_is_that_of_the_same_training():
    curves = synthetic()
    (table,) = experiments.halving(curves, 40, repetitions=1)
    known = curves.table.set_index("validation_error")["test_error"]
    assert table["test_error"].tolist() == known[table["error"]].tolist()


# --- what the rungs buy --------------------------------------------------------------------


def test_the_ladder_is_a_little_better_than_the_best_single_cut(lenet):
    table = experiments.one_cut(lenet, repetitions=100)
    assert table.loc["ladder", "error"] == table["error"].min()
    cuts = table.drop("ladder")
    assert cuts["error"].idxmin() == "cut after 2"
    assert (cuts["difference"] + cuts["± "] < 0).all()
    assert cuts["difference"].max() > -0.002


def test_random_search_needs_some_five_times_the_budget_of_halving(lenet):
    table = experiments.budgets(lenet, 96, 480, repetitions=100)
    assert (table["times"] > 3.5).all()
    assert (table["times"] < 6).all()
    assert (table["from"] <= table["random search needs"]).all()
    assert (table["random search needs"] <= table["to"]).all()


# --- the budget for the same error ---------------------------------------------------------


def run(*results):
    return pd.DataFrame(results, columns=["epochs", "error"])


@pytest.fixture
def falling():
    """Ten runs whose incumbents fall by a tenth of their first error at each epoch."""
    return [run(*((t, (1 + i / 10) * (1 - t / 10)) for t in range(1, 9))) for i in range(10)]


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
    ("rivals", "kind", "message"),
    [
        ([], ValueError, "1 runs, 0 rivals"),
        ([run((1, np.nan))], ValueError, r"rivals\[0\] has no finite error: leave"),
        ([0.1], TypeError, r"rivals\[0\]: give a tuner or tuner\.dataframe\(\), not float"),
    ],
)
def test_bad_rivals_are_named_there_too(rivals, kind, message):
    with pytest.raises(kind, match=message):
        budget_for_same_error([run((1, 0.2))], rivals, 1, spent="epochs")


def test_rivals_that_have_no_common_budget_are_refused():
    rivals = [run((1, 0.5), (2, 0.4)), run((1, np.nan), (5, 0.3))]
    with pytest.raises(ValueError, match=r"one run ends at 2, another has .* until 5"):
        budget_for_same_error([run((1, 0.2))] * 2, rivals, 1, spent="epochs")


# --- promoting without waiting -------------------------------------------------------------


def test_wrong_promotions_are_those_of_the_scheduler():
    errors = np.random.default_rng(5).random(300).tolist()
    space = {"x": stats.uniform()}
    scheduler = ASHAScheduler(RandomSearcher(space, seed=0), 2, r_min=1, r_max=2)
    promoted, results = set(), 0
    while True:
        trial = scheduler.suggest()
        if trial["max_epochs"] == 2:
            promoted.add(trial.trial_id)
        elif results == 300:
            break
        else:
            results += 1
        scheduler.update(trial, errors[trial.trial_id])
    best = set(np.argsort(errors)[:150].tolist())
    share = len(promoted - best) / len(promoted)
    assert experiments.wrong_so_far(errors, [300], eta=2) == [share]


def test_wrong_promotions_fade_with_the_number_of_results():
    table = experiments.wrong_promotions((256, 1024, 4096), repetitions=30)
    assert table["share"].is_monotonic_decreasing
    assert table.loc[4096, "share"] < 0.03


# --- on the clock --------------------------------------------------------------------------


def stopping(eta=2, r_max=4):
    return clock.StoppingScheduler(RandomSearcher({"x": [0]}, seed=0), eta, 1, r_max)


def test_stopping_trains_the_best_so_far_on_and_stops_the_others_for_good():
    scheduler, reached = stopping(), {}
    for _ in range(9):
        trial = scheduler.suggest()
        reached[trial.trial_id] = trial["max_epochs"]
        scheduler.update(trial, [0.5, 0.6, 0.4, 0.45, 0.7][trial.trial_id])
    # Trial 1 is not the best of 2. Trial 3 is second of 4 on rung 1, and last of 3 on rung 2.
    assert reached == {0: 4, 1: 1, 2: 4, 3: 2}


@pytest.mark.parametrize(
    ("errors", "levels"),
    [  # of Optuna and Syne Tune too, but for ties: see test_other_tools.py
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 1, 1, 1, 1, 1, 1, 1, 1]),
        ([9, 8, 7, 6, 5, 4, 3, 2, 1], [9, 9, 9, 9, 9, 9, 9, 9, 9]),
        ([3, 2, 7, 1, 8, 9, 4, 6, 5], [9, 9, 1, 9, 1, 1, 1, 1, 1]),
    ],
)
def test_stopping_trains_the_trials_on_that_other_tools_train_on(errors, levels):
    scheduler, reached = stopping(eta=3, r_max=9), {}
    while (trial := scheduler.suggest()).trial_id < len(errors):
        reached[trial.trial_id] = trial["max_epochs"]
        scheduler.update(trial, errors[trial.trial_id])
    assert list(reached.values()) == levels


@pytest.mark.parametrize("error", [np.nan, np.inf])
def test_stopping_ranks_nan_last(error):
    scheduler = stopping()
    for expected in (0.5, error, 0.4):
        trial = scheduler.suggest()
        while trial["max_epochs"] == 4 or trial["max_epochs"] == 2:
            scheduler.update(trial, 0.5)
            trial = scheduler.suggest()
        scheduler.update(trial, expected)
    assert scheduler.suggest().trial_id == 2


def test_a_run_on_the_clock_ends_with_the_last_evaluation_in_time(lenet):
    scheduler = ASHAScheduler(lenet.searcher(0), 2, 1, 16)
    tuner = clock.on_the_clock(scheduler, lenet, SimulatedWorkers(4, lenet.runtime), 100)
    ended = tuner.dataframe()["ended"]
    assert 90 < ended.max() <= 100
    again = HPOTuner(
        ASHAScheduler(lenet.searcher(0), 2, 1, 16),
        lenet.objective,
        workers=SimulatedWorkers(4, lenet.runtime),
        progress=False,
    )
    again.run(len(ended) + 20)
    longer = again.dataframe()["ended"]
    assert longer[longer <= 100].tolist() == ended.tolist()


def test_stopping_overtakes_promoting_as_resuming_costs_more(lenet):
    table = clock.price_of_resuming(lenet, (0, 8, 16), repetitions=20)
    assert table["difference"].is_monotonic_increasing
    assert table.loc[0, "difference"] < 0 < table.loc[16, "difference"]


# --- a searcher that learns ----------------------------------------------------------------

SPACE = {"x": stats.uniform(0, 1)}


@pytest.fixture
def valley():
    """The error is the distance from 0.7, plus something that fades with the epochs."""
    rows = [
        (i, x, epoch, abs(x - 0.7) + 0.1 / epoch, 1.0)
        for i, x in enumerate(np.linspace(0, 1, 101).tolist())
        for epoch in range(1, 9)
    ]
    names = ["config_id", "x", "epoch", "validation_error", "seconds"]
    return RecordedCurves(pd.DataFrame(rows, columns=names))


class NearTheBest(RandomSearcher):
    """Learns in the simplest way: every second draw is close to the best so far."""

    best_error, best = np.inf, None

    def sample_configuration(self):
        config = super().sample_configuration()
        if self.best is None or self.drawn % 2:
            return config
        return {name: 0.9 * self.best[name] + 0.1 * x for name, x in config.items()}

    def update(self, config, error, additional_info=None):
        if error < self.best_error:
            self.best_error = error
            self.best = {name: config[name] for name in self.config_space}


def test_the_surrogate_is_what_was_recorded_there_and_lies_between_elsewhere(valley):
    surrogate = clock.Surrogate(valley, SPACE)
    assert surrogate.objective(x=0.5, max_epochs=2) == pytest.approx(0.25)
    assert 0.2 < surrogate.objective(x=0.505, max_epochs=8) < 0.22
    assert surrogate.objective(x=0.2, max_epochs=1) > surrogate.objective(x=0.2, max_epochs=8)


def test_the_surrogate_takes_the_mean_of_the_seeds_and_guesses_where_training_diverged():
    curves = synthetic(configurations=4, seeds=2)
    table = curves.table
    table.loc[table["config_id"] == 3, "validation_error"] = np.nan
    surrogate = clock.Surrogate(RecordedCurves(table), {"x": stats.uniform(0, 3)})
    mean = table.query("config_id == 1 and epoch == 9")["validation_error"].mean()
    assert surrogate.objective(x=1, max_epochs=9) == pytest.approx(mean)
    assert surrogate.objective(x=3, max_epochs=9) == pytest.approx(0.9)


def test_a_searcher_that_learns_is_compared_in_halving_and_in_asha():
    table = clock.learning(clock.Bowl(r_max=9), NearTheBest, epochs=200)
    for name in ("halving", "ASHA"):
        assert table.loc[name, "difference"] + table.loc[name, "±"] < 0
    assert "ASHA against halving, both learn" in table.index


def test_within_one_round_halving_learns_nothing():
    names = ("halving, large rounds",)
    table = clock.learning(clock.Bowl(r_max=9), NearTheBest, epochs=36, repetitions=5, names=names)
    assert table["tie"].to_dict() == {"halving, large rounds": 1}


@pytest.mark.parametrize(
    ("fast", "of_scipy"),
    [
        (clock.Between(2, 10), stats.uniform(2, 8)),
        (clock.Between(1e-4, 0.3, log=True), stats.loguniform(1e-4, 0.3)),
    ],
)
def test_a_number_between_two_bounds_is_that_of_scipy(fast, of_scipy):
    shares = np.linspace(0, 1, 7)
    np.testing.assert_allclose(fast.ppf(shares), of_scipy.ppf(shares))
    numbers = np.array([1e-5, 1e-3, 0.2, 3, 9, 20])
    np.testing.assert_allclose(fast.cdf(numbers), of_scipy.cdf(numbers), atol=1e-12)
    drawn = fast.rvs(size=2000, random_state=np.random.default_rng(0))
    assert stats.kstest(drawn, of_scipy.cdf).pvalue > 0.01
    assert RandomSearcher({"x": fast}, seed=0).sample_configuration().keys() == {"x"}


def test_a_searcher_that_learns_nothing_ties_with_itself(valley):
    surrogate = clock.Surrogate(valley, SPACE)
    table = clock.learning(surrogate, RandomSearcher, epochs=100, repetitions=5)
    assert (table["tie"].drop("ASHA against halving, both learn") == 1).all()


# --- noise ---------------------------------------------------------------------------------


def test_the_spread_is_split_into_its_causes():
    rng = np.random.default_rng(0)
    configs, seeds = 200, 5
    parts = rng.normal(size=(configs, 1)), rng.normal(size=seeds), rng.normal(size=(200, 5))
    last = 0.5 + 0.03 * parts[0] + 0.01 * parts[1] + 0.02 * parts[2]
    rows = [
        (c, s, c, e, last[c, s] + (e < 4) * 0.005 * rng.normal(), 1.0)
        for c in range(configs)
        for s in range(seeds)
        for e in range(1, 5)
    ]
    names = ["config_id", "seed", "x", "epoch", "validation_error", "seconds"]
    table = noise.spread(RecordedCurves(pd.DataFrame(rows, columns=names)), samples=200)
    assert table.loc["configuration", "deviation"] == pytest.approx(0.03, rel=0.1)
    assert table.loc["configuration and seed", "deviation"] == pytest.approx(0.02, rel=0.1)
    assert table.loc["seed", "deviation"] == pytest.approx(0.01 * parts[1].std(ddof=1), rel=0.2)
    # Of three steps between the last epochs, two are between noisy ones, and one ends at none.
    assert table.loc["epoch", "deviation"] == pytest.approx(0.005 * (5 / 6) ** 0.5, rel=0.1)
    assert (table["low"] <= table["deviation"]).all()
    assert (table["deviation"] <= table["high"]).all()


def test_without_seeds_there_is_no_answer(lenet):
    for experiment in (noise.spread, noise.rank_one):
        with pytest.raises(ValueError, match="at least 2 seeds"):
            experiment(lenet)


def test_a_configuration_that_lacks_a_seed_is_left_out():
    curves = synthetic(configurations=5, seeds=2)
    gap = (curves.table["config_id"] == 2) & (curves.table["seed"] == 1)
    assert noise.last_errors(RecordedCurves(curves.table[~gap])).shape == (4, 2)


def test_a_winner_among_equals_was_lucky():
    pair, ranks = noise.rank_one(synthetic(spread=0, noise=0.01))
    assert pair.mean + pair.margin < -0.01
    assert ranks.sum() == pytest.approx(1)
    assert ranks[1] < 0.3


def test_a_winner_by_far_wins_with_every_seed():
    pair, ranks = noise.rank_one(synthetic(spread=10, noise=1e-6))
    assert abs(pair.mean) < 1e-5
    assert ranks[1] == 1


def test_the_half_that_selects_flatters_the_winner():
    pair, distinct = noise.honest_selection(synthetic(spread=0), epochs=48)
    assert pair.mean + pair.margin < -0.005
    assert distinct > 3
    fair, _ = noise.honest_selection(synthetic(noise=1e-9), epochs=48)
    assert abs(fair.mean) < 1e-6


def test_a_half_that_is_easier_for_all_is_no_flattery():
    curves = synthetic(noise=1e-9)
    table = curves.table.assign(test_error=curves.table["test_error"] + 0.05)
    pair, _ = noise.honest_selection(RecordedCurves(table))
    assert abs(pair.mean) < 1e-6


def test_halves_of_images_of_their_own_differ_by_the_luck_of_the_draw():
    rng = np.random.default_rng(0)
    table = synthetic(configurations=400, seeds=1, noise=0).table
    own = {"validation_error": rng.binomial(5000, 0.12, len(table)) / 5000}
    own["test_error"] = rng.binomial(5000, 0.12, len(table)) / 5000 + 0.05
    apart, expected, number = noise.halves_apart(RecordedCurves(table.assign(**own)))
    assert number == pytest.approx(200, abs=5)
    assert expected == pytest.approx((2 * 0.12 * 0.88 / 5000) ** 0.5, rel=0.2)
    assert apart == pytest.approx((2 * 0.12 * 0.88 / 5000) ** 0.5, rel=0.2)


def test_halves_that_share_their_luck_do_not_differ_from_curve_to_curve():
    table = synthetic(noise=1e-9).table
    easier = RecordedCurves(table.assign(test_error=table["test_error"] + 0.05))
    apart, expected, _ = noise.halves_apart(easier)
    assert apart < 1e-6 < expected


def test_early_ranks_are_spearmans_correlations(lenet):
    table = noise.early_ranks(lenet, best=20, samples=50)
    wide = lenet.table.pivot(index="config_id", columns="epoch", values="validation_error")
    for epoch in (1, 4, 16):
        expected = spearmanr(wide[epoch], wide[16]).statistic
        assert table.loc[epoch, "all"] == pytest.approx(expected)
    assert table["best"].round(2).tolist()[:4] == [0.11, 0.86, 0.73, 0.63]
    assert (table["all low"] <= table["all"]).all()
    assert (table["all"] <= table["all high"]).all()


def test_early_ranks_of_several_seeds_are_averaged():
    curves = synthetic(seeds=2)
    of_one = [
        noise.early_ranks(RecordedCurves(curves.table.query("seed == @seed")), samples=5)["all"]
        for seed in (0, 1)
    ]
    both = noise.early_ranks(curves, samples=5)["all"]
    np.testing.assert_allclose(both, (of_one[0] + of_one[1]) / 2)


def test_the_problems_are_drawn_side_by_side(lenet, pixels):
    figure = noise.plot_early_ranks({"LeNet": lenet, "another": synthetic()})
    assert [ax.get_title() for ax in figure.axes] == ["LeNet", "another"]
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["all 200", "the best 15"]
    assert pixels(figure).std() > 0
    plt.close(figure)


def test_a_schedule_that_follows_the_rung_is_compared_with_one_planned_for_the_last():
    curves = synthetic(epochs=27, decay=(3, 9, 27), noise=0.02)
    table = curves.table.copy()
    early = (table["decay_epochs"] < 27) & (table["epoch"] == table["decay_epochs"])
    final = table[(table["decay_epochs"] == 27) & (table["epoch"] == 27)]
    truth = final.set_index(["x", "seed"])["validation_error"]
    keys = pd.MultiIndex.from_frame(table.loc[early, ["x", "seed"]])
    table.loc[early, "validation_error"] = truth[keys].to_numpy()  # it foretells the end
    pair, ranked = noise.schedules(RecordedCurves(table))
    assert pair.loss == 0
    assert pair.mean + pair.margin < 0
    assert ranked.index.tolist() == [3, 9]
    assert ranked["follows the rung"].tolist() == pytest.approx([1, 1])
    assert (ranked["planned for the last"] < 1).all()


def test_two_equal_schedules_tie():
    curves = synthetic(epochs=27, decay=(3, 9, 27), noise=0)
    pair, ranked = noise.schedules(curves, repetitions=20)
    assert pair.tie == 1
    assert (ranked["follows the rung"] == ranked["planned for the last"]).all()


# --- notebook 03 ---------------------------------------------------------------------------


def test_a_second_recording_adds_its_seeds_to_the_configurations_that_both_have():
    again = synthetic(seeds=3, epochs=9)
    first = again.table[again.table["seed"] == 0].drop(columns=["seed", "test_error"])
    few = RecordedCurves(again.table[again.table["config_id"] < 20])
    both = does_it_pay.trained_again(RecordedCurves(first), few)
    errors = noise.last_errors(both)
    assert errors.shape == (20, 3)
    expected = noise.last_errors(few), noise.last_errors(few, column="test_error")
    np.testing.assert_array_equal(errors[:, 0], expected[0][:, 0])
    np.testing.assert_allclose(errors[:, 1:], np.mean(expected, axis=0)[:, 1:])


def test_the_heat_map_has_a_number_for_each_plan_and_budget():
    index = pd.MultiIndex.from_tuples([(2, 1), (3, 1)], names=["eta", "r_min"])
    shares = pd.DataFrame({48: [0.76, -0.78], 480: [0.81, 0.0]}, index=index)
    ax = does_it_pay.plot_plans(shares)
    assert [text.get_text() for text in ax.texts] == ["+76", "+81", "−78", "0"]
    plt.close(ax.figure)


def test_a_network_that_was_trained_again_stays_in_the_column_of_its_first_rank():
    errors = np.array([[0.3, 0.1], [0.1, 0.2], [0.2, 0.3]])
    ax = does_it_pay.plot_again(errors)
    drawn = [line.get_ydata().tolist() for line in ax.lines]
    assert drawn == [[0.1, 0.2, 0.3], [0.2, 0.3, 0.1]]
    plt.close(ax.figure)


# --- notebook 06 ---------------------------------------------------------------------------


def test_a_search_in_plain_lists_is_that_of_the_tuner(lenet):
    def make(searcher):
        return HyperbandScheduler(searcher, 2, 1, 16)

    runs = beyond.searches(make, lenet, 100, repetitions=3)
    for seed, run in enumerate(runs):
        workers = SimulatedWorkers(1, beyond.epochs_trained)
        tuner = clock.on_the_clock(make(lenet.searcher(seed)), lenet, workers, 100)
        assert run.ended == tuner.cumulative_runtime
        assert run.error == tuner.incumbent_trajectory
        assert run.trials == tuner.dataframe()["trial_id"].nunique()
    pair = beyond.versus(runs, runs[::-1], 40)
    assert pair.differences[0] == runs[0].error_at(40) - runs[2].error_at(40)


def test_a_search_without_a_result_is_guessing():
    run = beyond.Run([2, 3], [0.5, 0.4], trials=2)
    assert run.error_at([1, 2, 2.5, 9]).tolist() == [0.9, 0.5, 0.5, 0.4]


def test_an_evaluation_that_diverged_is_guessing():
    runs = beyond.searches(
        lambda searcher: ASHAScheduler(searcher, 3, 1, 9), broken(synthetic()), 60, repetitions=2
    )
    assert all(np.isfinite(run.error).all() for run in runs)


@pytest.mark.parametrize(
    ("differences", "words"),
    [([-1, -2] * 9, "lower"), ([1, 2] * 9, "higher"), ([-1, 1] * 9, "level"), ([0, 0], "level")],
)
def test_a_verdict_asks_whether_the_interval_contains_0(differences, words):
    pair = experiments.compare([10.0 + d for d in differences], [10.0] * len(differences))
    assert beyond.verdict(pair) == words


def test_the_figures_of_notebook_06_say_what_they_show(lenet):
    brackets = HyperbandScheduler(RandomSearcher({"x": [0]}), 3, 1, 9).brackets
    words = [text.get_text().strip() for text in beyond.plot_cycle(brackets).texts]
    assert words == [
        "3×9",
        "27 epochs",
        "5×3",
        "1×9",
        "24 epochs",
        "9×1",
        "3×3",
        "1×9",
        "27 epochs",
    ]
    pair = experiments.compare([0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.2, 0.5])
    figure = beyond.plot_differences({"LeNet": {"ASHA, 2 workers": pair}})
    assert [text.get_text() for text in figure.axes[0].texts] == ["50 / 25 / 25"]
    makes = {name: lambda searcher: ASHAScheduler(searcher, 2, 1, 16) for name in beyond.LOOK}
    runs = {("LeNet", name): beyond.searches(make, lenet, 50, 1) for name, make in makes.items()}
    figure = beyond.plot_means({"LeNet": 50}, runs, {"LeNet": (0.1, 0.9)})
    assert {text.get_text() for text in figure.axes[0].texts} == set(beyond.LOOK)
    plt.close("all")
