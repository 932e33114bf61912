"""The page of claims quotes the notebooks: their sentences, and the lines that show them."""

import html
import re
from pathlib import Path

import pytest
from nbformat import v4

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SECTIONS = re.split(r"(?m)^## ", (NOTEBOOKS / "claims.md").read_text("utf-8"))[1:]
CLAIM = re.compile(r'(?m)^- "(.+)" \(`([\w-]+)`\)\n  - on (.+)\n((?:  - `.+` \(`[\w-]+`\)\n?)+)')
QUOTES = []  # notebook, cell, what is quoted from it
for section in SECTIONS:
    name, body = section.split("\n", 1)
    for sentence, place, _, evidence in CLAIM.findall(body):
        QUOTES.append((name, place, sentence))
        QUOTES += [(name, at, line) for line, at in re.findall(r"  - `(.+)` \(`(.+)`\)", evidence)]


def said_in(cell):
    """Return the source of a cell, and the text that it shows."""
    shown = [cell.source]
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        shown += [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
    return html.unescape(re.sub(r"</?\w+[^>]*>", "", "\n".join(shown)))


@pytest.mark.parametrize(("name", "place", "quote"), QUOTES)
def test_a_quote_is_in_the_cell_that_it_names(name, place, quote):
    cells = v4.reads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8")).cells
    (cell,) = [cell for cell in cells if cell.id == place]
    assert quote in said_in(cell)


def test_every_claim_on_the_page_names_its_cell_its_problem_and_its_line():
    for section in SECTIONS:
        assert len(re.findall(r"(?m)^- ", section)) == len(CLAIM.findall(section)) > 0
