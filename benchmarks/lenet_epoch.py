"""How fast one epoch of LeNet trains on a CPU, and where the rest of the time goes.

``python benchmarks/lenet_epoch.py`` compares, in one run on the same images, `hpo_objective_lenet`
with the training as the book writes it, torchvision's data set with a transform per image behind
a DataLoader, and with a loop that does nothing but train. All train with batches of 128. What is
timed is the training alone: no reading of files, no validation. Where there is a CUDA card, it is
compared with the CPU and with the bare loop on the card.
"""

import argparse
import statistics
import time
import warnings
from unittest.mock import patch

import torch
from table import markdown, row, show
from torch.nn.functional import cross_entropy
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset
from torchvision.datasets import FashionMNIST
from torchvision.transforms import Compose, Resize, ToTensor
from torchvision.transforms.functional import to_pil_image

from sh_teach.objectives import lenet, training
from sh_teach.objectives.fashion_mnist import ImageData, find_full_data, load_fashion_mnist

BATCH_SIZE = 128
LEARNING_RATE = 0.1
OURS = "hpo_objective_lenet"
TARGETS = {
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


def train(network, batches):
    """Train for one epoch: forward, backward, step."""
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    for images, labels in batches:
        optimizer.zero_grad()
        cross_entropy(network(images), labels).backward()
        optimizer.step()


def train_ours(part, images, device="cpu"):
    """Train for one epoch of this many images by hpo_objective_lenet, without its validation."""
    with (
        patch.object(lenet, "load_fashion_mnist", lambda data, device: part),
        patch.object(lenet, "IMAGES_PER_EPOCH", images),
        patch.object(training, "validation_error", lambda network, data: 0.0),
    ):
        lenet.hpo_objective_lenet(LEARNING_RATE, BATCH_SIZE, max_epochs=1, device=device)


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
        "(a) the book's way, but num_workers=0": lambda: train(lenet.lenet(), loaders[0]),
        "(a) the book's way, num_workers=4": lambda: train(lenet.lenet(), loaders[4]),
        "(b) bare loop, our LeNet": lambda: train(lenet.lenet(), in_memory),
    }, passes * n


def seconds(training):
    began = time.perf_counter()
    training()
    if torch.cuda.is_available():
        torch.cuda.synchronize()  # kernels run on after the call that starts them
    return time.perf_counter() - began


def rows(images=60_000, repetitions=3, one_thread=True):
    """Return a row for each training that ours is compared with.

    All run on torch's default number of threads, and then on one, if asked for.
    """
    # DataLoader would warn each time that four workers are many for two processors.
    warnings.filterwarnings("ignore", message=".*worker processes")
    ways, images = trainings(images)
    default = torch.get_num_threads()
    rows = []
    for threads in dict.fromkeys([default, 1] if one_thread else [default]):
        torch.set_num_threads(threads)
        train_ours(*warm_up())
        # In turn, not one after the other: what else the machine does then slows down all alike.
        runs = [{way: seconds(ways[way]) for way in ways} for _ in range(repetitions)]
        rates = {way: images / statistics.median(run[way] for run in runs) for way in ways}
        what = f"training LeNet for an epoch of {images:,} images, torch threads: {threads}"
        for way in [way for way in ways if way != OURS]:
            ratio = statistics.median(run[way] / run[OURS] for run in runs)
            target = TARGETS.get(way, "") if threads == default else ""
            figure, against = f"{rates[OURS]:,.0f} images per second", f"{way}, {rates[way]:,.0f}"
            rows.append(row(what, figure, against, f"{ratio:.2f} times as fast", target))
    torch.set_num_threads(default)
    return rows


def cuda_rows(images=60_000, repetitions=3):
    """Return a row for each training that ours on the CUDA card is compared with."""
    data = load_fashion_mnist("auto", device="cuda")
    n = min(images, len(data.train_images))
    passes = images // n
    on_card = ImageData(data.name, *(tensor[:n] for tensor in data[1:]))
    on_cpu = ImageData(data.name, *(tensor.cpu() for tensor in on_card[1:]))
    parts = on_card.train_images.split(BATCH_SIZE), on_card.train_labels.split(BATCH_SIZE)
    in_memory = list(zip(*parts, strict=True)) * passes
    ways = {
        OURS: lambda: train_ours(on_card, passes * n, device="cuda"),
        "(b) bare loop on the card, our LeNet": lambda: train(lenet.lenet().cuda(), in_memory),
        "ours on the CPU, threads by default": lambda: train_ours(on_cpu, passes * n),
    }
    for way in ways.values():
        way()
    runs = [{way: seconds(ways[way]) for way in ways} for _ in range(repetitions)]
    rates = {way: passes * n / statistics.median(run[way] for run in runs) for way in ways}
    rows = []
    for way in [way for way in ways if way != OURS]:
        ratio = statistics.median(run[way] / run[OURS] for run in runs)
        what = f"training LeNet for an epoch on one {torch.cuda.get_device_name()}"
        figure, against = f"{rates[OURS]:,.0f} images per second", f"{way}, {rates[way]:,.0f}"
        rows.append(row(what, figure, against, f"{ratio:.2f} times as fast"))
    return rows


def warm_up(images=20 * BATCH_SIZE):
    """Return images for a moment of training."""
    data = load_fashion_mnist("auto")
    return ImageData(data.name, *(tensor[:images] for tensor in data[1:])), images


def kernels():
    """Return the operators that take the most time, training on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    some = warm_up(100 * BATCH_SIZE)
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        train_ours(*some)
    torch.set_num_threads(threads)
    averages = profiler.key_averages()
    total = sum(average.self_cpu_time_total for average in averages)
    slowest = sorted(averages, key=lambda average: -average.self_cpu_time_total)[:8]
    return [
        {
            "operator": average.key,
            "% of self CPU time": f"{100 * average.self_cpu_time_total / total:.1f}",
            "calls per step": f"{average.count / 100:.1f}",
        }
        for average in slowest
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60_000, help="per epoch (default 60000)")
    parser.add_argument("--repetitions", type=int, default=3, help="of each (default 3)")
    options = parser.parse_args()
    note = f"Medians of {options.repetitions} repetitions."
    table = rows(options.images, options.repetitions)
    if torch.cuda.is_available():
        table += cuda_rows(options.images, options.repetitions)
    show(table, "sh_teach", "torch", "torchvision", note=note)
    print("\nWhere our time goes, on one thread, as torch's profiler sees it:\n")
    print(markdown(kernels()))
