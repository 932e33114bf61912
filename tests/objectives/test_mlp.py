"""The perceptron learns, pauses and resumes to the bit, with momentum, dropout and schedule."""

import re
from concurrent.futures import ThreadPoolExecutor

import mlp
import numpy as np
import pytest
import torch
from mlp import hpo_objective_mlp, perceptron, split_validation

from sh_teach import hpo_objective_lenet
from sh_teach.objectives import lenet, training
from sh_teach.objectives.fashion_mnist import ImageData, find_full_data, load_fashion_mnist
from sh_teach.objectives.training import validation_error

GOOD = {
    "learning_rate": 0.02,
    "batch_size": 32,
    "width": 64,
    "dropout": 0.3,
    "weight_decay": 1e-3,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tiny(monkeypatch):
    """Let an epoch be 300 images, so that training takes a moment."""
    part = ImageData("sample", *(tensor[:300] for tensor in load_fashion_mnist("sample")[1:]))
    monkeypatch.setattr(mlp, "load_fashion_mnist", lambda data, device: part)
    return part


def train(path, *epochs, **changed):
    """Train up to each of the epochs in turn; return the last error and the checkpoint."""
    for max_epochs in epochs:
        error = hpo_objective_mlp(**GOOD | changed, max_epochs=max_epochs, checkpoint=path)
    return error, torch.load(path, weights_only=True)


def same_weights(a, b):
    a, b = a["weights"], b["weights"]
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def weights_after(path, *epochs, **changed):
    return train(path, *epochs, **changed)[1]


# --- training ------------------------------------------------------------------------------


def test_a_good_configuration_learns_within_three_epochs():
    error = hpo_objective_mlp(**GOOD, max_epochs=3, data="sample")
    assert type(error) is float
    assert 0.1 < error < 0.25


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"dropout": 0},
        {"weight_decay": 0},
        {"batch_size": 1000},
        {"decay_epochs": 3},
        {"decay_epochs": 6},
    ],
    ids=str,
)
def test_training_for_2_then_4_epochs_gives_the_same_weights_as_for_4_at_once(
    tiny, tmp_path, changed
):
    once = train(tmp_path / "once", 4, **changed)
    twice = train(tmp_path / "twice", 2, 4, **changed)
    assert once[0] == twice[0]
    assert same_weights(once[1], twice[1])


def test_the_momentum_is_resumed_too(tiny, tmp_path):
    # Otherwise the first test of resuming could pass for a training without momentum.
    checkpoint = tmp_path / "momentum lost"
    _, paused = train(checkpoint, 2)
    for state in paused["optimizer"]["state"].values():
        state["momentum_buffer"].zero_()
    torch.save(paused, checkpoint)
    lost = weights_after(checkpoint, 4)
    assert not same_weights(lost, weights_after(tmp_path / "kept", 4))


@pytest.mark.parametrize("decay_epochs", [None, 8])
def test_more_epochs_give_other_weights(tiny, tmp_path, decay_epochs):
    two = weights_after(tmp_path / "2", 2, decay_epochs=decay_epochs)
    assert not same_weights(two, weights_after(tmp_path / "4", 4, decay_epochs=decay_epochs))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", 1),
        ("learning_rate", 0.03),
        ("batch_size", 33),
        ("dropout", 0.4),
        ("weight_decay", 0.01),
        ("decay_epochs", 2),
    ],
)
def test_each_argument_changes_the_weights(tiny, tmp_path, name, value):
    changed = weights_after(tmp_path / "changed", 1, **{name: value})
    assert not same_weights(changed, weights_after(tmp_path / "as before", 1))


def test_the_same_seed_gives_the_same_weights(tiny, tmp_path):
    a, b = (weights_after(tmp_path / name, 1, seed=7) for name in "ab")
    assert same_weights(a, b)


