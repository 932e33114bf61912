"""What the constructor of the tuner refuses: each mistake is named before anything runs."""

import functools
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from sh_teach import (
    ASHAScheduler,
    BasicScheduler,
    HPOScheduler,
    HPOSearcher,
    HPOTuner,
    HyperbandScheduler,
    RandomSearcher,
    RecordedCurves,
    SuccessiveHalvingScheduler,
)

SPACE = {"lr": stats.uniform(), "width": [8, 16]}


def halving(make=SuccessiveHalvingScheduler, searcher=None):
    return make(searcher or RandomSearcher(SPACE, seed=0), 2, 1, 4)


def objective(lr, width, max_epochs):
    return lr


def make(scheduler=None, objective=objective, **options):
    return HPOTuner(scheduler or halving(), objective, progress=False, **options)


# --- the scheduler and the objective -------------------------------------------------------


class OnlySuggests:
    def suggest(self):
        return {"lr": 1}


class NotCallable(OnlySuggests):
    update = None


@pytest.mark.parametrize(
    ("scheduler", "objective", "message"),
    [
        (objective, halving(), r"^scheduler=<function.* HPOTuner\(scheduler, objective\)"),
        (RandomSearcher(SPACE), objective, r"^scheduler=.* searcher.*BasicScheduler\(searcher\)"),
        (SuccessiveHalvingScheduler, objective, r"class.*SuccessiveHalvingScheduler\(\.\.\.\)"),
        (RandomSearcher, objective, r"^scheduler=.*class"),
        (OnlySuggests(), objective, r"it has no update\(\)\."),
        (NotCallable(), objective, r"it has no update\(\)\."),
        (None, objective, r"^scheduler=None: it has no suggest\(\) and update\(\)"),
        ({"lr": 0.1}, objective, "^scheduler={'lr': 0.1}"),
        (halving(), objective(0.1, 8, 1), r"^objective=0\.1: .*function, not float"),
        (halving(), None, "^objective=None"),
        (halving(), "objective", "^objective='objective'"),
        (halving(), halving(), "^objective=.*not SuccessiveHalvingScheduler"),
    ],
)
def test_what_is_no_scheduler_or_no_objective_is_refused(scheduler, objective, message):
    with pytest.raises(TypeError, match=message):
        HPOTuner(scheduler, objective)


def test_an_argument_of_run_is_no_argument_of_the_constructor():
    with pytest.raises(TypeError, match="number_of_trials"):
        HPOTuner(halving(), objective, number_of_trials=30)


# --- what the objective takes --------------------------------------------------------------


@pytest.mark.parametrize(
    "make_scheduler", [SuccessiveHalvingScheduler, HyperbandScheduler, ASHAScheduler]
)
@pytest.mark.parametrize(
    "other",
    [
        lambda lr, width, epochs: lr,
        lambda lr, width, epochs=10: lr,
        lambda width, seed=0, *, lr, epochs: lr,
        functools.partial(lambda lr, width, epochs, seed: lr, seed=0),
    ],
)
def test_a_resource_under_another_name_gets_a_message_that_renames_it(make_scheduler, other):
    with pytest.raises(TypeError, match=r"^objective: .*`lambda.*epochs=max_epochs.*`") as raised:
        make(halving(make_scheduler), other)
    renamed = eval(str(raised.value).split("`")[1], {"objective": other})
    make(halving(make_scheduler), renamed).run(3)  # as the message says


def test_a_resource_under_another_name_is_seen_without_knowing_the_searcher():
    class OwnSearcher(HPOSearcher):
        def sample_configuration(self):
            return {"lr": 0.1}

    with pytest.raises(TypeError, match=r"epochs=max_epochs, \*\*config"):
        make(halving(searcher=OwnSearcher()), lambda lr, epochs: lr)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (lambda lr, width: lr, "max_epochs"),
        (lambda lr, max_epochs: lr, "'width'"),
        (lambda lr, width, momentum, max_epochs: lr, "'momentum'"),
        (lambda learning_rate, width, max_epochs: 0, "'learning_rate'"),
        (lambda config: 0, "'config'"),
        (lambda *args: 0, "'lr'"),
        (lambda lr, /, width, max_epochs: lr, "'lr'"),
        (lambda lr, width, max_epochs, checkpoint: lr, "'checkpoint'.*checkpoint_dir"),
        (functools.partial(objective, 0.1), "'lr'"),
    ],
)
def test_arguments_that_do_not_fit_the_space_are_named(other, why):
    with pytest.raises(TypeError, match=f"^objective: .*objective.lr=.*{why}"):
        make(objective=other)


