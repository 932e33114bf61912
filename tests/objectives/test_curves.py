import math
import pickle
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy import stats

from sh_teach import (
    BasicScheduler,
    HPOTuner,
    RandomSearcher,
    RecordedCurves,
    SuccessiveHalvingScheduler,
    plot_learning_curves,
)
from sh_teach.objectives.curves import DATA

HEADER = "config_id,learning_rate,batch_size,epoch,validation_error,seconds"
ROWS = [
    "7,0.5,64,1,0.4,10.0",
    "7,0.5,64,2,0.3,12.5",
    "3,0.1,32,1,nan,20.0",
    "3,0.1,32,2,0.9,21.0",
]


@pytest.fixture(scope="module")
def curves():
    return RecordedCurves.load()


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "own.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def own(write):
    return RecordedCurves.load(write("# two configurations", HEADER, *ROWS))


# --- the table that comes with the package -------------------------------------------------


def test_the_package_brings_200_curves_of_16_epochs(curves):
    assert curves.r_max == 16
    assert curves.table.groupby("config_id").size().tolist() == [16] * 200


@pytest.mark.parametrize(
    ("name", "configurations", "seeds"),
    [("lenet_seeds", 24, 5), ("mlp", 150, 3), ("mlp_schedules", 120, 3)],
)
def test_each_configuration_was_trained_with_each_seed(name, configurations, seeds):
    table = RecordedCurves.load(name).table
    trained = table.groupby("config_id")["seed"].unique()
    assert len(trained) == configurations
    assert all(sorted(of_one) == list(range(seeds)) for of_one in trained)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.csv")), ids=lambda path: path.stem)
def test_a_table_is_small_enough_for_a_repository_and_says_what_it_is(path):
    text = path.read_text("utf-8")
    assert len(text) < 2_000_000
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert any("validation_error:" in line for line in comments)
    assert path.with_suffix(".md").is_file()


def test_the_recorded_configurations_are_those_that_the_seed_of_the_data_card_draws(curves):
    space = {"learning_rate": stats.loguniform(1e-2, 1), "batch_size": stats.randint(32, 256)}
    searcher = RandomSearcher(space, seed=0)
    recorded = curves.table.drop_duplicates("config_id")[curves.hyperparameters]
    drawn = pd.DataFrame([searcher.sample_configuration() for _ in range(200)])
    np.testing.assert_allclose(recorded, drawn)


def test_the_recorded_configurations_lie_in_the_space_of_the_book(curves):
    assert curves.hyperparameters == ["learning_rate", "batch_size"]
    assert curves.table["learning_rate"].between(1e-2, 1).all()
    assert curves.table["batch_size"].between(32, 255).all()


# --- in place of a live objective -----------------------------------------------------------


def test_the_objective_answers_with_the_recorded_errors(own):
    assert own.objective(learning_rate=0.5, batch_size=64, max_epochs=2) == 0.3
    assert math.isnan(own.objective(learning_rate=0.1, batch_size=32, max_epochs=1))


def test_the_runtime_of_a_part_of_a_training_is_the_sum_of_its_epochs(own):
    config = {"learning_rate": 0.5, "batch_size": 64}
    assert own.runtime(config, 0, 2) == 22.5
    assert own.runtime(config | {"max_epochs": 2}, 1, 2) == 12.5
    assert own.runtime(config, 1, 1) == 0


def test_every_entry_of_the_table_is_what_the_objective_says(curves):
    for row in curves.table.sample(200, random_state=0).itertuples():
        config = {"learning_rate": row.learning_rate, "batch_size": row.batch_size}
        assert curves.objective(**config, max_epochs=row.epoch) == row.validation_error
        seconds = curves.runtime(config, row.epoch - 1, row.epoch)
        assert seconds == pytest.approx(row.seconds)