def test_torch_s_own_generator_is_neither_used_nor_changed(tiny, tmp_path):
    before = torch.get_rng_state()
    a = weights_after(tmp_path / "a", 1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    assert same_weights(a, weights_after(tmp_path / "b", 1))


def test_trainings_in_many_threads_give_the_weights_of_their_seeds(tiny, tmp_path):
    def trained(folder, seed):
        return weights_after(tmp_path / f"{folder}-{seed}", 2, seed=seed)

    expected = [trained("alone", seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda seed: trained("together", seed), range(4)))
    assert all(map(same_weights, expected, together))


def test_training_that_diverges_gives_nan(tiny, tmp_path):
    assert np.isnan(train(tmp_path / "diverged", 1, 2, learning_rate=1e30)[0])


# --- images --------------------------------------------------------------------------------


def test_it_trains_on_the_sample_and_is_judged_on_half_of_the_validation_images(
    tmp_path, monkeypatch
):
    sample = ImageData("sample", *(tensor[:300] for tensor in load_fashion_mnist("sample")[1:]))
    full = ImageData("full", *(tensor[300:900] for tensor in load_fashion_mnist("sample")[1:]))
    sets = {"full": full, "sample": sample}
    monkeypatch.setattr(mlp, "load_fashion_mnist", lambda data, device: sets[data])
    seen = []

    def noted(network, optimizer, images, *rest):
        seen.append(images)
        return training.train(network, optimizer, images, *rest)

    monkeypatch.setattr(mlp, "train", noted)
    error, paused = train(tmp_path / "checkpoint", 2, data="full")
    network = perceptron(GOOD["width"], GOOD["dropout"])
    network.load_state_dict(paused["weights"])
    select, report = split_validation(full)
    assert error == validation_error(network, select) != validation_error(network, report)
    assert seen[0].train_images is sample.train_images
    assert seen[0].train_labels is sample.train_labels


def test_the_validation_error_is_without_dropout(tiny, tmp_path):
    error, _ = train(tmp_path / "checkpoint", 2)
    assert error == train(tmp_path / "checkpoint", 2)[0]


def test_the_two_halves_of_the_validation_images_have_none_in_common_and_the_same_classes():
    whole = load_fashion_mnist("sample")
    whole = whole._replace(validation_images=torch.arange(2500))
    select, report = split_validation(whole)
    for half in (select, report):
        assert torch.bincount(half.validation_labels).tolist() == [125] * 10
        assert torch.equal(half.validation_labels, whole.validation_labels[half.validation_images])
        assert half.train_images is whole.train_images
    assert set(select.validation_images.tolist()).isdisjoint(report.validation_images.tolist())


def test_the_validation_images_are_always_split_in_the_same_way():
    if find_full_data() is None:
        pytest.skip("the full data set is not on this machine")
    # The recorded curves were judged on these halves; another split would make them worthless.
    whole = load_fashion_mnist("full")
    select, report = split_validation(whole._replace(validation_images=torch.arange(10_000)))
    assert select.validation_images[:6].tolist() == [9, 10, 12, 15, 16, 20]
    assert report.validation_images[:6].tolist() == [0, 1, 2, 3, 4, 5]
    assert select.validation_images.sum().item() == 24_944_758


# --- the schedule --------------------------------------------------------------------------


def rates(tmp_path, monkeypatch, **arguments):
    """Return the learning rate of each step."""
    noted = []

    class Noting(torch.optim.SGD):
        def step(self):
            noted.append(self.param_groups[0]["lr"])
            super().step()

    monkeypatch.setattr("torch.optim.SGD", Noting)
    train(tmp_path / "checkpoint", 2, 9, batch_size=150, **arguments)
    return noted


def test_without_a_schedule_the_learning_rate_is_constant(tiny, tmp_path, monkeypatch):
    assert rates(tmp_path, monkeypatch) == [0.02] * 18


def test_the_learning_rate_falls_to_0_at_the_end_of_the_decay(tiny, tmp_path, monkeypatch):
    expected = [0.02 * (1 - step / 8) for step in range(8)]
    assert rates(tmp_path, monkeypatch, decay_epochs=4) == pytest.approx(expected)


def test_after_the_decay_nothing_changes(tiny, tmp_path):
    end = train(tmp_path / "checkpoint", 3, decay_epochs=3)
    later = train(tmp_path / "checkpoint", 3, 5, decay_epochs=3)
    assert later[0] == end[0]
    assert same_weights(later[1], end[1])


# --- arguments and checkpoints -------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "argument", "value"),
    [
        *[(ValueError, "learning_rate", value) for value in (0, -1, float("nan"))],
        (ValueError, "batch_size", 0),
        *[(ValueError, "width", value) for value in (0, -1)],
        (TypeError, "width", 1.5),
        *[(ValueError, "dropout", value) for value in (-0.1, 1, 1.5, float("nan"))],
        *[(TypeError, "dropout", value) for value in ("0.1", True, None)],
        *[(ValueError, "weight_decay", value) for value in (-1e-6, float("inf"), float("nan"))],
        *[(TypeError, "weight_decay", value) for value in ("0", False)],
        (ValueError, "max_epochs", 0),
        (ValueError, "seed", -1),
        (ValueError, "data", "half"),
        (ValueError, "device", "gpu"),
        (ValueError, "decay_epochs", 0),
        (TypeError, "decay_epochs", 2.5),
    ],
)
def test_a_bad_argument_s_error_names_the_argument_its_value_and_what_is_allowed(
    error, argument, value
):
    arguments = GOOD | {"max_epochs": 1, "data": "sample", argument: value}
    with pytest.raises(error, match=f"^{argument}={re.escape(repr(value))}: it must be "):
        hpo_objective_mlp(**arguments)


