"""sh_teach: successive halving, taught with code that is read.

Each public name is imported on first use, so ``import sh_teach`` is fast and needs neither torch
nor matplotlib.
"""

from importlib import import_module

_MODULES = {
    "bracket": ["Bracket"],
    "searchers": ["HPOSearcher", "RandomSearcher"],
    "schedulers": ["HPOScheduler", "BasicScheduler", "SuccessiveHalvingScheduler"],
    "trials": ["Trial"],
    "hyperband": ["HyperbandScheduler", "hyperband_brackets"],
    "asha": ["ASHAScheduler"],
    "tuner": ["HPOTuner"],
    "workers": ["LostEvaluation"],
    "simulated_workers": ["SimulatedWorkers"],
    "lenet": ["hpo_objective_lenet"],
    "fashion_mnist": ["load_fashion_mnist"],
    "curves": ["RecordedCurves"],
    "source": ["show_source"],
    "plots": ["plot_rungs", "plot_learning_curves", "plot_halving", "plot_bracket"],
    "time_plots": ["plot_trajectory", "plot_anytime", "plot_timeline"],
    "steps": ["record_steps"],
    "step_plots": ["plot_step"],
    "checks": ["check_scheduler", "check_bracket", "check_objective"],
    "answers": ["check_answer"],
    "widgets": ["explore_bracket", "step_through", "be_the_scheduler"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)
__version__ = "0.1.0"


def __getattr__(name):
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sh_teach' has no attribute {name!r}")
    value = getattr(import_module(f"sh_teach.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