def test_random_search_gives_no_resource_but_what_its_space_has():
    with pytest.raises(TypeError, match="'max_epochs'"):
        make(BasicScheduler(RandomSearcher(SPACE)))
    make(BasicScheduler(RandomSearcher(SPACE | {"max_epochs": 3})))
    make(BasicScheduler(RandomSearcher(SPACE)), lambda lr, width: lr)


class Callable:
    def __call__(self, lr, width, max_epochs):
        return lr


class OfClass:
    def __init__(self, lr, width, max_epochs):
        pass


@functools.wraps(lambda lr, width, epochs: lr)
def decorated(**config):
    return config["lr"]


@pytest.mark.parametrize(
    "fits",
    [
        lambda **config: 0,
        lambda lr, **others: lr,
        lambda lr, width, max_epochs, seed=0, *args: lr,
        lambda lr, width, max_epochs, checkpoint=None: lr,
        functools.partial(lambda seed, lr, width, max_epochs: lr, 3),
        functools.partial(objective, lr=0.1),
        functools.lru_cache(objective),
        Callable(),
        Callable().__call__,
        OfClass,
        decorated,
        max,
    ],
)
def test_there_is_no_false_alarm_about_arguments(fits):
    make(objective=fits)


class OwnScheduler(SuccessiveHalvingScheduler):
    def suggest(self):
        trial = super().suggest()
        trial["epochs"] = trial.pop("max_epochs")
        return trial


def test_of_a_student_s_own_scheduler_nothing_is_taken_for_granted():
    make(halving(OwnScheduler), lambda lr, width, epochs: lr)


def test_recorded_curves_take_what_their_searcher_proposes():
    curves = RecordedCurves.load()
    make(halving(searcher=curves.searcher(0)), curves.objective).run(5)


# --- paths ---------------------------------------------------------------------------------