@pytest.mark.parametrize("name", [*GOOD, "seed", "decay_epochs"])
def test_a_checkpoint_of_another_configuration_is_refused_and_kept(tiny, tmp_path, name):
    checkpoint = tmp_path / "checkpoint"
    train(checkpoint, 1)
    before = checkpoint.read_bytes()
    with pytest.raises(ValueError, match="belongs to another configuration"):
        train(checkpoint, 2, **{name: {"dropout": 0.5}.get(name, 3)})
    assert checkpoint.read_bytes() == before


def test_a_checkpoint_of_lenet_is_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(lenet, "load_fashion_mnist", lambda data, device: tiny)
    monkeypatch.setattr(lenet, "IMAGES_PER_EPOCH", 300)
    hpo_objective_lenet(0.1, 32, max_epochs=1, checkpoint=tmp_path / "checkpoint")
    with pytest.raises(ValueError, match="belongs to another configuration"):
        train(tmp_path / "checkpoint", 2)


def test_a_checkpoint_of_other_images_is_refused(tiny, tmp_path, monkeypatch):
    train(tmp_path / "checkpoint", 1)
    full = tiny._replace(name="full")
    monkeypatch.setattr(mlp, "load_fashion_mnist", lambda data, device: full)
    with pytest.raises(ValueError, match="belongs to another configuration"):
        train(tmp_path / "checkpoint", 2)


# --- the network ---------------------------------------------------------------------------


class Ones(torch.nn.Module):
    """A layer whose 100 units are 1."""

    def forward(self, images):
        return torch.ones(len(images), 100)


def test_dropout_sets_its_share_of_the_units_to_0_and_keeps_the_mean():
    network = perceptron(100, 0.3)
    network.generator = torch.Generator().manual_seed(0)
    network.hidden, network.logits = torch.nn.ModuleList([Ones()]), torch.nn.Identity()
    units = network(torch.rand(1000, 1, 28, 28))
    assert (units == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert units.mean().item() == pytest.approx(1, abs=0.01)
    assert units.unique().tolist() == pytest.approx([0, 1 / 0.7])


def test_dropout_does_nothing_outside_training():
    images = torch.rand(10, 1, 28, 28)
    with_dropout, without = perceptron(32, 0.3).eval(), perceptron(32, 0)
    assert torch.equal(with_dropout(images), without(images))


def test_the_initial_weights_depend_on_the_seed_alone():
    first = perceptron(32, 0.1, seed=3).state_dict()
    torch.rand(1)
    again, other = perceptron(32, 0.1, seed=3).state_dict(), perceptron(32, 0.1, 4).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
