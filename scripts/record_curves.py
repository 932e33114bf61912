"""Record learning curves: ``python scripts/record_curves.py lenet_seeds``, say.

Every epoch is appended to ``sh_teach/data/<name>.csv`` as it ends. The script can be killed at any
time: started again, it drops the curves that are not complete and records what is missing. Two
processes train side by side, one thread each, and the order of the work is such that a part of
it is useful, too: all configurations with one seed, then all with the next.

Let the C library keep its memory, with the two variables of the Makefile: that saves a tenth.
`mlp_schedules` was recorded on a CUDA card, which trained for twelve processes at a time; without
a card, the script records it on the CPU.
"""

import io
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import torch
from mlp import hpo_objective_mlp, perceptron, split_validation
from scipy import stats

from sh_teach import RandomSearcher, hpo_objective_lenet, load_fashion_mnist
from sh_teach.files import append_line, replace_file
from sh_teach.objectives.lenet import lenet
from sh_teach.objectives.training import validation_error

DATA = Path(__file__).resolve().parents[1] / "sh_teach" / "data"
SECONDS = "# seconds: processor time of this epoch, its validation included, on one core\n"
SECONDS_ON_A_CARD = "# seconds: real time of this epoch on a card that twelve trainings shared\n"
ALL_IMAGES = (
    "# validation_error: share of the 10,000 validation images that are classified wrongly\n"
)
TWO_HALVES = (
    "# validation_error: share of 5,000 images, to select with, that are classified wrongly\n"
    "# test_error: the same of the 5,000 other images, to report\n"
)


@dataclass(frozen=True)
class Recording:
    """What one file of curves holds.

    Attributes
    ----------
    header : str
        Comments for the first lines of the file.
    hyperparameters : list of str
    configurations : callable
        Returns a dict: the configuration of each ``config_id``, in the order of the work.
    epochs : int
    objective : callable
    network : callable
        Returns a network of a configuration, for the weights in a checkpoint.
    seeds : tuple of int, optional
        In the order of the work. Without it, seed 0 is meant, and errors are of all images.
    on_card : bool, optional
        Whether it is recorded on a CUDA card, if there is one.
    """

    header: str
    hyperparameters: list
    configurations: Callable
    epochs: int
    objective: Callable
    network: Callable
    seeds: tuple = ()
    on_card: bool = False

    @property
    def device(self):
        return "cuda" if self.on_card and torch.cuda.is_available() else "cpu"

    @property
    def columns(self):
        if not self.seeds:
            return ["config_id", *self.hyperparameters, "epoch", "validation_error", "seconds"]
        errors = ["validation_error", "test_error"]
        return ["config_id", "seed", *self.hyperparameters, "epoch", *errors, "seconds"]


def lenet_configurations():
    """Return the 200 configurations of ``lenet_curves``."""
    space = {"learning_rate": stats.loguniform(1e-2, 1), "batch_size": stats.randint(32, 256)}
    searcher = RandomSearcher(space, seed=0)
    return {config_id: searcher.sample_configuration() for config_id in range(200)}


