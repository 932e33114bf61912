"""The README's example runs, and the files and commands that it names exist."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULE = ROOT / "sh_teach"
README = (ROOT / "README.md").read_text("utf-8")
TEACHING = (ROOT / "TEACHING.md").read_text("utf-8")


def test_the_example_with_an_objective_of_your_own_runs_and_is_short(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(code.splitlines()) <= 20
    names = {}
    exec(code, names)
    assert names["tuner"].incumbent["max_epochs"] == 27
    assert names["objective"](**names["tuner"].incumbent) == names["tuner"].incumbent_error
    assert len(names["tuner"].records) == 40
    assert str(names["tuner"].incumbent) in capsys.readouterr().out


def test_every_notebook_has_a_row_with_a_thumbnail_and_its_minutes():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        (row,) = [line for line in README.splitlines() if f"(notebooks/{path.name})" in line]
        assert re.match(r"\| <img .*\| \d+ \|$", row)
        assert f"**It takes** {row.split('|')[-2].strip()} minutes" in path.read_text("utf-8")


@pytest.mark.parametrize("text", [README, TEACHING], ids=["README", "TEACHING"])
def test_every_make_command_that_is_named_exists(text):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = set(re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", text, re.M))
    named = {one or other for one, other in named}
    assert len(named) >= 2
    assert named <= targets


def test_every_file_of_the_module_that_is_named_exists():
    diagram = re.search(r"## The module\n(.*?)## ", README, re.S)[1]
    rooms = re.findall(r"^(\w+)/ +(.*)$", diagram, re.M)
    assert {room for room, _ in rooms} == {p.parent.name for p in MODULE.glob("*/__init__.py")}
    for room, files in rooms:
        named = {f"{name}.py" for name in files.split()}
        assert named == {p.name for p in (MODULE / room).glob("*.py")} - {"__init__.py"}


def test_the_five_files_are_those_that_one_evaluation_passes_through_in_that_order(monkeypatch):
    five = re.findall(r"^\d\. \[\w+\.py\]\((.*?)\)", README, re.M)
    assert len(five) == 5
    passed = []

    def note(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(MODULE) and frame.f_code.co_name != "<module>":
            name = path.relative_to(ROOT).as_posix()
            if name in five and name not in passed:
                passed.append(name)

    from sh_teach import (
        HPOTuner,
        RandomSearcher,
        SuccessiveHalvingScheduler,
        hpo_objective_lenet,
        plot_rungs,
    )
    from sh_teach.objectives import lenet

    monkeypatch.setattr(lenet, "IMAGES_PER_EPOCH", 10_000)
    space = {"learning_rate": [0.5], "batch_size": [1000], "data": "sample"}
    sys.setprofile(note)
    try:
        searcher = RandomSearcher(space, seed=0)
        scheduler = SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=2)
        tuner = HPOTuner(scheduler, hpo_objective_lenet, progress=False)
        tuner.run(number_of_trials=1)
        plot_rungs(tuner.dataframe())
    finally:
        sys.setprofile(None)
    assert passed == five
