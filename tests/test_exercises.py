"""Exercises and predictions are whole, and the student edition holds no solution."""

import copy
import importlib
import re
import sys
from pathlib import Path

import pytest
from nbformat import v4

ROOT = Path(__file__).parents[1]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))


LINK = re.compile(r"\]\((?!http|#)([^)#]+)")


@pytest.fixture(scope="module")
def handout():
    sys.path.insert(0, str(ROOT / "scripts"))
    yield importlib.import_module("write_handout")
    sys.path.remove(str(ROOT / "scripts"))


def read(path):
    return v4.reads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_exercises_of_each_notebook_are_whole(path, handout):
    assert handout.faults(read(path)) == []


def first(notebook, id):
    return next(cell for cell in notebook.cells if cell.id == id)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda nb: nb.cells.remove(first(nb, "exercise-4")), "[1, 2, 3], not at least 4"),
        (lambda nb: nb.cells.remove(first(nb, "solution-2")), "exercise 2: exercise-2-text, "),
        (
            lambda nb: setattr(
                first(nb, "exercise-1-text"),
                "source",
                first(nb, "exercise-1-text").source.replace("Hint 2", "Hint"),
            ),
            "exercise 1: two hints",
        ),
        (
            lambda nb: first(nb, "exercise-3-check").outputs.clear(),
            'should say "not attempted"',
        ),
        (lambda nb: setattr(first(nb, "exercise-3-check"), "source", "1"), "gives no feedback"),
        (
            lambda nb: setattr(first(nb, "exercise-3"), "source", "check_answer(1, is_one)"),
            "leave the check to the next cell",
        ),
        (
            lambda nb: first(nb, "exercise-2-check").metadata.pop("jupyter"),
            "the source of its check is not collapsed",
        ),
        (
            lambda nb: setattr(
                first(nb, "exercise-1-text"),
                "source",
                first(nb, "exercise-1-text").source.replace("★", ""),
            ),
            "its stars",
        ),
        (lambda nb: setattr(first(nb, "solution-3"), "source", "1"), "is not checked as its stub"),
        (lambda nb: first(nb, "solution-1").metadata.pop("jupyter"), "is not collapsed"),
        (lambda nb: first(nb, "solution-1").metadata.pop("tags"), "the tag solution belongs"),
        (
            lambda nb: first(nb, "solution-1").outputs[0].update(text="not yet: 3\n"),
            "its solution is not right",
        ),
        (lambda nb: first(nb, "solution-1").update(execution_count=None), "it was not run"),
    ],
)
def test_what_is_missing_in_an_exercise_is_named(spoil, fault, handout):
    notebook = read(ROOT / "notebooks" / "01_rungs.ipynb")
    spoil(notebook)
    assert any(fault in found for found in handout.faults(notebook))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_student_edition_has_everything_but_solutions_and_what_gives_answers_away(
    path, handout
):
    whole = read(path)
    edition = handout.student_edition(copy.deepcopy(whole))
    kept = {cell.id: cell for cell in edition.cells}
    for cell in whole.cells:
        if cell.id.startswith("solution"):
            assert cell.id not in kept
        elif cell.cell_type == "code" and (
            cell.id.startswith(("exercise", "reveal")) or "answer" in cell.metadata.get("tags", [])
        ):
            assert kept[cell.id].outputs == []
            assert kept[cell.id].source == cell.source
        else:
            assert kept[cell.id] == cell
    assert "solution" not in str([cell.metadata for cell in edition.cells])


def test_the_handout_is_complete_and_the_same_on_a_second_run(handout, tmp_path):
    def content(folder):
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    handout.write(tmp_path / "handout")
    (tmp_path / "handout" / "left over").touch()
    once = content(tmp_path / "handout")
    handout.write(tmp_path / "handout")
    twice = content(tmp_path / "handout")
    assert once.pop("left over") == b""
    assert once == twice
    assert {"Makefile", "README.md", "sh_teach/__init__.py", "img/rungs.svg"} <= twice.keys()
    assert {"scripts/check_setup.py", "scripts/get_data.py"} <= twice.keys()
    beside = [*PATHS, *(ROOT / "notebooks").glob("*.py"), *(ROOT / "notebooks").glob("*.md")]
    left_out = {"notebooks/claims.md"}  # it answers predictions
    assert {f"notebooks/{path.name}" for path in beside} - left_out <= twice.keys()
    assert not left_out & twice.keys()
    assert not [name for name in twice if "test" in name or "pycache" in name]
    assert [path.name for path in tmp_path.iterdir()] == ["handout"]