def selected_lenet_configurations():
    """Return the best 16 of ``lenet_curves``, and 8 at equal distances in the rest of the ranking.

    Ranked by the error after 16 epochs; of two equal ones the smaller ``config_id`` is better.
    """
    table = pd.read_csv(DATA / "lenet_curves.csv", comment="#")
    ranking = table.query("epoch == 16").sort_values(["validation_error", "config_id"])
    config_ids = ranking["config_id"].tolist()
    step = (len(config_ids) - 16) // 8
    chosen = config_ids[:16] + config_ids[16 + step // 2 :: step]
    configurations = lenet_configurations()
    return {config_id: configurations[config_id] for config_id in chosen}


def mlp_configurations(n=150):
    """Return random configurations of the perceptron, rounded to three digits."""
    space = {
        "learning_rate": stats.loguniform(1e-4, 0.3),
        "batch_size": stats.loguniform(16, 512),
        "width": stats.loguniform(16, 512),
        "dropout": stats.uniform(0, 0.7),
        "weight_decay": stats.loguniform(1e-6, 0.03),
    }
    searcher = RandomSearcher(space, seed=0)
    configurations = {}
    for config_id in range(n):
        config = searcher.sample_configuration()
        rounded = {name: float(f"{value:.3g}") for name, value in config.items()}
        whole = {name: round(config[name]) for name in ("batch_size", "width")}
        configurations[config_id] = rounded | whole
    return configurations


def scheduled_mlp_configurations():
    """Return the first 40 of ``mlp``, each with a decay to the end of 3, of 9 and of 27 epochs."""
    return {
        100 * config_id + decay_epochs: config | {"decay_epochs": decay_epochs}
        for config_id, config in mlp_configurations(40).items()
        for decay_epochs in (3, 9, 27)
    }


LENET = ["learning_rate", "batch_size"]
MLP = ["learning_rate", "batch_size", "width", "dropout", "weight_decay"]
RECORDINGS = {
    "lenet_curves": Recording(
        "# Learning curves of LeNet on the full Fashion-MNIST, recorded by record_curves.py.\n"
        + ALL_IMAGES,
        hyperparameters=LENET,
        configurations=lenet_configurations,
        epochs=16,
        objective=hpo_objective_lenet,
        network=lambda config: lenet(),
    ),
    "lenet_seeds": Recording(
        "# Learning curves of LeNet with several seeds, recorded by record_curves.py.\n"
        + TWO_HALVES,
        hyperparameters=LENET,
        configurations=selected_lenet_configurations,
        epochs=16,
        objective=hpo_objective_lenet,
        network=lambda config: lenet(),
        seeds=(1, 2, 3, 4, 0),
    ),
    "mlp": Recording(
        "# Learning curves of a perceptron on 10,000 images, recorded by record_curves.py.\n"
        + TWO_HALVES,
        hyperparameters=MLP,
        configurations=mlp_configurations,
        epochs=27,
        objective=hpo_objective_mlp,
        network=lambda config: perceptron(config["width"], config["dropout"]),
        seeds=(0, 1, 2),
    ),
    "mlp_schedules": Recording(
        "# Learning curves of a perceptron whose learning rate falls, by record_curves.py.\n"
        + TWO_HALVES,
        hyperparameters=[*MLP, "decay_epochs"],
        configurations=scheduled_mlp_configurations,
        epochs=27,
        objective=hpo_objective_mlp,
        network=lambda config: perceptron(config["width"], config["dropout"]),
        seeds=(0, 1, 2),
        on_card=True,
    ),
}


@cache
def halves(device):
    """Return the images to select with and those to report on; read once in each process."""
    # The perceptron trains on the sample; its first epoch need not read it.
    load_fashion_mnist("sample", device=device)
    return split_validation(load_fashion_mnist("full", device=device))


def record_curve(name, config_id, seed, config):
    """Train one configuration from scratch; append a row after each epoch."""
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False  # round on a card as on a CPU
    recording = RECORDINGS[name]
    device = recording.device
    clock = time.process_time if device == "cpu" else time.perf_counter
    select, report = halves(device)
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "trial.pt"
        for epoch in range(1, recording.epochs + 1):
            arguments = config | {"seed": seed, "max_epochs": epoch, "checkpoint": checkpoint}
            began = clock()
            error = recording.objective(**arguments, data="full", device=device)
            seconds = clock() - began
            row = config | {"config_id": config_id, "seed": seed, "epoch": epoch}
            row |= {"validation_error": f"{error:.4f}", "seconds": f"{seconds:.2f}"}
            if recording.seeds:
                network = recording.network(config).to(device)
                network.load_state_dict(torch.load(checkpoint, weights_only=True)["weights"])
                row["validation_error"] = f"{validation_error(network, select):.4f}"
                row["test_error"] = f"{validation_error(network, report):.4f}"
            line = ",".join(str(row[column]) for column in recording.columns)
            append_line(DATA / f"{name}.csv", f"{line}\n".encode())
    return f"{name}, configuration {config_id}, seed {seed}: error {row['validation_error']}"


def complete_curves(name):
    """Return the lines of the complete curves, sorted, and (config_id, seed) of each curve.

    A crash may have cut the last line off anywhere, even in the last number.
    """
    file, recording = DATA / f"{name}.csv", RECORDINGS[name]
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
    lines = [line for line in lines if line.endswith("\n")]
    names = ",".join(recording.columns) + "\n"
    lines = lines[lines.index(names) + 1 :] if names in lines else []
    rows = pd.read_csv(io.StringIO("".join([names, *lines])))
    rows = rows.assign(line=lines, seed=rows.get("seed", 0))
    epochs = rows.groupby(["config_id", "seed"])["epoch"].transform("count")
    rows = rows[epochs == recording.epochs].sort_values(["config_id", "seed", "epoch"])
    return rows["line"].tolist(), set(zip(rows["config_id"], rows["seed"], strict=True))


def write_complete_curves(name):
    """Drop the other curves from the file, if there is one; return what it has."""
    recording = RECORDINGS[name]
    lines, complete = complete_curves(name)
    seconds = SECONDS_ON_A_CARD if recording.on_card else SECONDS
    text = recording.header + seconds + ",".join(recording.columns) + "\n" + "".join(lines)
    replace_file(DATA / f"{name}.csv", text.encode())
    return complete


def main(name):
    """Record what is missing."""
    recording = RECORDINGS[name]
    complete = write_complete_curves(name)
    at_a_time = 2 if recording.device == "cpu" else 12
    with ProcessPoolExecutor(at_a_time, mp_context=get_context("spawn")) as processes:
        curves = [
            processes.submit(record_curve, name, config_id, seed, config)
            for seed in recording.seeds or (0,)
            for config_id, config in recording.configurations().items()
            if (config_id, seed) not in complete
        ]
        for curve in curves:
            print(curve.result(), flush=True)
    write_complete_curves(name)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in RECORDINGS:
        sys.exit(f"Name what to record, one of {', '.join(RECORDINGS)}.")
    main(sys.argv[1])
