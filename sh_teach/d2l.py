"""The book's names: with ``from sh_teach import d2l`` its code cells run unchanged.

Dive into Deep Learning builds its API for hyperparameter optimization on a package ``d2l``. This
module has the part that its section on multi-fidelity optimization uses, made of `sh_teach`.
"""

import inspect

# "A as A" means that the book's code finds the name here.
from matplotlib import pyplot as plt

from sh_teach.objectives.lenet import hpo_objective_lenet as hpo_objective_lenet
from sh_teach.running.tuner import HPOTuner as HPOTuner
from sh_teach.schedulers.base import BasicScheduler as BasicScheduler
from sh_teach.schedulers.searchers import HPOSearcher as HPOSearcher
from sh_teach.schedulers.searchers import RandomSearcher as RandomSearcher


class HyperParameters:
    """Base of classes that keep the arguments of their constructor as attributes."""

    def save_hyperparameters(self, ignore=()):
        """Set an attribute for each argument of the calling method, but those to ignore."""
        arguments = inspect.getargvalues(inspect.currentframe().f_back)
        named = {name: arguments.locals[name] for name in arguments.args[1:]}
        self.hparams = {name: value for name, value in named.items() if name not in ignore}
        for name, value in self.hparams.items():
            setattr(self, name, value)


class HPOScheduler(HyperParameters):
    """Base of the schedulers that a reader of the book writes; they may suggest plain dicts."""

    def suggest(self):
        """Return the configuration to evaluate next."""
        raise NotImplementedError

    def update(self, config, error, info=None):
        """Learn the error of a configuration."""
        raise NotImplementedError

    def settings(self):
        """Return what identifies a run in its journal: class, saved arguments, searcher."""
        arguments = dict(getattr(self, "hparams", {}))
        name, searcher = type(self).__name__, arguments.pop("searcher", None)
        if searcher is None:
            raise ValueError(f"{name}.__init__ must call save_hyperparameters(), with a searcher")
        return {"class": name} | arguments | {"searcher": searcher.settings()}


def add_to_class(cls):
    """Return a decorator that makes a function a method of `cls`, also of objects made before."""

    def register(function):
        setattr(cls, function.__name__, function)

    return register


def set_figsize(figsize=(3.5, 2.5)):
    """Set the size of the figures that follow, in inches."""
    plt.rcParams["figure.figsize"] = figsize
