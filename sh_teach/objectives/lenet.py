"""The course's objective: LeNet's validation error on Fashion-MNIST, with pause and resume."""

import torch
from torch import nn

from sh_teach.arguments import integer, positive
from sh_teach.objectives.fashion_mnist import load_fashion_mnist
from sh_teach.objectives.training import epoch_generator, seeded, torch_device, train

IMAGES_PER_EPOCH = 60_000


def hpo_objective_lenet(
    learning_rate, batch_size, max_epochs=10, checkpoint=None, data="auto", seed=0, device="auto"
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
        The resource: train up to this epoch, those of the checkpoint included.
    checkpoint : str or Path, optional
        A file: training resumes from it if it exists, and replaces it after each epoch, so a
        training that is killed loses one epoch at most.
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
        If an argument is out of its range, or if the checkpoint belongs to another configuration
        or was trained for more than `max_epochs`.

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
    device = torch_device(device)
    images = load_fashion_mnist(data, device=device)
    config = dict(learning_rate=learning_rate, batch_size=batch_size, seed=seed, data=images.name)
    network = lenet(seed).to(device)
    # Fused: all weights in one step, which saves some 5 % of the time of an epoch.
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate, fused=True)

    def batches(epoch):
        return image_order(len(images.train_images), seed, epoch).to(device).split(batch_size)

    return train(network, optimizer, images, batches, max_epochs, checkpoint, config)


def image_order(n, seed, epoch):
    """Return which images an epoch shows, in order: 60,000 indices below n, n a divisor of it."""
    generator = epoch_generator(seed, epoch)
    passes = IMAGES_PER_EPOCH // n
    return torch.cat([torch.randperm(n, generator=generator) for _ in range(passes)])


def lenet(seed=0):
    """Return an untrained LeNet: images of shape (n, 1, 28, 28) in, logits of (n, 10) out."""
    with seeded(seed):
        network = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5, padding=2),
            nn.Sigmoid(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, kernel_size=5),
            nn.Sigmoid(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(400, 120),
            nn.Sigmoid(),
            nn.Linear(120, 84),
            nn.Sigmoid(),
            nn.Linear(84, 10),
        )
        for layer in network:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
    return network