def test_a_tuner_runs_it_with_checkpoints_as_it_runs_lenet(curves, tmp_path):
    scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), eta=2, r_min=2, r_max=10)
    tuner = HPOTuner(scheduler, curves.objective, checkpoint_dir=tmp_path, progress=False)
    tuner.run(30)
    assert np.isfinite(tuner.dataframe()["error"]).all()
    assert tuner.incumbent["max_epochs"] == 10


def test_its_default_of_epochs_is_that_of_lenet(curves):
    tuner = HPOTuner(BasicScheduler(curves.searcher(seed=0)), curves.objective, progress=False)
    tuner.run(1)
    config = tuner.incumbent
    assert tuner.incumbent_error == curves.objective(**config, max_epochs=10)


def test_it_can_be_sent_to_another_process(own):
    objective = pickle.loads(pickle.dumps(own.objective))
    assert objective(learning_rate=0.5, batch_size=64, max_epochs=1) == 0.4


def test_changing_its_table_does_not_change_its_answers(own):
    own.table["validation_error"] = 0.0
    assert own.objective(learning_rate=0.5, batch_size=64, max_epochs=1) == 0.4


# --- its searcher --------------------------------------------------------------------------


def test_the_searcher_proposes_each_configuration_once_before_any_comes_twice(curves):
    searcher = curves.searcher(seed=0)
    draws = [tuple(searcher.sample_configuration().values()) for _ in range(3 * 200)]
    for begin in range(0, 600, 200):
        assert set(Counter(draws[begin : begin + 200]).values()) == {1}
    assert draws[:200] != draws[200:400]


def test_the_same_seed_gives_the_same_order_and_another_seed_another(curves):
    def order(seed):
        searcher = curves.searcher(seed)
        return [searcher.sample_configuration() for _ in range(20)]

    assert order(1) == order(1) != order(2)


def test_what_the_searcher_proposed_may_be_changed(own):
    searcher = own.searcher(seed=0)
    for _ in range(2):
        searcher.sample_configuration()["learning_rate"] = "changed"
    rates = {searcher.sample_configuration()["learning_rate"] for _ in range(2)}
    assert rates == {0.5, 0.1}


# --- what bad input gets -------------------------------------------------------------------


def test_a_configuration_that_was_not_recorded_is_named(own):
    with pytest.raises(ValueError, match=r"config=.*'learning_rate': 0\.2.*not in the table"):
        own.objective(learning_rate=0.2, batch_size=64)
    with pytest.raises(ValueError, match="config="):
        own.objective(learning_rate=0.5)
    with pytest.raises(ValueError, match="config="):
        own.objective(learning_rate=0.5, batch_size=64, seed=1)
    with pytest.raises(ValueError, match="config="):
        own.runtime({"learning_rate": [0.5], "batch_size": 64}, 0, 1)


@pytest.mark.parametrize(("epochs", "kind"), [(0, ValueError), (3, ValueError), (1.5, TypeError)])
def test_epochs_that_were_not_recorded_are_named(own, epochs, kind):
    config = {"learning_rate": 0.5, "batch_size": 64}
    with pytest.raises(kind, match=f"max_epochs={epochs}"):
        own.objective(**config, max_epochs=epochs)


def test_a_runtime_cannot_run_backwards(own):
    config = {"learning_rate": 0.5, "batch_size": 64}
    with pytest.raises(ValueError, match="r_to=1"):
        own.runtime(config, 2, 1)
    with pytest.raises(ValueError, match="r_from=-1"):
        own.runtime(config, -1, 1)


def test_a_seed_that_is_not_an_integer_is_refused(own):
    with pytest.raises(TypeError, match=r"seed='a'"):
        own.searcher(seed="a")


# --- own tables ----------------------------------------------------------------------------


