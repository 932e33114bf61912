"""The book's 30 evaluations on two processes, against the book's way and against the ideal.

``python benchmarks/two_processes.py`` runs, one after the other and on the same configurations,
successive halving on two local processes with checkpoints; the same 30 evaluations the book's
way, each from scratch with a DataLoader; and the bare training steps that cannot be avoided,
without scheduler, processes, files and validation, on one thread. Half of the latter is the ideal.

With ``--images 60000`` an epoch is that of the book, and starting the processes hardly counts; it
takes half an hour, or six minutes with ``--without-book``.
"""

import argparse
import tempfile
import time
import warnings
from functools import partial

import torch
from lenet_epoch import TRANSFORM, PILImages
from scipy import stats
from table import row, show
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

from sh_teach import (
    HPOTuner,
    RandomSearcher,
    SuccessiveHalvingScheduler,
    hpo_objective_lenet,
    load_fashion_mnist,
)
from sh_teach.objectives import lenet

SPACE = {"learning_rate": stats.loguniform(1e-2, 1), "batch_size": stats.randint(32, 256)}
INITIAL = {"learning_rate": 0.1, "batch_size": 128}
EVALUATIONS = 30
IMAGES = 10_000
TARGETS = {
    "the book's way: sequential, from scratch, DataLoader": "at least 5",
    "ideal: the bare steps on one thread, divided by two": "at least 0.77 with 60,000 images",
}


def objective(images, **arguments):
    """Evaluate with epochs of this many images, in whatever process this is."""
    lenet.IMAGES_PER_EPOCH = images
    return hpo_objective_lenet(**arguments, data="sample", device="cpu")


def two_processes(images):
    """Return the records of the run, and the seconds that it took, processes started and ended."""
    searcher = RandomSearcher(SPACE, INITIAL, seed=0)
    scheduler = SuccessiveHalvingScheduler(searcher, eta=2, r_min=2, r_max=10)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = partial(objective, images)
        tuner = HPOTuner(scheduler, run, workers=2, checkpoint_dir=folder, progress=False)
        tuner.run(EVALUATIONS)
    return tuner.records, time.perf_counter() - began


def books_way(records, images):
    """Return the seconds of the same evaluations, each from scratch, as the book trains."""
    data = load_fashion_mnist("sample")
    passes = images // len(data.train_images)
    parts = [
        PILImages(*part, TRANSFORM)
        for part in (
            (data.train_images, data.train_labels),
            (data.validation_images, data.validation_labels),
        )
    ]
    began = time.perf_counter()
    for record in records:
        config = record["config"]
        training, validation = (
            DataLoader(part, config["batch_size"], shuffle=i == 0, num_workers=4)
            for i, part in enumerate(parts)
        )
        network = lenet.lenet()
        optimizer = torch.optim.SGD(network.parameters(), lr=config["learning_rate"])
        for _ in range(config["max_epochs"]):
            for _ in range(passes):
                steps(network, optimizer, training)
            with torch.inference_mode():
                for batch, labels in validation:
                    (network(batch).argmax(1) == labels).sum()
    return time.perf_counter() - began


def bare_steps(records, images):
    """Return the seconds of the steps alone, on one thread, each epoch of a trial once."""
    data = load_fashion_mnist("sample")
    passes = images // len(data.train_images)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    epochs = {}
    for record in records:
        epochs[record["trial_id"]] = record["config"]
    began = time.perf_counter()
    for config in epochs.values():
        size = config["batch_size"]
        batches = zip(data.train_images.split(size), data.train_labels.split(size), strict=True)
        batches = list(batches) * passes
        network = lenet.lenet()
        optimizer = torch.optim.SGD(network.parameters(), lr=config["learning_rate"], fused=True)
        for _ in range(config["max_epochs"]):
            steps(network, optimizer, batches)
    seconds = time.perf_counter() - began
    torch.set_num_threads(threads)
    return seconds


def steps(network, optimizer, batches):
    for images, labels in batches:
        optimizer.zero_grad()
        cross_entropy(network(images), labels).backward()
        optimizer.step()


def measure(images, book=True):
    """Return the seconds of `sh_teach`, of the book's way if it is measured, and of the ideal."""
    # That four workers are many for two processors is what DataLoader would say each time.
    warnings.filterwarnings("ignore", message=".*worker processes")
    records, ours = two_processes(images)
    records.sort(key=lambda record: record["config"]["max_epochs"])
    ideal = bare_steps(records, images) / 2
    return ours, books_way(records, images) if book else None, ideal


def rows(images=IMAGES, book=True):
    """Return a row for each way to do the same work."""
    ours, *others = measure(images, book)
    what = f"the book's {EVALUATIONS} evaluations on two processes, epochs of {images:,} images"
    return [
        row(
            what,
            f"{ours:.1f} s",
            f"{other}, {seconds:.1f} s",
            f"{seconds / ours:.2f} times as fast",
            target,
        )
        for (other, target), seconds in zip(TARGETS.items(), others, strict=True)
        if seconds is not None
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=IMAGES, help=f"per epoch (default {IMAGES})")
    parser.add_argument("--without-book", action="store_true", help="leave out the book's way")
    options = parser.parse_args()
    show(rows(options.images, not options.without_book), "sh_teach", "torch", "distributed")


if __name__ == "__main__":
    main()
