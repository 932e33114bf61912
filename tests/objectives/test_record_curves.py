"""The script that records curves can be killed at any time; the package has its files."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import record_curves
import torch
from record_curves import DATA, RECORDINGS, Recording, main, record_curve, write_complete_curves

from sh_teach.objectives.fashion_mnist import find_full_data

RECORDED = [name for name in RECORDINGS if (DATA / f"{name}.csv").exists()]
CONFIGURATIONS = {7: {"rate": 0.5, "size": 64}, 3: {"rate": 0.1, "size": 32}}


def curve(config_id, seed):
    """Return the lines of one curve of `small`."""
    values = ",".join(str(value) for value in CONFIGURATIONS[config_id].values())
    return [f"{config_id},{seed},{values},{epoch},0.5,0.5,1.00\n" for epoch in (1, 2)]


SORTED = [line for key in [(3, 0), (3, 1), (7, 0), (7, 1)] for line in curve(*key)]


class InThisProcess:
    """A pool of processes, without the processes."""

    def __init__(self, processes, mp_context):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, *arguments):
        result = function(*arguments)
        return SimpleNamespace(result=lambda: result)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Return the file of a recording without training, and the curves in order of recording."""
    file, recorded = tmp_path / "small.csv", []

    def record(name, config_id, seed, config):
        assert config == CONFIGURATIONS[config_id]
        recorded.append((config_id, seed))
        with file.open("a") as lines:
            lines.writelines(curve(config_id, seed))

    recording = Recording(
        "# small\n",
        hyperparameters=["rate", "size"],
        configurations=lambda: CONFIGURATIONS,
        epochs=2,
        objective=None,
        network=None,
        seeds=(1, 0),
    )
    monkeypatch.setitem(RECORDINGS, "small", recording)
    monkeypatch.setattr(record_curves, "DATA", tmp_path)
    monkeypatch.setattr(record_curves, "record_curve", record)
    monkeypatch.setattr(record_curves, "ProcessPoolExecutor", InThisProcess)
    return SimpleNamespace(file=file, recorded=recorded)


def rows(file):
    lines = file.read_text().splitlines(keepends=True)
    return [line for line in lines if line[0].isdigit()]


def test_all_configurations_are_recorded_with_one_seed_before_the_next(small):
    main("small")
    assert small.recorded == [(7, 1), (3, 1), (7, 0), (3, 0)]


def test_at_the_end_the_file_is_sorted(small):
    main("small")
    assert rows(small.file) == SORTED


def test_a_recording_that_was_killed_anywhere_is_completed(small):
    main("small")
    complete = small.file.read_text()
    for length in range(0, len(complete), 4):
        small.file.write_text(complete[:length])
        main("small")
        assert small.file.read_text() == complete


def test_curves_that_are_complete_are_not_recorded_again(small):
    for _ in range(2):
        main("small")
    assert len(small.recorded) == 4


def test_half_a_curve_is_dropped(small):
    main("small")
    lines = small.file.read_text().splitlines(keepends=True)
    small.file.write_text("".join(lines[:-1]))
    assert write_complete_curves("small") == {(3, 0), (3, 1), (7, 0)}
    assert rows(small.file) == SORTED[:-2]


@pytest.mark.parametrize("name", RECORDED)
def test_a_file_of_the_package_is_as_the_script_writes_it(name, tmp_path, monkeypatch):
    shutil.copy(DATA / f"{name}.csv", tmp_path)
    monkeypatch.setattr(record_curves, "DATA", tmp_path)
    write_complete_curves(name)
    assert (tmp_path / f"{name}.csv").read_bytes() == (DATA / f"{name}.csv").read_bytes()


@pytest.mark.parametrize("name", RECORDED)
def test_a_file_of_the_package_has_the_configurations_of_the_script(name):
    table = pd.read_csv(DATA / f"{name}.csv", comment="#").drop_duplicates("config_id")
    recorded = table.set_index("config_id")[RECORDINGS[name].hyperparameters]
    drawn = pd.DataFrame.from_dict(RECORDINGS[name].configurations(), orient="index")
    pd.testing.assert_frame_equal(
        recorded, drawn.loc[recorded.index], check_names=False, check_dtype=False
    )


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_epoch_can_be_trained_again(name, tmp_path, monkeypatch):
    if find_full_data() is None:
        pytest.skip("the table was recorded on the full data set, which is not on this machine")
    table = pd.read_csv(DATA / f"{name}.csv", comment="#")
    row = table.query("epoch == 1").nsmallest(1, "validation_error").iloc[0]
    config_id, seed = int(row["config_id"]), int(row.get("seed", 0))
    config = RECORDINGS[name].configurations()[config_id]
    monkeypatch.setattr(record_curves, "DATA", tmp_path)
    monkeypatch.setitem(RECORDINGS, name, replace(RECORDINGS[name], epochs=1))
    write_complete_curves(name)
    record_curve(name, config_id, seed, config)
    again = pd.read_csv(tmp_path / f"{name}.csv", comment="#").iloc[0]
    for column in again.index.drop("seconds"):
        # Another processor, or another number of threads, rounds differently.
        tolerance = 0.02 if column.endswith("error") else 0
        assert again[column] == pytest.approx(row[column], abs=tolerance)