def test_hyperparameters_may_be_of_any_name_and_kind(write):
    path = write(
        "config_id,epoch,optimizer,validation_error,layers,seconds",
        "0,1,sgd,0.5,3,1.0",
        "1,1,adam,0.4,3,1.0",
    )
    own = RecordedCurves.load(path)
    assert own.hyperparameters == ["optimizer", "layers"]
    assert own.objective(optimizer="adam", layers=3, max_epochs=1) == 0.4


def test_rows_may_be_in_any_order(write):
    own = RecordedCurves.load(write(HEADER, *reversed(ROWS)))
    assert own.objective(learning_rate=0.5, batch_size=64, max_epochs=1) == 0.4
    assert own.runtime({"learning_rate": 0.1, "batch_size": 32}, 1, 2) == 21.0


def test_a_loaded_table_equals_the_one_that_was_stored(curves, tmp_path):
    curves.table.to_csv(tmp_path / "again.csv", index=False)
    pd.testing.assert_frame_equal(RecordedCurves.load(tmp_path / "again.csv").table, curves.table)


@dataclass
class Malformed:
    """The lines of a file, and the place that the message must name."""

    lines: list
    place: str


def with_row(row, number=2):
    """Return the good table with another row, whose line number is two higher."""
    rows = list(ROWS)
    rows[number] = row
    return ["# a comment", HEADER, *rows]


@pytest.mark.parametrize(
    "case",
    [
        Malformed([], "it is empty"),
        Malformed([HEADER], "no row"),
        Malformed([HEADER.replace("epoch", "epochs"), *ROWS], "column 'epoch'"),
        Malformed([HEADER.replace("batch_size", "epoch"), *ROWS], "column 'epoch'"),
        Malformed([HEADER.replace("batch_size", "learning_rate"), *ROWS], "'learning_rate'"),
        Malformed(["config_id,epoch,validation_error,seconds", "0,1,.5,1"], "no hyperparameter"),
        Malformed(with_row("3,0.1,32,1,0.9"), "line 5, column 'seconds'"),
        Malformed(with_row("3,0.1,32,1,0.9,1.0,8"), "line 5, column 'number 7'"),
        Malformed(with_row("3,0.1,32,1,bad,20.0"), "line 5, column 'validation_error': 'bad'"),
        Malformed(with_row("3,0.1,32,1,,20.0"), "line 5, column 'validation_error'"),
        Malformed(with_row("3,0.1,32,1,0.9,-2"), "line 5, column 'seconds'"),
        Malformed(with_row("3,0.1,32,1,0.9,inf"), "line 5, column 'seconds'"),
        Malformed(with_row("3,0.1,32,1,0.9,nan"), "line 5, column 'seconds'"),
        Malformed(with_row("x,0.1,32,1,0.9,1"), "line 5, column 'config_id': 'x'"),
        Malformed(with_row("3.5,0.1,32,1,0.9,1"), "line 5, column 'config_id'"),
        Malformed(with_row("3,0.1,32,nan,0.9,1"), "line 5, column 'epoch'"),
        Malformed(with_row("3,0.1,32,0,0.9,1"), "line 5, column 'epoch'"),
        Malformed(with_row("3,0.1,32,2,0.9,1"), "line 6, column 'epoch'"),
        Malformed(with_row("3,0.1,32,3,0.9,1"), "column 'epoch'"),
        Malformed(with_row("3,,32,1,0.9,1"), "line 5, column 'learning_rate'"),
        Malformed(with_row("3,nan,32,1,0.9,1"), "line 5, column 'learning_rate'"),
        Malformed(with_row("3,0.1,33,2,0.9,1", 3), "line 6, column 'batch_size'"),
        Malformed(["", HEADER, *ROWS[:3]], "line 5, column 'epoch'"),
        Malformed(
            [HEADER, *ROWS, "4,0.5,64,1,0.4,1", "4,0.5,64,2,0.4,1"], "line 6, column 'config_id'"
        ),
    ],
    ids=lambda case: case.place,
)
def test_a_malformed_table_is_refused_with_row_and_column(write, case):
    path = write(*case.lines)
    with pytest.raises(ValueError, match=r"own\.csv: ") as caught:
        RecordedCurves.load(path)
    assert case.place in str(caught.value)


