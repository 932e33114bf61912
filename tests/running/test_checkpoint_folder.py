"""A folder of checkpoints is one run's: while it runs, and after."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from scipy import stats

from sh_teach import HPOTuner, RandomSearcher, SuccessiveHalvingScheduler


def pausing(x, max_epochs, checkpoint):
    """Train on from the checkpoint, whosever it is, as an objective that checks nothing does."""
    trained = int(checkpoint.read_text()) if checkpoint.exists() else 0
    checkpoint.write_text(str(max(trained, max_epochs)))
    return x + 1 / max(trained, max_epochs)


def make(folder, objective=pausing, journal=None, **options):
    searcher = RandomSearcher({"x": stats.uniform()}, seed=0)
    scheduler = SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=4)
    return HPOTuner(
        scheduler, objective, checkpoint_dir=folder, journal=journal, progress=False, **options
    )


def errors(tuner):
    return [record["error"] for record in tuner.records]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "checkpoints"


@pytest.fixture
def undisturbed(tmp_path):
    tuner = make(tmp_path / "undisturbed")
    tuner.run(7)
    return errors(tuner)


def test_of_two_tuners_made_before_either_ran_the_second_is_refused_when_it_starts(
    folder, undisturbed
):
    first, second = make(folder), make(folder)
    first.run(7)
    before = content(folder)
    with pytest.raises(ValueError, match=r"^checkpoint_dir=.*another run.*empty folder"):
        second.run(7)
    assert second.records == []
    assert content(folder) == before
    assert errors(first) == undisturbed


def test_the_same_tuner_may_run_again_and_again(folder, undisturbed):
    tuner = make(folder)
    for _ in range(7):
        tuner.run(1)
    assert errors(tuner) == undisturbed


def test_a_finished_run_s_folder_is_refused_at_once(folder):
    make(folder).run(7)
    with pytest.raises(ValueError, match=r"^checkpoint_dir=.*another run"):
        make(folder)


def test_a_cell_that_is_run_again_after_its_objective_failed_takes_the_folder(folder, undisturbed):
    with pytest.raises(ZeroDivisionError):
        make(folder, lambda x, max_epochs, checkpoint: 1 / 0).run(7)
    again = make(folder)
    again.run(7)
    assert errors(again) == undisturbed


def test_the_tuner_whose_folder_was_taken_is_refused_when_it_runs_again(folder):
    first = make(folder, lambda x, max_epochs, checkpoint: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        first.run(7)
    make(folder).run(3)
    first.objective = pausing
    with pytest.raises(ValueError, match=r"^checkpoint_dir=.*another run"):
        first.run(7)


def test_while_a_run_uses_the_folder_no_other_one_does_even_before_the_first_checkpoint(folder):
    other = make(folder)

    def nosy(x, max_epochs, checkpoint):
        with pytest.raises(RuntimeError, match=r"^checkpoint_dir=.*using it"):
            other.run(1)
        with pytest.raises(RuntimeError, match=r"^checkpoint_dir=.*using it"):
            make(folder)
        return x

    make(folder, nosy).run(2)
    assert other.records == []


OTHER_PROCESS = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_checkpoint_folder import make, pausing

def patient(x, max_epochs, checkpoint):
    print("running", flush=True)
    sys.stdin.readline()
    return pausing(x, max_epochs, checkpoint)

make(Path({folder!r}), patient).run(1)
"""


def test_another_process_that_uses_the_folder_is_noticed_and_its_death_too(folder, undisturbed):
    code = OTHER_PROCESS.format(tests=os.path.dirname(__file__), folder=str(folder))
    tuner = make(folder)
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        assert process.stdout.readline().strip() == b"running"
        with pytest.raises(RuntimeError, match=r"^checkpoint_dir=.*using it"):
            tuner.run(1)
        process.kill()
        process.wait()
    tuner.run(7)  # a process that died before its first checkpoint locks nothing
    assert errors(tuner) == undisturbed


def test_after_a_death_with_checkpoints_the_message_s_advice_works(folder, undisturbed):
    make(folder).run(3)
    with pytest.raises(ValueError, match="delete this one"):
        make(folder)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    tuner = make(folder)
    tuner.run(7)
    assert errors(tuner) == undisturbed


def test_a_run_that_continues_from_its_journal_finds_its_checkpoints(
    folder, tmp_path, undisturbed
):
    for count in (2, 5, 7):
        tuner = make(folder, journal=tmp_path / "run.jsonl")
        tuner.run(count)
    assert errors(tuner) == undisturbed


def test_a_journal_and_its_folder_may_be_moved(folder, tmp_path, undisturbed):
    make(folder, journal=tmp_path / "run.jsonl").run(3)
    folder.rename(tmp_path / "moved")
    (tmp_path / "run.jsonl").rename(tmp_path / "moved.jsonl")
    tuner = make(tmp_path / "moved", journal=tmp_path / "moved.jsonl")
    tuner.run(7)
    assert errors(tuner) == undisturbed


def test_another_run_of_the_same_settings_is_another_run_even_under_the_same_name(
    folder, tmp_path
):
    journal = tmp_path / "run.jsonl"
    make(folder, journal=journal).run(3)
    journal.unlink()
    make(tmp_path / "elsewhere", journal=journal).run(3)
    with pytest.raises(ValueError, match=r"^checkpoint_dir=.*another run"):
        make(folder, journal=journal)


def test_a_run_that_was_killed_before_its_journal_began_can_be_made_again(
    folder, tmp_path, undisturbed
):
    make(folder, journal=tmp_path / "run.jsonl").run(0)  # which marks the folder
    tuner = make(folder, journal=tmp_path / "run.jsonl")
    tuner.run(7)
    assert errors(tuner) == undisturbed


def test_files_of_another_origin_stay_and_checkpoints_of_another_origin_are_refused(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    tuner = make(folder)
    tuner.run(2)
    assert (folder / "notes.txt").read_text() == "mine"
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "trial-7").write_text("4")
    with pytest.raises(ValueError, match=r"^checkpoint_dir=.*another run"):
        make(elsewhere)
    assert content(elsewhere)["trial-7"] == b"4"


def test_a_folder_that_was_deleted_meanwhile_is_made_again(folder, undisturbed):
    tuner = make(folder)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    tuner.run(7)
    assert errors(tuner) == undisturbed
    assert Path(folder / "trial-0").exists()
