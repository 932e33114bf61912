"""Record learning curves: ``python scripts/record_curves.py lenet_seeds``, say.

Every epoch is appended to ``sh_teach/data/<name>.csv`` as it ends. The script can be killed at any
time: started again, it drops the curves that are not complete and records what is missing. Two
processes train side by side, one thread each, and the order of the work is such that a part of
it is useful, too: all configurations with one seed, then all with the next.

Before it runs, tell the C library to keep its memory, as the Makefile does: that saves a tenth.
"""

import io
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import torch
from scipy import stats

from sh_teach import RandomSearcher, hpo_objective_lenet, load_fashion_mnist
from sh_teach.files import append_line, replace_file
from sh_teach.objectives.fashion_mnist import split_validation
from sh_teach.objectives.lenet import lenet, validation_error

DATA = Path(__file__).resolve().parents[1] / "sh_teach" / "data"
PROCESSES = 2
SECONDS = "# seconds: processor time of this epoch, its validation included, on one core\n"


@dataclass(frozen=True)
class Recording:
    """What one file of curves holds.

    Attributes
    ----------
    header : str
        Comments for the first lines of the file.
    columns : list of str
    configurations : callable
        Returns the configurations, with the ``config_id`` of each as key.
    seeds : sequence of int
        In the order in which they are recorded.
    epochs : int
    objective : callable
    network : callable
        Returns a network that the weights of a checkpoint fit.
    """

    header: str
    columns: list
    configurations: Callable
    seeds: tuple
    epochs: int
    objective: Callable
    network: Callable


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


RECORDINGS = {
    "lenet_curves": Recording(
        header="# Learning curves of LeNet on Fashion-MNIST, recorded by record_curves.py.\n"
        "# validation_error: share of the 10,000 validation images that are classified wrongly\n",
        columns=[
            *("config_id", "learning_rate", "batch_size"),
            *("epoch", "validation_error", "seconds"),
        ],
        configurations=lenet_configurations,
        seeds=(0,),
        epochs=16,
        objective=hpo_objective_lenet,
        network=lenet,
    ),
    "lenet_seeds": Recording(
        header="# Learning curves of LeNet with several seeds, recorded by record_curves.py.\n"
        "# validation_error: share of 5,000 images, to select with, that are classified wrongly\n"
        "# test_error: the same of the 5,000 other images, to report\n",
        columns=[
            *("config_id", "seed", "learning_rate", "batch_size"),
            *("epoch", "validation_error", "test_error", "seconds"),
        ],
        configurations=selected_lenet_configurations,
        seeds=(1, 2, 3, 4, 0),
        epochs=16,
        objective=hpo_objective_lenet,
        network=lenet,
    ),
}


@cache
def halves():
    """Return the images to select with and those to report on; read once in each process."""
    return split_validation(load_fashion_mnist("full"))


def record_curve(name, config_id, seed, config):
    """Train one configuration from scratch; append a row after each epoch."""
    torch.set_num_threads(1)
    recording = RECORDINGS[name]
    select, report = halves()
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "trial.pt"
        for epoch in range(1, recording.epochs + 1):
            arguments = config | {"seed": seed, "max_epochs": epoch, "checkpoint": checkpoint}
            began = time.process_time()
            error = recording.objective(**arguments, data="full")
            seconds = time.process_time() - began
            row = config | {"config_id": config_id, "seed": seed, "epoch": epoch}
            row |= {"validation_error": f"{error:.4f}", "seconds": f"{seconds:.2f}"}
            if "test_error" in recording.columns:
                network = recording.network()
                network.load_state_dict(torch.load(checkpoint, weights_only=True)["weights"])
                row["validation_error"] = f"{validation_error(network, select):.4f}"
                row["test_error"] = f"{validation_error(network, report):.4f}"
            line = ",".join(str(row[column]) for column in recording.columns)
            append_line(table_file(name), f"{line}\n".encode())
    return f"{name}, configuration {config_id}, seed {seed}: error {row['validation_error']}"


def table_file(name):
    return DATA / f"{name}.csv"


def complete_curves(name):
    """Return the lines of the complete curves, sorted, and the curves' keys.

    A crash may have cut the last line off anywhere, even in the last number.
    """
    recording = RECORDINGS[name]
    text = table_file(name).read_text(encoding="utf-8") if table_file(name).exists() else ""
    lines = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
    names = ",".join(recording.columns) + "\n"
    lines = lines[lines.index(names) + 1 :] if names in lines else []
    rows = pd.read_csv(io.StringIO(names + "".join(lines)))
    rows["line"] = lines
    keys = ["config_id", *(["seed"] if "seed" in rows else [])]
    rows = rows[rows.groupby(keys)["epoch"].transform("count") == recording.epochs]
    rows = rows.sort_values([*keys, "epoch"])
    seeds = rows["seed"] if "seed" in rows else [recording.seeds[0]] * len(rows)
    return rows["line"].tolist(), set(zip(rows["config_id"], seeds, strict=True))


def write_complete_curves(name, folder=DATA):
    """Write the complete curves only, and return their keys (configuration, seed)."""
    recording = RECORDINGS[name]
    lines, complete = complete_curves(name)
    text = recording.header + SECONDS + ",".join(recording.columns) + "\n" + "".join(lines)
    replace_file(Path(folder) / f"{name}.csv", text.encode())
    return complete


def main(name):
    """Record what is missing."""
    recording = RECORDINGS[name]
    complete = write_complete_curves(name)
    configurations = recording.configurations()
    with ProcessPoolExecutor(PROCESSES) as processes:
        curves = [
            processes.submit(record_curve, name, config_id, seed, config)
            for seed in recording.seeds
            for config_id, config in configurations.items()
            if (config_id, seed) not in complete
        ]
        for curve in curves:
            print(curve.result(), flush=True)
    write_complete_curves(name)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in RECORDINGS:
        sys.exit(f"Name what to record, one of {', '.join(RECORDINGS)}.")
    main(sys.argv[1])