def pausing(lr, width, max_epochs, checkpoint=None):
    if checkpoint:
        checkpoint.touch()
    return lr


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize("name", ["checkpoint_dir", "journal"])
def test_a_path_may_begin_with_the_home_folder(name, kind, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    make(objective=pausing, **{name: kind("~/mine")}).run(1)
    assert (tmp_path / "mine").exists()
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize("name", ["checkpoint_dir", "journal"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [(3, TypeError), (["x"], TypeError), (True, TypeError), ("~no-such-user/x", ValueError)],
)
def test_what_is_no_path_is_refused(name, value, kind):
    with pytest.raises(kind, match=f"^{name}="):
        make(objective=pausing, **{name: value})


def test_a_checkpoint_dir_that_is_a_file_is_refused_and_left_as_it_is(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(ValueError, match=r"^checkpoint_dir=.*it is a file"):
        make(objective=pausing, checkpoint_dir=file)
    with pytest.raises(ValueError, match=r"^checkpoint_dir=.*cannot be used"):
        make(objective=pausing, checkpoint_dir=file / "below")
    assert file.read_text() == "mine"


def test_a_journal_that_is_a_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^journal=.*it is a folder"):
        make(journal=tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("name", ["checkpoint_dir", "journal"])
def test_where_nothing_can_be_written_the_argument_is_named(name, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match=f"^{name}=.*Permission denied"):
        make(objective=pausing, **{name: tmp_path / "x"})


def no_lock(*_, **__):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("name", ["checkpoint_dir", "journal"])
def test_a_lock_that_cannot_be_made_is_an_argument_that_cannot_be_used(
    name, tmp_path, monkeypatch
):
    monkeypatch.setattr("sh_teach.running.journal.FileLock.acquire", no_lock)
    with pytest.raises(ValueError, match=f"^{name}=.*cannot be used: Permission denied"):
        make(objective=pausing, **{name: tmp_path / "x"})


def test_nothing_has_changed_after_a_refusal(tmp_path):
    scheduler = halving()
    with pytest.raises(TypeError):
        make(scheduler, lambda config: 0, checkpoint_dir=tmp_path / "x")
    assert (scheduler.trials, scheduler.searcher.drawn) == (0, 0)
    assert not (tmp_path / "x").exists()


# --- what the objective returns ------------------------------------------------------------


@pytest.mark.parametrize("returned", [None, (0.1, 0.2), "0.1", [0.1], {"error": 0.1}, 1j])
def test_an_answer_that_is_no_number_is_named_with_its_configuration(returned):
    tuner = make(objective=lambda lr, width, max_epochs: returned)
    with pytest.raises(TypeError, match=r"^error=.*number") as raised:
        tuner.run(1)
    assert any("'lr'" in note for note in raised.value.__notes__)
    tuner.objective = objective  # as the note says
    tuner.run(2)
    assert all(math.isfinite(record["error"]) for record in tuner.records)


# --- what a student's own scheduler and searcher return -------------------------------------


class Forgets(HPOSearcher):
    def sample_configuration(self):
        {"lr": 0.1, "width": 8}  # noqa: B018


class Pairs(SuccessiveHalvingScheduler):
    def suggest(self):
        return super().suggest(), 1


class Yields(SuccessiveHalvingScheduler):
    def suggest(self):
        yield super().suggest()


class Unfinished(HPOScheduler):
    def __init__(self, searcher):
        self.searcher = searcher

    def suggest(self):
        return self.start(self.new_trial(max_epochs=1))

    def update(self, config, error, info=None):
        self.finish(config, error)


@pytest.mark.parametrize("scheduler", [SuccessiveHalvingScheduler, ASHAScheduler])
def test_a_searcher_that_returns_no_dict_is_named(scheduler):
    with pytest.raises(TypeError, match=r"^sample_configuration\(\) returned None.*a dict"):
        make(halving(scheduler, Forgets())).run(1)


@pytest.mark.parametrize("scheduler", [Pairs, Yields])
def test_a_scheduler_that_returns_no_dict_is_named(scheduler):
    with pytest.raises(TypeError, match=r"^suggest\(\) returned .*a dict, or None"):
        make(halving(scheduler)).run(1)


def test_a_scheduler_that_did_not_call_its_base_is_named_at_once():
    with pytest.raises(TypeError, match=r"^scheduler: .*super\(\).__init__\(searcher\)"):
        make(Unfinished(RandomSearcher(SPACE, seed=0)))


@pytest.mark.parametrize(
    "error", [np.bool_(True), np.array([False]), torch.tensor(True), np.complex128(1j)]
)
def test_what_is_no_real_number_is_no_error_in_the_types_of_numpy_and_torch_either(error):
    with pytest.raises(TypeError, match=r"^error=.*: an evaluation must give a number"):
        make(objective=lambda lr, width, max_epochs: error).run(1)


# --- what an objective may do ----------------------------------------------------------------


def test_an_objective_that_changes_its_arguments_changes_neither_space_nor_records():
    def adds_a_layer(layers, max_epochs):
        layers.append(10)
        return len(layers) / max_epochs

    space = {"layers": [[64], [64, 32]]}
    tuner = make(halving(searcher=RandomSearcher(space, seed=0)), adds_a_layer)
    tuner.run(14)
    assert space == {"layers": [[64], [64, 32]]}
    assert all(record["config"]["layers"] in space["layers"] for record in tuner.records)


def test_a_journal_and_checkpoints_stay_where_they_were_if_the_objective_goes_elsewhere(
    tmp_path, monkeypatch
):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(home)

    def goes_elsewhere(lr, width, max_epochs, checkpoint):
        os.chdir(elsewhere)
        checkpoint.touch()
        return lr

    tuner = make(objective=goes_elsewhere, journal="run.jsonl", checkpoint_dir="checkpoints")
    tuner.run(3)
    tuner.run(4)
    assert list(elsewhere.iterdir()) == []
    assert len(list((home / "checkpoints").glob("trial-*"))) == 4
    again = make(
        objective=goes_elsewhere,
        journal=home / "run.jsonl",
        checkpoint_dir=home / "checkpoints",
    )
    assert len(again.records) == 7
