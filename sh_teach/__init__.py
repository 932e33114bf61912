"""sh_teach: successive halving, taught with code that is read.

Six rooms: ``schedulers`` (what runs next), ``running`` (where, and when), ``objectives`` (what
is trained), ``plots`` (what came of it), ``widgets`` (in slow motion) and ``classroom`` (is mine
right?).

Each public name is imported on first use, so ``import sh_teach`` is fast and needs neither torch
nor matplotlib.
"""

from importlib import import_module

_MODULES = {
    "schedulers.bracket": ["Bracket"],
    "schedulers.trial": ["Trial"],
    "schedulers.searchers": ["HPOSearcher", "RandomSearcher"],
    "schedulers.kde": ["KDESearcher"],
    "schedulers.base": ["HPOScheduler", "BasicScheduler"],
    "schedulers.halving": ["SuccessiveHalvingScheduler"],
    "schedulers.hyperband": ["HyperbandScheduler", "hyperband_brackets"],
    "schedulers.asha": ["ASHAScheduler"],
    "running.tuner": ["HPOTuner"],
    "running.workers": ["LostEvaluation"],
    "running.simulated": ["SimulatedWorkers"],
    "objectives.lenet": ["hpo_objective_lenet"],
    "objectives.fashion_mnist": ["load_fashion_mnist"],
    "objectives.curves": ["RecordedCurves"],
    "plots.rungs": ["plot_rungs", "plot_learning_curves"],
    "plots.bracket": ["plot_bracket", "plot_halving"],
    "plots.time": ["plot_trajectory", "plot_anytime", "plot_timeline"],
    "plots.compare": ["compare"],
    "widgets.explorer": ["explore_bracket"],
    "widgets.slow_motion": ["step_through", "be_the_scheduler"],
    "classroom.check_scheduler": ["check_scheduler"],
    "classroom.answers": ["check_answer"],
    "classroom.reveal": ["reveal"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)
__version__ = "1.0.0"


def __getattr__(name):
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sh_teach' has no attribute {name!r}")
    value = getattr(import_module(f"sh_teach.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
