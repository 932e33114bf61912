"""Training on a CUDA card is the training on the CPU, but for rounding."""

import pytest
import torch
from mlp import hpo_objective_mlp

from sh_teach import HPOTuner, RandomSearcher, SuccessiveHalvingScheduler
from sh_teach.objectives.lenet import hpo_objective_lenet

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA card")

LENET = dict(learning_rate=0.5, batch_size=64, data="sample")
MLP = dict(learning_rate=0.05, batch_size=64, width=64, dropout=0.2, weight_decay=1e-4)
OBJECTIVES = [(hpo_objective_lenet, LENET), (hpo_objective_mlp, MLP | {"data": "sample"})]
OTHER = {"cpu": "cuda", "cuda": "cpu"}


@pytest.mark.parametrize(("objective", "config"), OBJECTIVES)
def test_the_card_finds_the_error_that_the_processor_finds(objective, config):
    errors = [objective(**config, max_epochs=2, device=device) for device in OTHER]
    assert errors[0] == pytest.approx(errors[1], abs=0.03)


@pytest.mark.parametrize("first", OTHER)
@pytest.mark.parametrize(("objective", "config"), OBJECTIVES)
def test_a_checkpoint_of_one_device_resumes_on_the_other(objective, config, first, tmp_path):
    checkpoint = tmp_path / "trial.pt"
    paused = objective(**config, max_epochs=1, checkpoint=checkpoint, device=first)
    again = objective(**config, max_epochs=1, checkpoint=checkpoint, device=OTHER[first])
    assert again == pytest.approx(paused, abs=0.005)
    resumed = objective(**config, max_epochs=2, checkpoint=checkpoint, device=OTHER[first])
    whole = objective(**config, max_epochs=2, device=first)
    assert resumed == pytest.approx(whole, abs=0.03)


def test_auto_takes_the_card():
    torch.cuda.reset_peak_memory_stats()
    hpo_objective_mlp(**MLP, data="sample", max_epochs=1)
    assert torch.cuda.max_memory_allocated() > 0


def test_two_local_processes_share_the_card(tmp_path):
    space = {"learning_rate": [0.2, 0.5], "batch_size": [64, 128]}
    scheduler = SuccessiveHalvingScheduler(RandomSearcher(space, seed=0), 2, 1, 2)
    tuner = HPOTuner(scheduler, on_sample, workers=2, checkpoint_dir=tmp_path, progress=False)
    tuner.run(number_of_trials=3)
    assert all(record["error"] < 0.91 for record in tuner.records)


def on_sample(**config):
    return hpo_objective_lenet(**config, data="sample", device="cuda")