def test_a_malformed_dataframe_is_refused_with_row_and_column(own):
    own.table.loc[1, "seconds"] = -1.0
    with pytest.raises(ValueError, match="row 1, column 'seconds'"):
        RecordedCurves(own.table)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        RecordedCurves.load(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("name", ["lenet_seed", "LeNet", "", "."])
def test_a_name_that_is_neither_a_table_nor_a_file_is_named_with_the_tables(name):
    with pytest.raises(FileNotFoundError, match=r"the tables of the package are .*lenet"):
        RecordedCurves.load(name)


def test_a_path_may_begin_with_the_home_folder(write, monkeypatch):
    folder = str(write(HEADER, *ROWS).parent)
    monkeypatch.setenv("HOME", folder)
    monkeypatch.setenv("USERPROFILE", folder)
    assert RecordedCurves.load("~/own.csv").r_max == 2


def test_no_cut_through_the_file_is_read_as_if_it_were_complete(write):
    text = "\n".join([HEADER, *ROWS]) + "\n"
    whole = RecordedCurves.load(write(HEADER, *ROWS)).table
    for length in range(len(text) - 5):
        path = write()
        path.write_text(text[:length], encoding="utf-8")
        try:
            table = RecordedCurves.load(path).table
        except ValueError:
            continue
        # All that may be lost unnoticed are digits of the very last number, or a whole curve.
        kept = slice(len(table) - 1)
        pd.testing.assert_frame_equal(table[kept], whole[kept], check_dtype=False)


# --- several seeds -------------------------------------------------------------------------

SEEDS_HEADER = "config_id,seed,learning_rate,epoch,validation_error,test_error,seconds"
SEEDS_ROWS = [
    "7,0,0.5,1,0.4,0.41,1.0",
    "7,1,0.5,1,0.3,0.31,2.0",
    "3,0,0.1,1,0.2,0.21,3.0",
]


@pytest.fixture
def seeds(write):
    return RecordedCurves.load(write(SEEDS_HEADER, *SEEDS_ROWS))


def test_seed_and_test_error_are_not_hyperparameters(seeds):
    assert seeds.hyperparameters == ["learning_rate"]


def test_the_objective_and_the_runtime_depend_on_the_seed(seeds):
    assert seeds.objective(learning_rate=0.5, seed=0, max_epochs=1) == 0.4
    assert seeds.objective(learning_rate=0.5, seed=1, max_epochs=1) == 0.3
    assert seeds.runtime({"learning_rate": 0.5, "seed": 1}, 0, 1) == 2.0


@pytest.mark.parametrize("config", [{"learning_rate": 0.5}, {"learning_rate": 0.1, "seed": 1}])
def test_a_seed_that_was_not_recorded_is_named(seeds, config):
    with pytest.raises(ValueError, match="config="):
        seeds.objective(**config, max_epochs=1)


def test_the_searcher_proposes_each_configuration_once_with_one_of_its_seeds(seeds):
    searcher = seeds.searcher(seed=0)
    drawn = [[searcher.sample_configuration() for _ in range(2)] for _ in range(50)]
    assert all({config["learning_rate"] for config in pair} == {0.1, 0.5} for pair in drawn)
    with_both = Counter(config["seed"] for pair in drawn for config in pair if len(config) == 2)
    assert set(with_both) == {0, 1}
    assert with_both[1] > 15


def test_a_configuration_keeps_its_seed_on_every_rung(write):
    rows = [
        f"{i},{seed},{i},{epoch},0.{i},0.5,1.0"
        for i in range(4)
        for seed in range(3)
        for epoch in (1, 2, 3, 4)
    ]
    curves = RecordedCurves.load(write(SEEDS_HEADER, *rows))
    scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), eta=2, r_min=1, r_max=4)
    tuner = HPOTuner(scheduler, curves.objective, progress=False)
    tuner.run(70)
    table = tuner.dataframe()
    assert (table.groupby("trial_id")["seed"].nunique() == 1).all()
    assert set(table["seed"]) == {0, 1, 2}


