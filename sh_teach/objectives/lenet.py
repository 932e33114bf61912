"""The course's objective: LeNet's validation error on Fashion-MNIST, with pause and resume."""

import io
import warnings
import zipfile
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from sh_teach.arguments import integer, positive
from sh_teach.files import replace_file
from sh_teach.objectives.fashion_mnist import load_fashion_mnist

IMAGES_PER_EPOCH = 60_000
_generator_lock = Lock()


def hpo_objective_lenet(
    learning_rate,
    batch_size,
    max_epochs=10,
    checkpoint=None,
    data="auto",
    seed=0,
    device="auto",
):
    """Train LeNet on Fashion-MNIST by plain SGD and return its validation error.

    An epoch always shows the network 60,000 images; on the bundled sample of 10,000 that is six
    passes. Training for 2 epochs, and later on to 4 from the checkpoint, gives the same weights
    and error, bit for bit, as training for 4 at once with as many threads.

    Parameters
    ----------
    learning_rate : float
        Step size of SGD, above 0.
    batch_size : int
        Images per step.
    max_epochs : int
        The resource: train until the network has seen this many epochs, those of the checkpoint
        included.
    checkpoint : str or Path, optional
        Where this trial is paused: training resumes from this file if it exists, and replaces it
        after each epoch, so that a killed training loses one epoch at most.
    data : {"auto", "full", "sample"}
        See `sh_teach.objectives.fashion_mnist.load_fashion_mnist`.
    seed : int
        Fixes the initial weights and the order of the images.
    device : str
        As torch names it; ``"auto"`` is ``"cuda"`` where there is one, else ``"cpu"``.

    Returns
    -------
    float
        Share of the validation images that are classified wrongly, between 0 and 1; ``nan`` if
        the training diverged.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or if the checkpoint is of another configuration or
        was trained for more than `max_epochs`.

    Examples
    --------
    >>> hpo_objective_lenet(0.742, 94, max_epochs=1, data="sample") < 0.5
    True

    References
    ----------
    LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition.
    Proceedings of the IEEE, 1998. The sigmoid variant is that of Dive into Deep Learning.
    """
    learning_rate = positive("learning_rate", learning_rate)
    batch_size = integer("batch_size", batch_size, minimum=1)
    max_epochs = integer("max_epochs", max_epochs, minimum=1)
    seed = integer("seed", seed, minimum=0)
    device = _device(device)
    images = load_fashion_mnist(data, device=device)
    configuration = {
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "seed": seed,
        "data": images.name,
    }
    network = lenet(seed)
    epochs_done = _resume(network, checkpoint, configuration, max_epochs)
    network.to(device)
    # Fused: all weights in one step, which saves some 5 % of the time of an epoch.
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate, fused=True)
    for epoch in range(epochs_done, max_epochs):
        order = image_order(len(images.train_images), seed, epoch).to(device)
        for batch in order.split(batch_size):
            optimizer.zero_grad()
            outputs = network(images.train_images[batch])
            cross_entropy(outputs, images.train_labels[batch]).backward()
            optimizer.step()
        _pause(network, checkpoint, configuration, epoch + 1)
    return validation_error(network, images)


class MeanPool(torch.autograd.Function):
    """Average pooling over 2x2 pixels, for images of even height and width.

    The same as ``nn.AvgPool2d(2)``, whose kernels took 30 % of the time of an epoch on a CPU.
    """

    @staticmethod
    def forward(ctx, images):
        """Return the means of the 2x2 blocks, shape (n, channels, height / 2, width / 2)."""
        a, b, c, d = corners(images)
        return (a + b + c + d) / 4

    @staticmethod
    def backward(ctx, gradient):
        """Return the gradient of the images: each pixel gets a quarter of its block's."""
        n, channels, height, width = gradient.shape
        spread = gradient.new_empty(n, channels, 2 * height, 2 * width)
        quarter = gradient / 4
        for corner in corners(spread):
            corner.copy_(quarter)
        return spread


def corners(images):
    """Return four views, one of each corner of the 2x2 blocks of the images."""
    return [images[..., row::2, column::2] for row in (0, 1) for column in (0, 1)]


