"""The shape of the lesson: short, in small steps, with questions on what came before."""

import ast
import re
from pathlib import Path

import pytest
from nbformat import v4

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
REWRITTEN = (
    "00_start_here",
    "01_rungs",
    "02_successive_halving",
    "03_does_it_pay",
    "04_async_queue",
    "05_when_things_go_wrong",
    "06_beyond_one_bracket",
    "07_scaling_out",
)
every_notebook = pytest.mark.parametrize("name", REWRITTEN)
AFTER_THE_FIRST = pytest.mark.parametrize("name", REWRITTEN[1:])
MOST_CELLS = 60
MOST_LINES = 10
MOST_LONG_CELLS = 2
# Each is written in italics where a notebook uses it first.
TERMS = "configuration trial evaluation resource rung round bracket survivor incumbent checkpoint"
TERMS = [*TERMS.split(), "straggler"]
FOLDERS = "tests", "scripts", "benchmarks", "sh_teach", "notebooks"
# A passage that a file names, as in: notebook 01, "Misconceptions".
PASSAGE = re.compile(r'(?i)\bnotebook (\d\d), "([^"]+)"')


def cells_of(name):
    return v4.reads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8")).cells


def lesson(name):
    """Return the cells that are not part of an exercise."""
    cells = cells_of(name)
    return [c for c in cells if not re.match(r"(exercise|solution)-\d|solutions?-text", c.id)]


def prose(cells):
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def length(cell):
    """Return the number of lines of code, without imports, comments and empty lines."""
    imports = set()
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports |= set(range(node.lineno, node.end_lineno + 1))
    lines = enumerate(cell.source.splitlines(), start=1)
    return sum(number not in imports and not re.match(r"\s*(#|$)", line) for number, line in lines)


@every_notebook
def test_a_notebook_is_short_and_its_cells_are(name):
    cells = lesson(name)
    assert len(cells) <= MOST_CELLS
    shown = [
        cell
        for cell in cells
        if cell.cell_type == "code" and not cell.metadata.get("jupyter", {}).get("source_hidden")
    ]
    long = {cell.id: length(cell) for cell in shown if length(cell) > MOST_LINES}
    assert len(long) <= MOST_LONG_CELLS, long


@AFTER_THE_FIRST
def test_a_notebook_begins_with_three_questions_on_earlier_ones(name):
    (earlier,) = [cell for cell in cells_of(name)[:3] if cell.id == "earlier-text"]
    assert earlier.source.count("<details>") == 3


@every_notebook
def test_a_notebook_says_where_one_may_stop_and_what_to_explain_aloud(name):
    text = prose(lesson(name))
    assert "**Stop here**" in text
    asked = re.findall(r"\*\*Explain it aloud\.?\*\*.*?<details>", text, re.S)
    assert len(asked) >= (3 if name in REWRITTEN[1:] else 2)


@every_notebook
def test_a_term_is_in_italics_where_it_is_used_first(name):
    text = re.sub(r"(?s)<details>.*?</details>|`[^`]*`|\$[^$]*\$", "", prose(lesson(name)[1:]))
    plain = []
    for term in TERMS:
        first = re.search(rf"(?i)(\*?)\b{term}s?\b", text)
        if first and first[1] != "*":
            plain.append(text[first.start() - 30 : first.end() + 30])
    assert plain == []


def test_a_passage_that_a_file_names_is_in_its_notebook():
    files = [path for folder in FOLDERS for path in (NOTEBOOKS.parent / folder).rglob("*.py")]
    named = {found for path in files for found in PASSAGE.findall(path.read_text("utf-8"))}
    assert len(named) > 5
    texts = {name[:2]: prose(cells_of(name)) for name in REWRITTEN}
    assert [(number, words) for number, words in named if words not in texts[number]] == []
