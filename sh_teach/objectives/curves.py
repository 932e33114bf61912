"""Recorded learning curves: real trainings that a scheduler can be tried on in no time."""

import csv
import hashlib
from collections import defaultdict
from functools import cached_property
from pathlib import Path

import numpy as np

from sh_teach.arguments import integer, path_of
from sh_teach.objectives.curves_file import check_curves, read_curves
from sh_teach.schedulers.searchers import HPOSearcher
from sh_teach.words import listing

DATA = Path(__file__).parents[1] / "data"
TABLES = {name: DATA / f"{name}.csv" for name in ("lenet_seeds", "mlp", "mlp_schedules")}
TABLES["lenet"] = DATA / "lenet_curves.csv"


class RecordedCurves:
    """An objective whose answers were recorded, for any number of runs.

    Parameters
    ----------
    table : pandas.DataFrame
        One row for each configuration and epoch, with the columns ``config_id``, ``epoch`` (1, 2,
        … up to the same last one for each configuration), ``validation_error`` (may be ``nan``)
        and ``seconds`` (of this epoch). With a column ``seed``, a configuration may be there with
        several; ``test_error`` is the error on other images. All other columns are
        hyperparameters.

    Raises
    ------
    ValueError
        If the table is malformed; the message names row and column.

    Attributes
    ----------
    table : pandas.DataFrame
        As given, its rows numbered from 0. Its last epoch is `r_max`.
    hyperparameters : list of str
        The columns that make up a configuration, besides ``seed`` if there is such a column.

    Examples
    --------
    >>> from sh_teach import HPOTuner, RecordedCurves, SuccessiveHalvingScheduler
    >>> curves = RecordedCurves.load()
    >>> scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), eta=2, r_min=1, r_max=16)
    >>> tuner = HPOTuner(scheduler, curves.objective, progress=False)
    >>> tuner.run(number_of_trials=31)
    >>> tuner.incumbent["max_epochs"]
    16
    """

    def __init__(self, table):
        self.hyperparameters, curve = check_curves(table)
        self.table = table = table.reset_index(drop=True)
        self.r_max = int(table["epoch"].max())
        ordered = table.sort_values([*curve, "epoch"])
        starts = ordered[ordered["epoch"] == 1]
        configs = starts[self.hyperparameters + curve[1:]].to_dict("records")
        self._with_each_seed = defaultdict(list)
        for config_id, config in zip(starts["config_id"], configs, strict=True):
            self._with_each_seed[config_id].append(config)
        self._row = {frozenset(config.items()): i for i, config in enumerate(configs)}
        # Plain lists: looking one number up in a DataFrame costs more than a scheduler's decision.
        curves = ordered[["validation_error", "seconds"]].to_numpy().reshape(-1, self.r_max, 2)
        self._errors = curves[:, :, 0].tolist()
        self._end = np.insert(curves[:, :, 1].cumsum(axis=1), 0, 0, axis=1).tolist()

    @classmethod
    def load(cls, name="lenet"):
        """Read a table of the package (``"lenet"``, ``"lenet_seeds"``, ``"mlp"``, …) or a file.

        How a table was recorded is described beside it, as in ``sh_teach/data/lenet_curves.md``. A
        file has comma-separated values and a header; lines that start with ``#`` are comments.
        Raises FileNotFoundError, or a ValueError that names line and column if it is malformed.
        """
        path = path_of("name", TABLES.get(str(name), name))
        if not path.is_file():
            tables = f"the tables of the package are {listing(TABLES)}"
            raise FileNotFoundError(f"{path}: there is no such file; {tables}")
        try:
            return cls(read_curves(path))
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{path}: {error}") from error

    def searcher(self, seed=None):
        """Return a searcher that proposes the configurations in random order, fixed by `seed`.

        It draws without replacement; once all were proposed, it begins anew in a new order. In a
        table with seeds, each proposal contains one that was recorded, drawn at random: a trial
        keeps it on every rung, as if it were trained.
        """
        return RecordedSearcher(list(self._with_each_seed.values()), seed)

    def objective(self, max_epochs=10, checkpoint=None, **config):
        """Return the validation error after that many epochs, as recorded.

        The checkpoint is ignored, because nothing is trained. Raises a ValueError if that
        configuration, or that many epochs, were not recorded.
        """
        errors = self._errors[self._find(config)]
        return errors[self._epoch("max_epochs", max_epochs, minimum=1) - 1]

    def runtime(self, config, r_from, r_to):
        """Return the seconds from the end of epoch `r_from` (0: from scratch) to that of `r_to`.

        ``max_epochs`` in `config` is ignored, so a Trial will do. Raises as `objective` does.
        """
        end = self._end[self._find({k: v for k, v in config.items() if k != "max_epochs"})]
        r_from = self._epoch("r_from", r_from, minimum=0)
        return end[self._epoch("r_to", r_to, minimum=r_from)] - end[r_from]

    def as_run(self):
        """Return the table with the columns of a run: ``trial_id``, ``max_epochs``, ``error``."""
        names = {"config_id": "trial_id", "epoch": "max_epochs", "validation_error": "error"}
        return self.table.rename(columns=names)

    def _find(self, config):
        try:
            return self._row[frozenset(config.items())]
        except (KeyError, TypeError):  # TypeError: a list, say, cannot be looked up
            why = "it is not in the table; curves.searcher(seed) proposes what is"
            raise ValueError(f"config={config!r}: {why}") from None

    def _epoch(self, name, value, minimum):
        value = integer(name, value, minimum)
        if value > self.r_max:
            raise ValueError(f"{name}={value}: {self.r_max} epochs were recorded, no more")
        return value


class RecordedSearcher(HPOSearcher):
    """Configurations in random order; each is given as a list of copies with different seeds."""

    def __init__(self, configs, seed=None):
        self.seed = None if seed is None else integer("seed", seed, minimum=0)
        self._configs = configs
        self._rng = np.random.default_rng(self.seed)
        self._to_propose = []

    @cached_property
    def configs(self):
        """A checksum, which stands for the configurations in a journal."""
        return hashlib.sha256(repr(self._configs).encode()).hexdigest()

    def sample_configuration(self):
        """Return a copy of the next configuration, with one of its seeds."""
        if not self._to_propose:
            self._to_propose = self._rng.permutation(len(self._configs)).tolist()
        self.drawn += 1
        with_each_seed = self._configs[self._to_propose.pop()]
        return dict(with_each_seed[self._rng.integers(len(with_each_seed))])
