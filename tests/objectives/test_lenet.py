"""The objective learns, pauses and resumes to the bit, and loses no work."""

import errno
import io
import os
import pickle
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from sh_teach.objectives import lenet
from sh_teach.objectives.fashion_mnist import ImageData, load_fashion_mnist
from sh_teach.objectives.lenet import hpo_objective_lenet, image_order
from sh_teach.objectives.training import validation_error

GOOD = {"learning_rate": 0.742, "batch_size": 94}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Train on one thread: several, on a machine with other work, wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tiny(monkeypatch):
    """Let an epoch be two passes over 300 images, so that training takes a moment."""
    part = ImageData("sample", *(tensor[:300] for tensor in load_fashion_mnist("sample")[1:]))
    monkeypatch.setattr(lenet, "load_fashion_mnist", lambda data, device: part)
    monkeypatch.setattr(lenet, "IMAGES_PER_EPOCH", 600)
    return part


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "trial-0.pt"


@pytest.fixture
def paused(tiny, checkpoint):
    """Return a checkpoint after two (tiny) epochs."""
    hpo_objective_lenet(**GOOD, max_epochs=2, checkpoint=checkpoint)
    return checkpoint


def train(path, *epochs, **changed):
    """Train up to each of the epochs in turn; return the last error and the weights."""
    for max_epochs in epochs:
        error = hpo_objective_lenet(**GOOD | changed, max_epochs=max_epochs, checkpoint=path)
    return error, torch.load(path, weights_only=True)["weights"]


