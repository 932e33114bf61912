"""Recorded learning curves: real trainings that a scheduler can be tried on in no time."""

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd

from sh_teach.arguments import integer
from sh_teach.schedulers.searchers import HPOSearcher

TABLE_FILE = Path(__file__).parents[1] / "data" / "lenet_curves.csv"
FIXED_COLUMNS = ["config_id", "epoch", "validation_error", "seconds"]


class RecordedCurves:
    """An objective whose answers were recorded, for any number of runs.

    Its table can be any file of comma-separated values with a header line and the columns
    ``config_id``, ``epoch`` (1, 2, … up to the same last one for each configuration),
    ``validation_error`` (may be ``nan``) and ``seconds`` (of this epoch); all other columns are
    hyperparameters. Lines that start with ``#`` are comments.

    Parameters
    ----------
    table : pandas.DataFrame
        One row for each configuration and epoch.

    Raises
    ------
    ValueError
        If the table is malformed; the message names row and column.

    Attributes
    ----------
    table : pandas.DataFrame
        As given, its rows numbered from 0.
    hyperparameters : list of str
        The columns that make up a configuration.
    r_max : int
        The last epoch that was recorded.

    Examples
    --------
    >>> from sh_teach import HPOTuner, RecordedCurves, SuccessiveHalvingScheduler
    >>> curves = RecordedCurves.load()
    >>> scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), eta=2, r_min=1, r_max=16)
    >>> tuner = HPOTuner(scheduler, curves.objective, progress=False)
    >>> tuner.run(number_of_trials=31)
    >>> tuner.incumbent["max_epochs"]
    16

    References
    ----------
    How the table of LeNet was made is told in ``sh_teach/data/lenet_curves.md``.
    """

    def __init__(self, table):
        _check(table)
        self.table = table = table.reset_index(drop=True)
        self.hyperparameters = [name for name in table.columns if name not in FIXED_COLUMNS]
        self.r_max = int(table["epoch"].max())
        ordered = table.sort_values(["config_id", "epoch"])
        self._configs = ordered[ordered["epoch"] == 1][self.hyperparameters].to_dict("records")
        # Plain lists: looking one number up in a DataFrame costs more than a scheduler's decision.
        self._row = {tuple(config.values()): i for i, config in enumerate(self._configs)}
        self._errors = ordered["validation_error"].to_numpy().reshape(-1, self.r_max).tolist()
        seconds = ordered["seconds"].to_numpy().reshape(-1, self.r_max)
        self._seconds = np.insert(seconds.cumsum(axis=1), 0, 0.0, axis=1).tolist()

    @classmethod
    def load(cls, path=None):
        """Read a table.

        Parameters
        ----------
        path : str or Path, optional
            By default the 200 curves of LeNet that come with the package.

        Returns
        -------
        RecordedCurves

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the table is malformed; the message names line and column.
        """
        path = Path(path or TABLE_FILE)
        try:
            return cls(_read(path))
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{path}: {error}") from error

    def searcher(self, seed=None):
        """Return a searcher that proposes the table's configurations in random order.

        Parameters
        ----------
        seed : int, optional
            Fixes the order.

        Returns
        -------
        HPOSearcher
            It draws without replacement; once all were proposed, it begins anew in a new order.
        """
        return RecordedSearcher(self._configs, seed)

    def objective(self, max_epochs=10, checkpoint=None, **config):
        """Return the validation error that was recorded.

        Parameters
        ----------
        max_epochs : int
            Epochs of training in all, up to `r_max`.
        checkpoint : str or Path, optional
            Not needed here: nothing is trained.
        **config
            The hyperparameters of a recorded configuration.

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If that configuration, or so many epochs, were not recorded.
        """
        row = self._find(config)
        return self._errors[row][self._epoch("max_epochs", max_epochs, minimum=1) - 1]

    def runtime(self, config, r_from, r_to):
        """Return the recorded seconds of a part of a training.

        Parameters
        ----------
        config : dict
            A configuration of the table; ``max_epochs`` in it is ignored, so a Trial will do.
        r_from, r_to : int
            From the end of this epoch (0: from scratch) to the end of that one.

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If that configuration, or one of the epochs, was not recorded, or ``r_to < r_from``.
        """
        seconds = self._seconds[self._find({k: v for k, v in config.items() if k != "max_epochs"})]
        r_from = self._epoch("r_from", r_from, minimum=0)
        return seconds[self._epoch("r_to", r_to, minimum=r_from)] - seconds[r_from]

    def plot(self, highlight=(), ax=None):
        """Draw all curves, the errors over the epochs.

        Parameters
        ----------
        highlight : sequence of int
            Values of ``config_id`` to draw in colour, with a legend.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from sh_teach.plots.rungs import plot_learning_curves

        words = {"config_id": "trial_id", "epoch": "max_epochs", "validation_error": "error"}
        return plot_learning_curves(self.table.rename(columns=words), ax, highlight)

    def _find(self, config):
        try:
            if len(config) == len(self.hyperparameters):
                return self._row[tuple(config[name] for name in self.hyperparameters)]
        except (KeyError, TypeError):  # an array, say, is no key
            pass
        raise ValueError(
            f"config={config!r}: it is not in the table of recorded curves; "
            f"curves.searcher(seed) proposes those that are"
        )

    def _epoch(self, name, value, minimum):
        value = integer(name, value, minimum)
        if value > self.r_max:
            raise ValueError(f"{name}={value}: {self.r_max} epochs were recorded, no more")
        return value


class RecordedSearcher(HPOSearcher):
    """Configurations of a list in random order, each once before any comes twice.

    Parameters
    ----------
    configs : list of dict
        What to propose copies of.
    seed : int, optional
        Fixes the order.
    """

    def __init__(self, configs, seed=None):
        if seed is not None:
            seed = integer("seed", seed, minimum=0)
        self._configs = configs
        self._rng = np.random.default_rng(seed)
        self._to_propose = []

    def sample_configuration(self):
        """Return a copy of the next configuration."""
        if not self._to_propose:
            self._to_propose = self._rng.permutation(len(self._configs)).tolist()
        return dict(self._configs[self._to_propose.pop()])


def _value(text):
    """Return what a field of the file means: an int, a float, or the text itself."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _read(path):
    """Return the table of a file; its index are the numbers of the lines."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        lines = [(reader.line_num, row) for row in reader if row and not row[0].startswith("#")]
    if not lines:
        raise ValueError("it is empty")
    (_, header), *lines = lines
    header = [name.strip() for name in header]
    for line, row in lines:
        if len(row) != len(header):
            column = header[len(row)] if len(row) < len(header) else f"number {len(row)}"
            fault = f"it has {len(row)} columns, the header {len(header)}"
            raise ValueError(f"line {line}, column {column!r}: {fault}")
    rows = [[_value(text.strip()) for text in row] for _, row in lines]
    index = pd.Index([line for line, _ in lines], name="line")
    return pd.DataFrame(rows, columns=header, index=index)


def _check(table):
    """Raise a ValueError that names the first row and column at which the table is malformed."""
    names = list(table.columns)
    for name in FIXED_COLUMNS + names:
        if names.count(name) != 1:
            raise ValueError(f"column {name!r}: the table must have it once")
    hyperparameters = [name for name in names if name not in FIXED_COLUMNS]
    if table.empty or not hyperparameters:
        raise ValueError(f"there is no {'row' if table.empty else 'hyperparameter'} in the table")

    def refuse(column, bad, fault):
        if bad.any():
            first = bad.idxmax()
            (value, *_) = table.loc[[first], column].tolist()
            place = f"{table.index.name or 'row'} {first}, column {column!r}"
            raise ValueError(f"{place}: {value!r} {fault}")

    for name in FIXED_COLUMNS:
        refuse(name, table[name].map(lambda value: isinstance(value, str)), "is no number")
    for name in ("config_id", "epoch"):
        refuse(name, table[name].map(lambda value: value != value // 1), "is no integer")
    refuse("seconds", ~table["seconds"].between(0, math.inf, "left"), "is no time")
    first = table.groupby("config_id")[hyperparameters].transform("first")
    for name in hyperparameters:
        refuse(name, table[name].isna() | (table[name] == ""), "is no hyperparameter")
        refuse(name, table[name] != first[name], "differs from the epoch before")
    doubled = table.drop_duplicates("config_id").duplicated(hyperparameters)
    refuse("config_id", doubled, "has the hyperparameters of a configuration before it")
    epoch, last = table["epoch"], table["epoch"].max()
    refuse("epoch", epoch < 1, "is below 1")
    refuse("epoch", table.duplicated(["config_id", "epoch"]), "is there already")
    counts = table.groupby("config_id")["epoch"].transform("count")
    refuse("epoch", counts != last, f"belongs to a curve that lacks some epoch of 1 to {last}")
