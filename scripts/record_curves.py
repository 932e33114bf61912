"""Record the learning curves of LeNet: ``python scripts/record_curves.py``.

It trains 200 configurations for 16 epochs each on the full Fashion-MNIST, two at a time, one
thread each, which takes some two and a half hours on two cores. Every epoch is written to
``lenet_curves.csv`` as it ends; started again, the script goes on where it was stopped.
"""

import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import pandas as pd
import torch
from scipy import stats

from sh_teach import RandomSearcher, hpo_objective_lenet, load_fashion_mnist
from sh_teach.files import replace_file

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "sh_teach" / "data" / "lenet_curves.csv"
CHECKPOINTS = ROOT / "runs" / "record_curves"
CONFIG_SPACE = {"learning_rate": stats.loguniform(1e-2, 1), "batch_size": stats.randint(32, 256)}
CONFIGURATIONS, EPOCHS, PROCESSES, SEED = 200, 16, 2, 0
COLUMNS = ["config_id", "learning_rate", "batch_size", "epoch", "validation_error", "seconds"]
HEADER = """\
# Learning curves of LeNet on the full Fashion-MNIST, recorded by scripts/record_curves.py.
# validation_error: share of the 10,000 validation images that are classified wrongly
# seconds: processor time of this epoch, its validation included, on one core
"""


def train_one_epoch(config, epoch, config_id):
    """Return validation error and processor seconds of one more epoch.

    Processor time does not count waiting. What else the machine does still shows in it, by up to
    a third, because caches and memory are shared.
    """
    torch.set_num_threads(1)
    load_fashion_mnist("full")
    before, after = (CHECKPOINTS / f"config-{config_id}-epoch-{e}" for e in (epoch - 1, epoch))
    # After a crash there may be a checkpoint of this epoch but no row: its seconds are unknown.
    after.unlink(missing_ok=True)
    if epoch > 1:
        if not before.exists():
            hpo_objective_lenet(**config, max_epochs=epoch - 1, checkpoint=before, data="full")
        shutil.copy(before, after)
    began = time.process_time()
    error = hpo_objective_lenet(**config, max_epochs=epoch, checkpoint=after, data="full")
    seconds = time.process_time() - began
    before.unlink(missing_ok=True)
    return error, seconds


def recorded_rows():
    """Return the rows written so far; a last line that was cut off is dropped."""
    if not TABLE.exists():
        return pd.DataFrame(columns=COLUMNS)
    whole_lines = [line for line in TABLE.read_text().splitlines(True) if line.endswith("\n")]
    TABLE.write_text("".join(whole_lines))
    return pd.read_csv(TABLE, comment="#")


def record(config_id, config, epochs_done, processes, lock):
    """Train one configuration to the end and append a row for each epoch."""
    for epoch in range(epochs_done + 1, EPOCHS + 1):
        error, seconds = processes.submit(train_one_epoch, config, epoch, config_id).result()
        rate, batch_size = config["learning_rate"], config["batch_size"]
        with lock, TABLE.open("a") as table:
            table.write(f"{config_id},{rate!r},{batch_size},{epoch},{error:.4f},{seconds:.2f}\n")
    (CHECKPOINTS / f"config-{config_id}-epoch-{EPOCHS}").unlink()
    print(f"configuration {config_id}: error {error:.4f} after {EPOCHS} epochs", flush=True)


def main():
    """Record what is missing."""
    if not TABLE.exists():
        TABLE.write_text(HEADER + ",".join(COLUMNS) + "\n")
    epochs_done = recorded_rows().groupby("config_id")["epoch"].max()
    searcher = RandomSearcher(CONFIG_SPACE, seed=SEED)
    configs = [searcher.sample_configuration() for _ in range(CONFIGURATIONS)]
    lock = Lock()
    with ProcessPoolExecutor(PROCESSES) as processes, ThreadPoolExecutor(PROCESSES) as threads:
        recordings = [
            threads.submit(record, i, config, epochs_done.get(i, 0), processes, lock)
            for i, config in enumerate(configs)
            if epochs_done.get(i, 0) < EPOCHS
        ]
        for recording in recordings:
            recording.result()
    sort_rows()


def sort_rows():
    """Put the rows into the order of configurations and epochs."""
    lines = TABLE.read_text().splitlines(True)
    begin = lines.index(",".join(COLUMNS) + "\n") + 1
    rows = sorted(lines[begin:], key=lambda line: [int(line.split(",")[i]) for i in (0, 3)])
    replace_file(TABLE, "".join(lines[:begin] + rows).encode())


if __name__ == "__main__":
    sys.exit(main())