def same_weights(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# --- training ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return error and weights after two real epochs on the sample, trained at once."""
    return train(tmp_path_factory.mktemp("trained") / "at once.pt", 2, data="sample")


def test_a_good_configuration_learns_within_two_epochs(trained):
    assert trained[0] < 0.35


def test_the_objective_returns_a_float_between_0_and_1(trained):
    assert type(trained[0]) is float
    assert 0 <= trained[0] <= 1


def test_training_that_was_paused_after_one_epoch_ends_with_the_same_error_and_weights(
    trained, checkpoint
):
    error, weights = train(checkpoint, 1, 2, data="sample")
    assert error == trained[0]
    assert same_weights(weights, trained[1])


@pytest.mark.parametrize("batch_size", [94, 1000])
def test_training_for_2_then_4_epochs_gives_the_same_weights_as_for_4_at_once(
    tiny, tmp_path, batch_size
):
    once = train(tmp_path / "once", 4, batch_size=batch_size)
    twice = train(tmp_path / "twice", 2, 4, batch_size=batch_size)
    assert once[0] == twice[0]
    assert same_weights(once[1], twice[1])


def test_pausing_changes_no_weight_when_two_threads_train(tiny, tmp_path):
    torch.set_num_threads(2)
    try:
        once, twice = train(tmp_path / "once", 2), train(tmp_path / "twice", 1, 2)
    finally:
        torch.set_num_threads(1)
    assert same_weights(once[1], twice[1])


def test_more_epochs_give_other_weights(tiny, tmp_path):
    # Otherwise the tests of resuming would pass for a training that does nothing.
    assert not same_weights(train(tmp_path / "2", 2)[1], train(tmp_path / "4", 4)[1])


def test_the_same_seed_gives_the_same_weights(tiny, tmp_path):
    assert same_weights(train(tmp_path / "a", 1, seed=7)[1], train(tmp_path / "b", 1, seed=7)[1])


def test_another_seed_gives_other_weights(tiny, tmp_path):
    a, b = train(tmp_path / "a", 1, seed=7)[1], train(tmp_path / "b", 1, seed=8)[1]
    assert not same_weights(a, b)


def test_training_leaves_torch_s_own_generator_as_it_is(tiny):
    before = torch.get_rng_state()
    hpo_objective_lenet(**GOOD, max_epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_torch_s_own_generator_has_no_influence_on_the_weights(tiny, tmp_path):
    a = train(tmp_path / "a", 1)[1]
    torch.rand(1)
    assert same_weights(a, train(tmp_path / "b", 1)[1])


def test_training_that_diverges_gives_nan(tiny):
    error = hpo_objective_lenet(learning_rate=1e38, batch_size=94, max_epochs=1)
    assert np.isnan(error)


def test_resuming_a_training_that_diverged_gives_nan(tiny, checkpoint):
    error, _ = train(checkpoint, 1, 2, learning_rate=1e38)
    assert np.isnan(error)


# --- arguments -----------------------------------------------------------------------------

NO_DEVICES = ["gpu", "", None, "cuda:99"]


@pytest.mark.parametrize(
    ("error", "argument", "value"),
    [
        *[(ValueError, "learning_rate", value) for value in (0, -1, float("nan"), float("inf"))],
        *[(TypeError, "learning_rate", value) for value in ("0.1", True, None)],
        *[(ValueError, "batch_size", value) for value in (0, -3)],
        *[(TypeError, "batch_size", value) for value in (1.5, "64", True)],
        *[(ValueError, "max_epochs", value) for value in (0, -1)],
        (TypeError, "max_epochs", 2.0),
        (ValueError, "seed", -1),
        (TypeError, "seed", None),
        *[(ValueError, "data", value) for value in ("half", None)],
        *[(ValueError, "device", value) for value in NO_DEVICES],
    ],
)
def test_a_bad_argument_s_error_names_the_argument_its_value_and_what_is_allowed(
    error, argument, value
):
    arguments = GOOD | {"max_epochs": 1, "data": "sample", argument: value}
    with pytest.raises(error, match=f"^{argument}={re.escape(repr(value))}: it must be "):
        hpo_objective_lenet(**arguments)


def test_numbers_of_a_scipy_distribution_work_like_python_s(tiny, checkpoint):
    rate = stats.loguniform(1e-2, 1).rvs(size=1, random_state=0)[0]
    size = stats.randint(32, 256).rvs(size=1, random_state=0)[0]
    assert isinstance(size, np.integer)
    hpo_objective_lenet(rate, size, max_epochs=1, checkpoint=checkpoint)
    # The checkpoint would be refused if it belonged to another configuration.
    hpo_objective_lenet(float(rate), int(size), max_epochs=2, checkpoint=checkpoint)


# --- checkpoints ---------------------------------------------------------------------------


def test_resuming_trains_only_the_epochs_that_are_missing(paused, monkeypatch):
    trained = []

    def noted(n, seed, epoch):
        trained.append(epoch)
        return image_order(n, seed, epoch)

    monkeypatch.setattr(lenet, "image_order", noted)
    hpo_objective_lenet(**GOOD, max_epochs=4, checkpoint=paused)
    assert trained == [2, 3]


def test_a_training_that_was_killed_loses_one_epoch_at_most(checkpoint, tiny, monkeypatch):
    undisturbed = hpo_objective_lenet(**GOOD, max_epochs=4)
    trained = []

    def killed_in_the_third(n, seed, epoch):
        trained.append(epoch)
        if trained == [0, 1, 2]:
            raise SystemExit
        return image_order(n, seed, epoch)

    monkeypatch.setattr(lenet, "image_order", killed_in_the_third)
    with pytest.raises(SystemExit):
        hpo_objective_lenet(**GOOD, max_epochs=4, checkpoint=checkpoint)
    assert hpo_objective_lenet(**GOOD, max_epochs=4, checkpoint=checkpoint) == undisturbed
    assert trained == [0, 1, 2, 2, 3]


def test_a_checkpoint_that_has_all_the_epochs_gives_the_same_error_without_training(
    tiny, checkpoint, monkeypatch
):
    error, _ = train(checkpoint, 2)
    monkeypatch.delattr(lenet, "image_order")
    assert hpo_objective_lenet(**GOOD, max_epochs=2, checkpoint=checkpoint) == error


def test_a_checkpoint_may_be_in_the_home_folder(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    hpo_objective_lenet(**GOOD, max_epochs=1, checkpoint="~/trial.pt")
    assert (tmp_path / "trial.pt").is_file()


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize("name", ["a trial.pt", "Prüfung β/no suffix", "new/folders/trial"])
def test_a_checkpoint_is_written_wherever_its_path_says(tiny, tmp_path, kind, name):
    hpo_objective_lenet(**GOOD, max_epochs=1, checkpoint=kind(tmp_path / name))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


@pytest.mark.parametrize(
    ("argument", "value"), [("learning_rate", 0.741), ("batch_size", 93), ("seed", 1)]
)
def test_a_checkpoint_of_another_configuration_is_refused_and_kept(paused, argument, value):
    before = paused.read_bytes()
    with pytest.raises(ValueError, match="belongs to another configuration") as caught:
        hpo_objective_lenet(**GOOD | {argument: value}, max_epochs=4, checkpoint=paused)
    assert f"checkpoint={str(paused)!r}" in str(caught.value)
    assert f"{argument!r}: {value!r}" in str(caught.value)
    assert paused.read_bytes() == before


def test_a_checkpoint_of_the_other_data_set_is_refused_and_kept(tiny, paused, monkeypatch):
    before = paused.read_bytes()
    full = tiny._replace(name="full")
    monkeypatch.setattr(lenet, "load_fashion_mnist", lambda data, device: full)
    with pytest.raises(ValueError, match="belongs to another configuration"):
        hpo_objective_lenet(**GOOD, max_epochs=4, checkpoint=paused)
    assert paused.read_bytes() == before


def test_a_checkpoint_with_more_epochs_than_asked_for_is_refused_and_kept(paused):
    before = paused.read_bytes()
    with pytest.raises(ValueError, match=r"^max_epochs=1: it must be at least 2") as caught:
        hpo_objective_lenet(**GOOD, max_epochs=1, checkpoint=paused)
    assert f"checkpoint={str(paused)!r}" in str(caught.value)
    assert paused.read_bytes() == before


def flip(where):
    def damage(content):
        position = content.index(where) if isinstance(where, bytes) else int(where * len(content))
        flipped = content[position] ^ 0x40
        return content[:position] + bytes([flipped]) + content[position + 1 :]

    return damage


DAMAGE = {
    "empty": lambda content: b"",
    "garbage": lambda content: b"this is no checkpoint" * 1000,
    "first half": lambda content: content[: len(content) // 2],
    "last byte lost": lambda content: content[:-1],
    "zeros": lambda content: bytes(len(content)),
    "a bit of the weights": flip(0.5),
    "a bit of the seed's name": flip(b"seed"),
    "another program's": lambda content: zipped({"model": 1}),
    "no dict": lambda content: zipped([1, 2]),
}


def zipped(thing):
    file = io.BytesIO()
    torch.save(thing, file)
    return file.getvalue()


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_checkpoint_costs_a_warning_and_training_from_scratch(paused, tmp_path, damage):
    error, weights = train(tmp_path / "from scratch", 3)
    paused.write_bytes(damage(paused.read_bytes()))
    with pytest.warns(UserWarning, match="is damaged") as caught:
        error_again, weights_again = train(paused, 3)
    assert [f"checkpoint={str(paused)!r}" in str(w.message) for w in caught] == [True]
    assert error_again == error
    assert same_weights(weights_again, weights)


class Trap:
    """Something that, once unpickled, has made a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("form", ["zip", "pickle"])
def test_code_in_a_checkpoint_is_never_run(tiny, checkpoint, tmp_path, form):
    trap = {"configuration": {}, "epochs": 1, "weights": Trap(tmp_path / "trapped")}
    content = zipped(trap) if form == "zip" else pickle.dumps(trap, protocol=2)
    checkpoint.write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged"):
        hpo_objective_lenet(**GOOD, max_epochs=1, checkpoint=checkpoint)
    assert not (tmp_path / "trapped").exists()
    # The trap works if the file is trusted.
    pickle.loads(content) if form == "pickle" else torch.load(
        io.BytesIO(content), weights_only=False
    )
    assert (tmp_path / "trapped").exists()


# --- writing the checkpoint ----------------------------------------------------------------


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
def test_when_the_disk_is_full_the_error_is_returned_and_the_old_checkpoint_kept(
    paused, tmp_path, monkeypatch, step
):
    before = paused.read_bytes()
    error = hpo_objective_lenet(**GOOD, max_epochs=3)
    monkeypatch.setattr(step, full_disk)
    with pytest.warns(UserWarning, match="was not written") as caught:
        assert hpo_objective_lenet(**GOOD, max_epochs=3, checkpoint=paused) == error
    assert f"checkpoint={str(paused)!r}" in str(caught[0].message)
    assert paused.read_bytes() == before
    assert os.listdir(tmp_path) == [paused.name]  # nothing partial is left


def test_an_interrupt_while_a_checkpoint_is_written_keeps_the_old_one(
    paused, tmp_path, monkeypatch
):
    def interrupt(_):
        raise KeyboardInterrupt

    before = paused.read_bytes()
    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        hpo_objective_lenet(**GOOD, max_epochs=3, checkpoint=paused)
    assert paused.read_bytes() == before
    assert os.listdir(tmp_path) == [paused.name]


def test_the_old_checkpoint_is_there_until_the_new_one_is_whole(paused, monkeypatch):
    before, moved = paused.read_bytes(), []
    replace = os.replace

    def noted(new, old):
        moved.append((torch.load(new, weights_only=True)["epochs"], Path(old).read_bytes()))
        replace(new, old)

    monkeypatch.setattr("os.replace", noted)
    hpo_objective_lenet(**GOOD, max_epochs=3, checkpoint=paused)
    assert moved == [(3, before)]


# --- the network ---------------------------------------------------------------------------


def test_lenet_has_the_61706_parameters_of_the_book_s():
    assert sum(weights.numel() for weights in lenet.lenet().parameters()) == 61_706


def test_lenet_turns_images_into_ten_logits():
    assert lenet.lenet()(torch.rand(3, 1, 28, 28)).shape == (3, 10)


def test_networks_made_in_many_threads_get_the_weights_of_their_seeds():
    # torch's own generator is one for all threads.
    def make(seed):
        start.wait()
        return [lenet.lenet(seed).state_dict() for _ in range(10)]

    expected = [lenet.lenet(seed).state_dict() for seed in range(4)]
    start = threading.Barrier(4)
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(make, range(4)))
    for weights, same_seed in zip(expected, made, strict=True):
        assert all(same_weights(weights, again) for again in same_seed)


# --- the order of the images ---------------------------------------------------------------


@pytest.mark.parametrize("n", [10_000, 60_000])
def test_an_epoch_shows_60000_images_and_each_equally_often(n):
    order = image_order(n, seed=0, epoch=0)
    assert len(order) == 60_000
    assert torch.bincount(order).tolist() == [60_000 // n] * n


def test_no_image_is_shown_again_before_all_were_shown():
    for one_pass in image_order(10_000, seed=0, epoch=0).split(10_000):
        assert len(one_pass.unique()) == 10_000


def test_the_order_is_shuffled():
    order = image_order(10_000, seed=0, epoch=0)
    assert not torch.equal(order[:10_000], torch.arange(10_000))
    assert not torch.equal(order[:10_000], order[10_000:20_000])


def test_the_order_depends_on_seed_and_epoch_alone():
    first = image_order(100, seed=3, epoch=5)
    torch.rand(1)
    image_order(100, seed=0, epoch=0)
    assert torch.equal(image_order(100, seed=3, epoch=5), first)


@pytest.mark.parametrize(("seed", "epoch"), [(3, 6), (4, 5), (5, 3)])
def test_the_order_of_another_seed_or_epoch_is_another(seed, epoch):
    order = image_order(100, seed=3, epoch=5)
    assert not torch.equal(image_order(100, seed=seed, epoch=epoch), order)


# --- the validation error ------------------------------------------------------------------


class Answers(nn.Module):
    """A network that has the answers, given in the first pixel of each image."""

    def forward(self, images):
        return nn.functional.one_hot(images[:, 0, 0, 0].long(), 10).float()


def quiz(answers, labels):
    """Return validation images whose first pixel is the answer that `Answers` will give."""
    images = torch.zeros(len(answers), 1, 28, 28)
    images[:, 0, 0, 0] = answers
    return ImageData("sample", images, labels, images, labels)


@pytest.mark.parametrize("wrong", [0, 7, 2300])
def test_the_validation_error_is_the_share_of_images_classified_wrongly(wrong):
    labels = torch.arange(2300) % 10
    answers = labels.clone()
    answers[:wrong] = (answers[:wrong] + 1) % 10
    assert validation_error(Answers(), quiz(answers, labels)) == wrong / 2300


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_one_output_that_is_not_finite_makes_the_validation_error_nan(value):
    class Diverged(Answers):
        def forward(self, images):
            outputs = super().forward(images)
            outputs[0, 3] = value
            return outputs

    labels = torch.arange(20) % 10
    assert np.isnan(validation_error(Diverged(), quiz(labels, labels)))


@pytest.mark.parametrize("folder", ["", "."])
def test_a_folder_given_as_checkpoint_is_refused_before_training(
    tiny, tmp_path, monkeypatch, folder
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=re.escape("it must be a file, not a folder")):
        hpo_objective_lenet(**GOOD, max_epochs=1, checkpoint=folder)
