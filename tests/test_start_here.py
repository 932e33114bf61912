"""Notebook 00 and the two pages beside it say what the rest of the course says."""

import re
import subprocess

import pytest
from make_slides import PAGES, make_page
from nbformat import v4
from test_lesson import NOTEBOOKS, REWRITTEN, TERMS

from sh_teach import Bracket

GLOSSARY = (NOTEBOOKS / "glossary.md").read_text("utf-8")
CHEAT_SHEET = (NOTEBOOKS / "cheat_sheet.md").read_text("utf-8")


def cell(id):
    cells = v4.reads((NOTEBOOKS / "00_start_here.ipynb").read_text("utf-8")).cells
    return next(cell for cell in cells if cell.id == id).source


def rows(text):
    """Return the cells of each row of the tables in a text."""
    lines = re.findall(r"(?m)^\| (.+) \|$", text)
    return [[part.strip() for part in line.split(" | ")] for line in lines if "---" not in line]


def test_the_words_have_the_meanings_that_the_glossary_gives_them():
    meanings = {word: meaning for word, meaning, _ in rows(GLOSSARY)}
    words = rows(cell("words-text"))[1:]
    assert {re.findall(r"\w+", word)[0] for word, _ in words} == {*TERMS, "prefact"}
    assert {word: meanings[word] for word, _ in words} == dict(words)


def test_the_words_of_the_glossary_are_in_the_order_of_the_alphabet():
    words = re.findall(r"(?m)^\| [*`]?(\w[\w ]*\w)", GLOSSARY)[1:]
    assert len(words) > 30
    assert words == sorted(words, key=str.casefold)


def test_the_rounds_of_the_cheat_sheet_are_those_of_the_module():
    numbers = [row for row in rows(CHEAT_SHEET) if len(row) == 7 and row[0].isdigit()]
    assert len(numbers) == 4
    for eta, levels, sizes, *costs in numbers:
        levels, sizes = ([int(n) for n in row.split(", ")] for row in (levels, sizes))
        bracket = Bracket(levels[0], levels[-1], int(eta))
        assert [*bracket.levels] == levels
        assert [*bracket.sizes] == sizes
        epochs = bracket.epochs(), bracket.epochs(resume=True), bracket.n * levels[-1]
        assert [int(n) for n in costs] == [bracket.evaluations, *epochs]


@pytest.mark.parametrize("name", REWRITTEN)
def test_the_map_has_the_title_and_the_minutes_of_each_notebook(name):
    rows_of_map = {number: row for number, *row in rows(cell("map-text"))}
    title, _, minutes = rows_of_map[name[:2]]
    first = v4.reads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8")).cells[0].source
    title = re.sub(r"\[(.+)\]\(.+\)", r"\1", title)
    assert first.startswith(f"# {title}")
    assert f"**It takes** {minutes} minutes" in first


@pytest.mark.parametrize("paper", ["A4", "letter"])
@pytest.mark.parametrize("page", PAGES)
def test_each_page_prints_on_one_page(page, paper, chromium, tmp_path):
    source, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    text = make_page(NOTEBOOKS / f"{page}.md") + f"<style>@page {{ size: {paper}; }}</style>"
    source.write_text(text, "utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={printed}"]
    subprocess.run([*command, source.as_uri()], check=True, capture_output=True, timeout=120)
    assert len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) == 1
