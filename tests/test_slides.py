"""The notebooks as slides: whole, in order, offline, and no answer beside its question."""

import importlib
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbformat import v4

ROOT = Path(__file__).parents[1]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(ROOT / "scripts"))
    yield importlib.import_module("make_slides")
    sys.path.remove(str(ROOT / "scripts"))


class Page(HTMLParser):
    """The addresses, images and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.images, self.text, self.sections = [], [], "", 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.sections += tag == "section"
        if tag == "img":
            self.images.append(attrs)
        if tag in ("img", "script", "link", "iframe", "source"):
            self.loaded += [attrs[key] for key in ("src", "href") if key in attrs]

    def handle_data(self, data):
        self.text += data


@every_notebook
def test_slides_load_nothing_from_anywhere(path, script):
    text = script.make_slides(path)
    assert all(address.startswith("data:") for address in Page(text).loaded)
    assert not re.search(r"@import|url\(\s*['\"]?http", text)


@pytest.mark.parametrize("name", ["cheat_sheet", "glossary"])
def test_a_page_to_print_loads_nothing_and_holds_all_rows(name, script):
    path = ROOT / "notebooks" / f"{name}.md"
    page, lines = script.make_page(path), path.read_text("utf-8").splitlines()
    assert Page(page).loaded == []
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| ---")]
    assert page.count("<tr>") == len(rows) > 20


@every_notebook
def test_slides_hold_all_pictures_with_words_for_them(path, script):
    notebook = v4.reads(path.read_text(encoding="utf-8"))
    pictures = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code" and not script.LEFT_TO_THE_NOTEBOOK.match(cell.id)
        for output in cell.outputs
        if "image/png" in output.get("data", {}) or "image/svg+xml" in output.get("data", {})
    ]
    images = Page(script.make_slides(path)).images
    assert len(images) >= len(pictures)
    assert all(image.get("alt") for image in images)


@every_notebook
def test_formulas_are_drawn_by_the_browser_itself(path, script):
    page = Page(re.sub(r"(?s)<pre.*?</pre>|<code.*?</code>", "", script.make_slides(path)))
    assert not re.search(r"\\(frac|eta|mathrm|lfloor|sum)\b", page.text)


@every_notebook
def test_no_slide_shows_an_answer_beside_its_question(path, script):
    for slide in script.slides_of(v4.reads(path.read_text(encoding="utf-8"))):
        for cell in slide[:-1]:
            assert "**Predict.**" not in cell.source


@every_notebook
def test_exercises_and_solutions_stay_in_the_notebook(path, script):
    notebook = v4.reads(path.read_text(encoding="utf-8"))
    shown = [cell.id for slide in script.slides_of(notebook) for cell in slide]
    every = [cell.id for cell in notebook.cells]
    assert list(dict.fromkeys(shown)) == [id for id in every if id in shown]
    left = [id for id in every if id not in shown]
    assert all(re.match("exercise|solution|imports|earlier|guess-", id) for id in left)
    assert {"exercise-1", "solution-1", "imports"} <= set(left)


def test_a_reveal_is_an_answer_to_be_opened_and_asks_for_no_guess(script):
    page = script.make_slides(ROOT / "notebooks" / "04_async_queue.ipynb")
    assert page.count("<summary>Show the answer</summary>") >= 3
    assert "No guess yet" not in page


@every_notebook
def test_no_slide_is_empty(path, script):
    slides = re.findall(r"(?s)<section>(.*?)</section>", script.make_slides(path))
    assert slides
    assert all(slide.strip() for slide in slides)


def test_slides_are_the_same_on_a_second_run(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "SLIDES", tmp_path / "slides")
    script.main()
    once = {path.name: path.read_bytes() for path in (tmp_path / "slides").iterdir()}
    script.main()
    assert once == {path.name: path.read_bytes() for path in (tmp_path / "slides").iterdir()}
    names = [*(path.stem for path in PATHS), *script.PAGES]
    assert sorted(once) == [f"{name}.html" for name in names]
