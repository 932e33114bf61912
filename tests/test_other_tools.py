"""What the notebooks say about other tools, tried on them where they are installed.

Checked with Optuna 5.0.0, Syne Tune 0.16.0, scikit-learn 1.9.1 and Dask 2026.8.0. If a release
changes one of these, its test fails: correct the sentence in the notebook that the test names,
the test, and the version here.
"""

import inspect
from datetime import datetime

import numpy as np
import pytest

RISING = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
ORDERS = {  # of notebook 06, "Pause, or stop for good?"
    "worse and worse": (RISING, [9, 1, 1, 1, 1, 1, 1, 1, 1]),
    "better and better": (RISING[::-1], [9] * 9),
    "all the same": ([0.5] * 9, [9] * 9),
}
by_order = pytest.mark.parametrize(("errors", "levels"), ORDERS.values(), ids=ORDERS)


@pytest.fixture(scope="module")
def optuna():
    optuna = pytest.importorskip("optuna")
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield optuna
    optuna.logging.set_verbosity(before)


@pytest.fixture
def syne_tune():
    return pytest.importorskip("syne_tune.optimizer.schedulers.asha")


def epoch_of_pruning(study, error_at, first_step=1, last=400):
    """Train one more trial of the study; return the epoch at which it is pruned, or None."""
    trial = study.ask()
    for epoch in range(1, last + 1):
        trial.report(error_at(epoch), step=epoch - 1 + first_step)
        if trial.should_prune():
            return epoch
    return None


def first_rungs(optuna, name):
    """Return at which epoch Optuna's Hyperband prunes each of 600 trials, if all lose."""
    pruner = optuna.pruners.HyperbandPruner(1, 243, reduction_factor=3)
    study = optuna.create_study(study_name=name, pruner=pruner)
    epochs = []
    for i in range(600):
        trial = study.ask()
        for epoch in (1, 3, 9, 27, 81, 243):
            trial.report(i, step=epoch)
            if trial.should_prune():
                epochs.append(epoch)
                break
    return epochs


def test_in_optuna_the_bracket_that_starts_at_243_is_missing(optuna):
    """Notebook 06, "a trap in the arithmetic"."""
    assert set(first_rungs(optuna, "a")) == {1, 3, 9, 27, 81}


def test_optuna_assigns_brackets_by_name_and_number_and_not_in_a_cycle(optuna):
    """Notebook 06, "The same thing in the tools at work", below the table."""
    rungs = first_rungs(optuna, "a")
    assert rungs == first_rungs(optuna, "a") != first_rungs(optuna, "b")
    cycle = len(set(rungs))
    assert rungs[:-cycle] != rungs[cycle:]


@pytest.mark.parametrize(("first_step", "checks"), [(0, [11, 41, 161]), (1, [10, 40, 160])])
def test_optuna_checks_an_epoch_late_if_steps_count_from_zero(optuna, first_step, checks):
    """Notebook 01, "Misconceptions", about optuna#5750."""
    found = []
    while len(found) < 3:
        bad_from = found[-1] + 1 if found else 1
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=10)
        study = optuna.create_study(pruner=pruner)
        assert epoch_of_pruning(study, lambda epoch: 0.5, first_step) is None
        found.append(
            epoch_of_pruning(study, lambda e, bad=bad_from: 0.9 if e >= bad else 0.1, first_step)
        )
    assert found == checks


def test_optuna_stops_deciding_below_r_max(optuna):
    """Notebook 01, "when the last step is no power"."""
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=2)
    study = optuna.create_study(pruner=pruner)
    assert epoch_of_pruning(study, lambda epoch: 0.5, last=10) is None
    assert epoch_of_pruning(study, lambda epoch: 0.9 if epoch > 4 else 0.1, last=10) == 8
    assert epoch_of_pruning(study, lambda epoch: 0.9 if epoch > 8 else 0.1, last=10) is None


def test_only_the_hyperband_of_optuna_has_a_max_resource(optuna):
    """Notebook 06, "The same thing in the tools at work", in the table."""
    pruners = optuna.pruners.HyperbandPruner, optuna.pruners.SuccessiveHalvingPruner
    have = ["max_resource" in inspect.signature(pruner).parameters for pruner in pruners]
    assert have == [True, False]


def test_the_best_value_of_optuna_is_of_a_trial_that_finished(optuna):
    """Notebook 06, "The best of the last rung is the result": a pruned trial may be better."""
    study = optuna.create_study()
    pruned, finished = study.ask(), study.ask()
    pruned.report(0.1, step=1)
    study.tell(pruned, state=optuna.trial.TrialState.PRUNED)
    study.tell(finished, 0.2)
    assert study.best_value == 0.2


@by_order
def test_optuna_stops_and_lets_ties_pass(optuna, errors, levels):
    """Notebook 06, "Pause, or stop for good?"."""
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    study = optuna.create_study(pruner=pruner)
    reached = [epoch_of_pruning(study, lambda epoch, e=error: e, last=9) for error in errors]
    assert [epoch or 9 for epoch in reached] == levels