def test_a_search_meets_each_table_that_is_recorded_as_it_is():
    for path in sorted(DATA.glob("*.csv")):
        curves = RecordedCurves.load(path)
        scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), 2, 1, 8)
        for _ in range(100):
            trial = scheduler.suggest()
            assert curves.runtime(trial, 0, trial["max_epochs"]) > 0
            scheduler.update(trial, curves.objective(**trial))


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("3,x,0.1,1,0.2,0.21,3.0", "line 4, column 'seed'"),
        ("3,0.5,0.1,1,0.2,0.21,3.0", "line 4, column 'seed'"),
        ("3,0,0.1,1,0.2,bad,3.0", "line 4, column 'test_error'"),
        ("7,1,0.5,1,0.2,0.21,3.0", "line 4, column 'epoch'"),
        ("7,2,0.4,1,0.2,0.21,3.0", "line 4, column 'learning_rate'"),
        ("3,0,0.1,2,0.2,0.21,3.0", "column 'epoch'"),
    ],
)
def test_a_malformed_table_with_seeds_is_refused_with_row_and_column(write, row, place):
    path = write(SEEDS_HEADER, *SEEDS_ROWS[:2], row)
    with pytest.raises(ValueError, match="column") as caught:
        RecordedCurves.load(path)
    assert place in str(caught.value)


# --- for a journal -------------------------------------------------------------------------


def test_the_searcher_counts_what_it_proposed(own):
    searcher = own.searcher(seed=0)
    for drawn in range(5):
        assert searcher.drawn == drawn
        searcher.sample_configuration()


def test_the_searcher_s_settings_are_those_of_the_same_configurations_and_seed(own, seeds, write):
    again = RecordedCurves.load(write(HEADER, *ROWS))
    assert own.searcher(seed=0).settings() == again.searcher(seed=0).settings()
    assert own.searcher(seed=0).settings() != own.searcher(seed=1).settings()
    assert own.searcher(seed=0).settings() != seeds.searcher(seed=0).settings()


def test_a_run_on_recorded_curves_can_have_a_journal(own, tmp_path):
    for trials in (2, 4):
        scheduler = SuccessiveHalvingScheduler(own.searcher(seed=0), eta=2, r_min=1, r_max=2)
        journal = tmp_path / "run.jsonl"
        tuner = HPOTuner(scheduler, own.objective, journal=journal, progress=False)
        assert len(tuner.records) == trials - 2
        tuner.run(trials)
    assert len(tuner.records) == 4


# --- for the plots -------------------------------------------------------------------------


def test_the_plot_draws_every_curve_and_names_the_highlighted_ones(own):
    ax = plot_learning_curves(own.as_run(), highlight=[7])
    assert [line.get_label() for line in ax.lines if line.get_label().startswith("trial")] == [
        "trial 7"
    ]
    assert len(ax.lines) == 2
    plt.close("all")


def test_a_file_that_a_spreadsheet_has_saved_can_be_read(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("\n".join([HEADER, *ROWS]), encoding="utf-8-sig")  # with a mark at its start
    assert len(RecordedCurves.load(path).table) == 4


@pytest.mark.parametrize("name", [None, 3, pd.DataFrame({"epoch": [1]})])
def test_what_is_no_name_of_a_table_is_named(name):
    with pytest.raises(TypeError, match=r"(?s)^name=.*it must be a path"):
        RecordedCurves.load(name)


def test_a_name_in_place_of_a_table_is_named():
    with pytest.raises(TypeError, match=r"^table='lenet'.*RecordedCurves\.load"):
        RecordedCurves("lenet")
