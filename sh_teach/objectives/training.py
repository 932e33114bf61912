"""What all networks share: the training loop, the error, the device, and randomness by seed."""

from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from sh_teach.objectives.checkpoint import pause, resume

_generator_lock = Lock()


def train(network, optimizer, images, batches, max_epochs, checkpoint, config):
    """Train up to epoch `max_epochs`, pausing after each, and return the validation error."""
    if checkpoint is not None:
        checkpoint = Path(checkpoint).expanduser()
    epochs_done = resume(network, optimizer, checkpoint, config, max_epochs)
    for epoch in range(epochs_done, max_epochs):
        for batch in batches(epoch):  # the indices of the images of each step
            optimizer.zero_grad()
            outputs = network(images.train_images[batch])
            cross_entropy(outputs, images.train_labels[batch]).backward()
            optimizer.step()
        pause(network, optimizer, checkpoint, config, epoch + 1)
    return validation_error(network, images)


@torch.inference_mode()
def validation_error(network, images):
    """Return the share of validation images classified wrongly, ``nan`` if training diverged."""
    network.eval()
    outputs = torch.cat([network(part) for part in images.validation_images.split(1000)])
    if not outputs.isfinite().all():
        return float("nan")
    return (outputs.argmax(1) != images.validation_labels).double().mean().item()


def epoch_generator(seed, epoch):
    """Return a generator for one epoch, so that a checkpoint need not remember its state."""
    entropy = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(entropy))


@contextmanager
def seeded(seed):
    """Seed torch's own generator inside a ``with``; threads share it, so they take turns."""
    with _generator_lock, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def torch_device(device):
    """Return the device that ``"auto"`` means here, or check the one that is named."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=str(device))
    except (RuntimeError, AssertionError) as error:  # a torch without CUDA asserts
        allowed = '"auto" or a device that torch has on this machine'
        raise ValueError(f"device={device!r}: it must be {allowed}") from error
    return device
