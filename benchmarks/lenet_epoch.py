"""How fast one epoch of LeNet trains on a CPU, and where the rest of the time goes.

``python benchmarks/lenet_epoch.py`` compares, in one run on the same images, `hpo_objective_lenet`
with the training as the book writes it, torchvision's data set with a transform per image behind
a DataLoader, and with a loop that does nothing but train. All train with batches of 128. What is
timed is the training alone: no reading of files, no validation.
"""

import argparse
import statistics
import time
import warnings
from unittest.mock import patch

import pandas as pd
import torch
from machine import versions
from torch import nn
from torch.nn.functional import cross_entropy
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset
from torchvision.datasets import FashionMNIST
from torchvision.transforms import Compose, Resize, ToTensor
from torchvision.transforms.functional import to_pil_image

from sh_teach.objectives import lenet
from sh_teach.objectives.fashion_mnist import ImageData, find_full_data, load_fashion_mnist

BATCH_SIZE = 128
LEARNING_RATE = 0.1
OURS = "hpo_objective_lenet"
PROMISED = {
    "(a) the book's way, num_workers=4": "at least 3",
    "(b) bare loop, our LeNet": "at least 0.9",
}


# The book resizes each image too, to the size that it has.
TRANSFORM = Compose([Resize((28, 28)), ToTensor()])


class PILImages(Dataset):
    """The sample in the form that torchvision gives the full set: images of PIL, transformed."""

    def __init__(self, images, labels, transform):
        self.images = (images * 255).round().byte()[:, 0]
        self.labels = labels
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = to_pil_image(self.images[i].numpy(), mode="L")
        return self.transform(image), int(self.labels[i])


def average_pooling():
    """Return LeNet as textbooks have it: with torch's own layer for average pooling."""
    return nn.Sequential(
        *(nn.AvgPool2d(2) if isinstance(layer, lenet.Pool) else layer for layer in lenet.lenet())
    )


def train(network, batches):
    """Train for one epoch: forward, backward, step."""
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    for images, labels in batches:
        optimizer.zero_grad()
        cross_entropy(network(images), labels).backward()
        optimizer.step()


def train_ours(part, images):
    """Train for one epoch of so many images by hpo_objective_lenet, without its validation."""
    with (
        patch.object(lenet, "load_fashion_mnist", lambda data, device: part),
        patch.object(lenet, "IMAGES_PER_EPOCH", images),
        patch.object(lenet, "validation_error", lambda network, data: 0.0),
    ):
        lenet.hpo_objective_lenet(LEARNING_RATE, BATCH_SIZE, max_epochs=1, device="cpu")


def trainings(images):
    """Return the trainings to compare, by name, and how many images each shows."""
    data = load_fashion_mnist("auto")
    n = min(images, len(data.train_images))
    passes = images // n
    part = ImageData(data.name, *(tensor[:n] for tensor in data[1:]))
    if data.name == "full":
        one_by_one = Subset(FashionMNIST(find_full_data(), transform=TRANSFORM), range(n))
    else:
        one_by_one = PILImages(part.train_images, part.train_labels, TRANSFORM)
    textbook = {"batch_size": BATCH_SIZE, "shuffle": True}
    # One DataLoader for all passes over the sample: its workers need to start only once.
    epoch = ConcatDataset([one_by_one] * passes)
    loaders = {workers: DataLoader(epoch, **textbook, num_workers=workers) for workers in (0, 4)}
    parts = part.train_images.split(BATCH_SIZE), part.train_labels.split(BATCH_SIZE)
    in_memory = list(zip(*parts, strict=True)) * passes
    return {
        OURS: lambda: train_ours(part, passes * n),
        "(a) the book's way, but num_workers=0": lambda: train(average_pooling(), loaders[0]),
        "(a) the book's way, num_workers=4": lambda: train(average_pooling(), loaders[4]),
        "(b) bare loop, our LeNet": lambda: train(lenet.lenet(), in_memory),
        "(c) bare loop, nn.AvgPool2d": lambda: train(average_pooling(), in_memory),
    }, passes * n


def seconds(training):
    began = time.perf_counter()
    training()
    return time.perf_counter() - began


def compare(images, repetitions, threads=None):
    """Return a table of images per second, and how many times as fast as each ours is.

    `threads` are the numbers of torch's threads to try: by default, torch's own default and 1.
    """
    # That four workers are many for two processors is what DataLoader would say each time.
    warnings.filterwarnings("ignore", message=".*worker processes")
    ways, images = trainings(images)
    default = torch.get_num_threads()
    rows = []
    for number in dict.fromkeys(threads or [default, 1]):
        torch.set_num_threads(number)
        train_ours(*warm_up())
        # In turn, not one after the other: what else the machine does then slows down all alike.
        runs = [{way: seconds(ways[way]) for way in ways} for _ in range(repetitions)]
        for way in ways:
            per_second = images / statistics.median(run[way] for run in runs)
            rows.append(
                {
                    "threads": f"{number} (default)" if number == default else str(number),
                    "training": way,
                    "images per second": f"{per_second:,.0f}",
                    "ours is x times as fast": statistics.median(
                        run[way] / run[OURS] for run in runs
                    ),
                    "promised": PROMISED.get(way, "") if number == default else "",
                }
            )
    torch.set_num_threads(default)
    return pd.DataFrame(rows)


def warm_up(images=20 * BATCH_SIZE):
    """Return images for a moment of training."""
    data = load_fashion_mnist("auto")
    return ImageData(data.name, *(tensor[:images] for tensor in data[1:])), images


def kernels():
    """Return a table of the operators that take the most time, training on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    some = warm_up(100 * BATCH_SIZE)
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        train_ours(*some)
    torch.set_num_threads(threads)
    averages = profiler.key_averages()
    total = sum(row.self_cpu_time_total for row in averages)
    slowest = sorted(averages, key=lambda row: -row.self_cpu_time_total)[:8]
    rows = [
        {"operator": row.key, "% of self CPU time": 100 * row.self_cpu_time_total / total}
        | {"calls per step": row.count / 100}
        for row in slowest
    ]
    return pd.DataFrame(rows)


def summary(images=60_000, repetitions=3):
    """Return the rows for the table of ``make bench``."""
    threads = torch.get_num_threads()
    table = compare(images, repetitions, [threads])
    per_second = table.set_index("training")["images per second"]
    return [
        {
            "what": f"training LeNet for an epoch of {images:,} images, {threads} torch threads",
            "figure": f"{per_second[OURS]} images per second",
            "compared with": f"{row['training']}, {row['images per second']}",
            "ratio": f"{row['ours is x times as fast']:.2f} times as fast",
            "promised": row["promised"],
        }
        for row in table.to_dict("records")
        if row["training"] != OURS
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60_000, help="in an epoch (default 60000)")
    parser.add_argument("--repetitions", type=int, default=3, help="of each (default 3)")
    options = parser.parse_args()
    print(versions("torch", "torchvision"))
    table = compare(options.images, options.repetitions)
    print(f"\n{options.images:,} images; medians of {options.repetitions} repetitions:\n")
    print(table.to_markdown(index=False, floatfmt=".2f"))
    print("\nWhere our time goes, on one thread, as torch's profiler sees it:\n")
    print(kernels().to_markdown(index=False, floatfmt=".1f"))