def syne_tune_asha(module, **options):
    from syne_tune.config_space import uniform

    options = {"metric": "error", "time_attr": "epochs", "random_seed": 0} | options
    return module.AsynchronousSuccessiveHalving({"x": uniform(0, 1)}, **options)


def syne_tune_stop(scheduler, number, error_at, epochs):
    """Train one more trial of the scheduler; return the epoch at which it is stopped, or None."""
    from syne_tune.backend.trial_status import Trial

    trial = Trial(number, scheduler.suggest().config, datetime(2026, 1, 1))
    scheduler.on_trial_add(trial)
    for epoch in epochs:
        result = {"error": error_at(epoch), "epochs": epoch}
        if scheduler.on_trial_result(trial, result) == "STOP":
            return epoch
    return None


@by_order
def test_syne_tune_stops_and_lets_ties_pass(syne_tune, errors, levels):
    """Notebook 06, "Pause, or stop for good?"."""
    scheduler = syne_tune_asha(syne_tune, max_t=9, reduction_factor=3)
    reached = [
        syne_tune_stop(scheduler, i, lambda epoch, e=error: e, (1, 3, 9))
        for i, error in enumerate(errors)
    ]
    assert reached == levels


def test_syne_tune_stops_deciding_below_r_max_and_stops_all_there(syne_tune):
    """Notebook 01, "when the last step is no power"."""
    scheduler = syne_tune_asha(syne_tune, max_t=10, grace_period=2, reduction_factor=2)
    epochs = range(1, 11)
    for rival in (0, 1):
        assert syne_tune_stop(scheduler, rival, lambda epoch: 0.5, epochs) == 10
    assert syne_tune_stop(scheduler, 2, lambda epoch: 0.9 if epoch > 4 else 0.1, epochs) == 8
    assert syne_tune_stop(scheduler, 3, lambda epoch: 0.9 if epoch > 8 else 0.1, epochs) == 10


def test_syne_tune_draws_the_bracket_at_random(syne_tune, monkeypatch):
    """Notebook 06, "The same thing in the tools at work", below the table."""

    def first_rungs(seed):
        monkeypatch.setattr(np.random, "choice", np.random.default_rng(seed).choice)
        scheduler = syne_tune_asha(syne_tune, max_t=27, reduction_factor=3, brackets=3)
        return [syne_tune_stop(scheduler, i, lambda e, i=i: i, (1, 3, 9)) for i in range(60)]

    assert {1, 3, 9} <= set(first_rungs(0))
    assert first_rungs(0) == first_rungs(0) != first_rungs(1)


@pytest.fixture(scope="module")
def halving_search():
    """Return a function that runs scikit-learn's search over n candidates on a made-up score."""
    pytest.importorskip("sklearn")
    from sklearn.base import BaseEstimator
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV

    class Model(BaseEstimator):
        def __init__(self, candidate=0, epochs=1):
            self.candidate, self.epochs = candidate, epochs

        def fit(self, X, y=None):
            return self

        def score(self, X, y=None):
            return self.candidate - self.epochs

    def search(n, **options):
        grid = {"candidate": list(range(n))}
        found = HalvingGridSearchCV(Model(), grid, resource="epochs", cv=2, refit=False, **options)
        return found.fit(np.zeros((4, 1)))

    return search


@pytest.mark.parametrize(
    ("min_resources", "levels"),
    [
        ("exhaust", [3, 9, 27, 81, 243]),
        ("smallest", [1, 3, 9, 27, 81]),
        (1, [1, 3, 9, 27, 81]),
    ],
)
def test_scikit_learn_reaches_243_only_if_it_raises_r_min(halving_search, min_resources, levels):
    """Notebook 06, "a trap in the arithmetic"; notebook 01, "when the last step is no power"."""
    search = halving_search(243, factor=3, max_resources=243, min_resources=min_resources)
    assert search.n_resources_ == levels


@pytest.mark.parametrize(("min_resources", "levels"), [(2, [2, 4, 8]), ("exhaust", [1, 2, 4, 8])])
def test_scikit_learn_stops_below_r_max(halving_search, min_resources, levels):
    """Notebook 01, "when the last step is no power"."""
    search = halving_search(8, factor=2, max_resources=10, min_resources=min_resources)
    assert search.n_resources_ == levels


def test_scikit_learn_returns_the_best_of_the_last_rung(halving_search):
    """Notebook 06, "The best of the last rung is the result": a lower rung may be better."""
    search = halving_search(4, factor=2, max_resources=4, min_resources=1)
    assert search.n_resources_[search.cv_results_["iter"][search.best_index_]] == 4
    assert search.best_score_ < max(search.cv_results_["mean_test_score"])


def test_dask_repeats_three_times():
    """Notebook 07, "Two workers, one of which dies": Dask gives the work to another worker."""
    dask = pytest.importorskip("dask")
    pytest.importorskip("distributed")
    assert dask.config.get("distributed.scheduler.allowed-failures") == 3