class Pool(nn.Module):
    """`MeanPool` as a layer."""

    def forward(self, images):
        """Halve height and width."""
        return MeanPool.apply(images)


def lenet(seed=0):
    """Return an untrained LeNet for 28x28 grey images and ten classes.

    Parameters
    ----------
    seed : int
        Fixes the initial weights; the state of torch's own generator stays as it is.

    Returns
    -------
    torch.nn.Sequential
        From images of shape (n, 1, 28, 28) to logits of shape (n, 10).
    """
    # All threads share torch's generator, so only one of them may use it at a time.
    with _generator_lock, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = nn.Sequential(
            *(nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.Sigmoid(), Pool()),
            *(nn.Conv2d(6, 16, kernel_size=5), nn.Sigmoid(), Pool()),
            *(nn.Flatten(), nn.Linear(400, 120), nn.Sigmoid()),
            *(nn.Linear(120, 84), nn.Sigmoid()),
            nn.Linear(84, 10),
        )
        for layer in network:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
    return network


def image_order(n, seed, epoch):
    """Return which images an epoch shows, in order: 60,000 indices below n, n a divisor of it.

    It depends on `seed` and `epoch` alone, so a resumed training needs to remember no generator.
    """
    entropy = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(entropy))
    passes = IMAGES_PER_EPOCH // n
    return torch.cat([torch.randperm(n, generator=generator) for _ in range(passes)])


@torch.inference_mode()
def validation_error(network, images):
    """Return the share of validation images that the network gets wrong, ``nan`` if it diverged.

    Parameters
    ----------
    network : torch.nn.Module
        From images of shape (n, 1, 28, 28) to logits of shape (n, 10).
    images : sh_teach.objectives.fashion_mnist.ImageData
        On the device of the network.
    """
    outputs = torch.cat([network(part) for part in images.validation_images.split(1000)])
    if not outputs.isfinite().all():
        return float("nan")
    return (outputs.argmax(1) != images.validation_labels).double().mean().item()


def _device(device):
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=str(device))
    except (RuntimeError, AssertionError) as error:  # a torch without CUDA asserts
        allowed = '"auto" or a device that torch has on this machine'
        raise ValueError(f"device={device!r}: it must be {allowed}") from error
    return device


def _resume(network, checkpoint, configuration, max_epochs):
    if checkpoint is None:
        return 0
    if Path(checkpoint).is_dir():
        raise ValueError(f"checkpoint={str(checkpoint)!r}: it must be a file, not a folder")
    Path(checkpoint).parent.mkdir(parents=True, exist_ok=True)
    if not Path(checkpoint).exists():
        return 0
    try:
        # torch leaves the checksums in its zip file unread: a flipped bit would go unnoticed.
        with zipfile.ZipFile(checkpoint) as archive:
            if name := archive.testzip():
                raise zipfile.BadZipFile(f"the checksum of {name} is wrong")
        paused = torch.load(checkpoint, map_location="cpu", weights_only=True)
        trained, epochs = paused["configuration"], paused["epochs"]
        weights = paused["weights"]
    except Exception as error:  # torch.load promises no particular one for a damaged file
        message = f"checkpoint={str(checkpoint)!r} is damaged, so training starts again ({error})"
        warnings.warn(message, stacklevel=3)
        return 0
    if trained != configuration:
        raise ValueError(
            f"checkpoint={str(checkpoint)!r} is of another configuration: "
            f"it has {trained}, you ask for {configuration}"
        )
    if epochs > max_epochs:
        raise ValueError(
            f"max_epochs={max_epochs}: it must be at least {epochs}, the epochs that "
            f"checkpoint={str(checkpoint)!r} was trained for"
        )
    network.load_state_dict(weights)
    return epochs


def _pause(network, checkpoint, configuration, epochs):
    if checkpoint is None:
        return
    content = io.BytesIO()
    weights = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
    torch.save({"configuration": configuration, "epochs": epochs, "weights": weights}, content)
    try:
        replace_file(checkpoint, content.getvalue())
    except OSError as error:
        # The error of the network is worth more than the file: without it the next rung only
        # trains these epochs again.
        warnings.warn(f"checkpoint={str(checkpoint)!r} was not written: {error}", stacklevel=3)
