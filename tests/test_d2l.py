"""The book's own cells belong to its authors; the scheduler here is written for this test."""

import re
from pathlib import Path

import pytest
from scipy import stats

from sh_teach import d2l

CHAPTER = Path(__file__).parents[2] / "shared" / "chapter.md"


class KeepBestHalf(d2l.HPOScheduler):
    """Two rungs, plain dicts, as a reader of the book would write it."""

    def __init__(self, searcher, r_min, r_max, width=4):
        self.save_hyperparameters()
        self.waiting, self.results = [], []

    def suggest(self):
        if not self.waiting:
            fresh = [self.searcher.sample_configuration() for _ in range(self.width)]
            self.waiting = [config | {"max_epochs": self.r_min} for config in fresh]
        return self.waiting.pop(0)


@d2l.add_to_class(KeepBestHalf)
def update(self, config, error, info=None):
    if config["max_epochs"] == self.r_min:
        self.results.append((error, len(self.results), config))
    if len(self.results) == self.width:
        best = sorted(self.results)[: self.width // 2]
        self.waiting += [config | {"max_epochs": self.r_max} for _, _, config in best]
        self.results = []


def test_a_scheduler_of_plain_dicts_built_with_the_books_names_runs():
    searcher = d2l.RandomSearcher({"x": stats.uniform(0, 1)}, initial_config={"x": 0.5})
    scheduler = KeepBestHalf(searcher, r_min=1, r_max=3)
    tuner = d2l.HPOTuner(scheduler, lambda x, max_epochs: x / max_epochs)
    tuner.run(number_of_trials=12)
    levels = [record["config"]["max_epochs"] for record in tuner.records]
    assert levels == [1, 1, 1, 1, 3, 3] * 2
    survivors = {record["trial_id"] for record in tuner.records[4:6]}
    best = sorted(tuner.records[:4], key=lambda record: record["error"])[:2]
    assert survivors == {record["trial_id"] for record in best}


def test_save_hyperparameters_keeps_all_arguments_but_those_to_ignore():
    class Model(d2l.HyperParameters):
        def __init__(self, width, depth=2, name="net"):
            local = 5
            self.save_hyperparameters(ignore=["name"])
            self.local = local

    model = Model(7)
    assert (model.width, model.depth) == (7, 2)
    assert model.hparams == {"width": 7, "depth": 2}
    assert not hasattr(model, "name")


def test_add_to_class_reaches_instances_made_before():
    class Empty:
        pass

    before = Empty()

    @d2l.add_to_class(Empty)
    def double(self, x):
        return 2 * x

    assert before.double(4) == 8


def test_a_scheduler_without_methods_says_so():
    with pytest.raises(NotImplementedError):
        d2l.HPOScheduler().suggest()


def test_a_journal_knows_the_run_of_a_scheduler_written_with_the_books_names(tmp_path):
    def tuner(seed=0, **arguments):
        searcher = d2l.RandomSearcher({"x": [1, 2, 3]}, seed=seed)
        scheduler = KeepBestHalf(searcher, **{"r_min": 1, "r_max": 3} | arguments)
        journal = tmp_path / "run.jsonl"
        return d2l.HPOTuner(scheduler, lambda x, max_epochs: x / max_epochs, journal=journal)

    tuner().run(5)
    resumed = tuner()
    assert len(resumed.records) == 5
    resumed.run(12)
    assert [r["config"]["max_epochs"] for r in resumed.records] == [1, 1, 1, 1, 3, 3] * 2
    for other, named in (
        ({"r_max": 4}, "r_max=3"),
        ({"width": 2}, "width=4"),
        ({"seed": 1}, "seed"),
    ):
        with pytest.raises(ValueError, match=f"another run.*{named}"):
            tuner(**other)


def test_settings_without_saved_arguments_say_what_is_missing():
    class Forgetful(d2l.HPOScheduler):
        def __init__(self, searcher):
            self.searcher = searcher

    with pytest.raises(ValueError, match=r"Forgetful.__init__ must call save_hyperparameters"):
        Forgetful(d2l.RandomSearcher({"x": [1]})).settings()


def test_set_figsize_holds_for_the_figures_that_follow():
    with d2l.plt.rc_context():
        d2l.set_figsize((5, 1))
        assert d2l.plt.figure().get_size_inches().tolist() == [5, 1]
    d2l.plt.close("all")


@pytest.mark.skipif(not CHAPTER.exists(), reason="the book's chapter is not beside the project")
def test_the_chapters_cells_run_unchanged(monkeypatch):
    def quick_objective(learning_rate, batch_size, max_epochs):
        return 0.9 - 0.5 * learning_rate + 1 / max_epochs

    monkeypatch.setattr(d2l, "hpo_objective_lenet", quick_objective)
    cells = re.findall(r"```\{\.python \.input.*?\}\n(.*?)```", CHAPTER.read_text(), re.DOTALL)
    assert len(cells) > 5
    names = {}
    with d2l.plt.rc_context():
        for cell in cells:
            if "load_ext" in cell:  # a directive for the book's own typesetting
                continue
            code = cell.replace("%%tab pytorch", "").replace("from d2l import torch as d2l", "")
            names.setdefault("d2l", d2l)
            exec(code, names)
    d2l.plt.close("all")
    assert len(names["tuner"].records) == 30
    assert sum(len(rung) for rung in names["scheduler"].all_observed_error_at_rungs.values()) == 30