@pytest.fixture(scope="module")
def written(handout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "handout"
    handout.write(folder)
    return folder


def test_every_link_of_the_handout_leads_to_a_file_in_it(written):
    texts = {path: path.read_text("utf-8") for path in written.rglob("*.md")}
    for path in written.rglob("*.ipynb"):
        texts[path] = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    links = [(path, link) for path in texts for link in LINK.findall(texts[path])]
    assert len(links) > 20
    dead = [(path.name, link) for path, link in links if not (path.parent / link).exists()]
    assert dead == []


def test_the_handout_names_only_commands_and_scripts_that_it_has(written):
    readme = (written / "README.md").read_text("utf-8")
    makefile = (written / "Makefile").read_text("utf-8")
    listed = re.findall(r"(?m)^## make (\w+) ", makefile)
    assert listed == ["lab", "data", "clean", "help"]
    assert set(re.findall(r"`make (\w+)", readme)) <= set(listed)
    for script in re.findall(r"scripts/\w+\.py", readme + makefile.split("help:")[0]):
        assert (written / script).is_file()


def test_a_handout_that_is_a_git_repository_stays_one(handout, tmp_path):
    handout.write(tmp_path / "handout")
    (tmp_path / "handout" / ".git").mkdir()
    (tmp_path / "handout" / ".git" / "HEAD").write_text("ref: refs/heads/main")
    handout.write(tmp_path / "handout")
    assert (tmp_path / "handout" / ".git" / "HEAD").read_text() == "ref: refs/heads/main"


def prediction():
    """Return a notebook with one prediction, as it should be."""
    text = v4.new_markdown_cell("**Predict.** How many?", id="how-many-text")
    guess = v4.new_code_cell("guess_how_many = None  # a number", id="guess-how-many")
    reveal = v4.new_code_cell(
        "reveal(guess_how_many, 3, says={4: 'The last one is stopped.'})",
        id="reveal-how-many",
        metadata={"jupyter": {"source_hidden": True}},
    )
    hidden = {"source_hidden": True, "outputs_hidden": True}
    answer = v4.new_code_cell("3", id="how-many", metadata={"tags": ["answer"], "jupyter": hidden})
    return v4.new_notebook(cells=[text, guess, reveal, answer])


def test_a_prediction_with_guess_and_collapsed_reveal_is_whole(handout):
    assert list(handout.prediction_faults(prediction())) == []


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda nb: nb.cells.pop(1), "how-many-text: a guess and its reveal should follow"),
        (lambda nb: nb.cells.insert(2, v4.new_code_cell("3", id="x")), "should follow, not guess"),
        (lambda nb: setattr(nb.cells[1], "source", "guess = None"), "it should be guess_how_many"),
        (lambda nb: setattr(nb.cells[1], "source", "guess_how_many = 3"), "= None"),
        (lambda nb: setattr(nb.cells[2], "source", "print(3)"), "it should call reveal("),
        (
            lambda nb: setattr(nb.cells[2], "source", "reveal(guess_how_many, 3)"),
            "answers no guess that students commonly make",
        ),
        (lambda nb: nb.cells[2].metadata.clear(), "reveal-how-many: its source is not collapsed"),
        (
            lambda nb: nb.cells[3].metadata.jupyter.update(outputs_hidden=False),
            "how-many: it gives an answer away",
        ),
    ],
)
def test_what_is_missing_in_a_prediction_is_named(spoil, fault, handout):
    notebook = prediction()
    spoil(notebook)
    assert any(fault in found for found in handout.prediction_faults(notebook))
