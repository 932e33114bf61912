"""The browser edition in headless Chromium, with no network but this machine's own server.

`make lite-test` builds the self-contained site that this needs, and tries all notebooks. `make
test` opens 00 and 01 where that site has been built, and else says that it skips them.
"""

import json
import os
import shutil
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import pytest
from site_in_browser import CLASSROOM, address, cells, files, open_notebook, run, show

with suppress(ImportError):  # a fixture says so
    from playwright.sync_api import expect

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
SITE = ROOT / "build" / "lite-test"
SCREENSHOTS = ROOT / "screenshots"
# 07 starts processes, which a browser tab cannot do.
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("0[0-6]*.ipynb"))
ALL = "SH_TEACH_LITE" in os.environ
all_only = pytest.mark.skipif(not ALL, reason="only in make lite-test")
# The cells that print something else where there is no torch and no other tool.
DIFFERENT = {"02_successive_halving": ["objective", "trained"]}
PICTURES = ("image/png", "application/vnd.jupyter.widget-view+json")


@pytest.fixture(scope="module")
def site():
    """Serve the self-contained site, if it is there and made from what is here now."""
    if not SITE.is_dir():
        pytest.skip("no browser edition to test: make lite-test builds one, if it can be had")
    stored = SITE / "files" / "notebooks"
    current = all(
        nbformat.read(stored / f"{name}.ipynb", 4) == nbformat.read(NOTEBOOKS / f"{name}.ipynb", 4)
        for name in NAMES
    )
    (wheel,) = (SITE / "static" / "sh_teach").glob("sh_teach-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        modules = [name for name in packed.namelist() if name.endswith(".py")]
        current &= all((ROOT / name).is_file() for name in modules) and all(
            packed.read(name) == (ROOT / name).read_bytes() for name in modules
        )
    if not current:
        pytest.skip("the browser edition in build/lite-test is an old one: make lite-test")
    with files(SITE) as server:
        yield server


@contextmanager
def new_page(browser):
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    context.set_default_timeout(600_000)  # other tests may run beside
    page, broken = context.new_page(), []
    page.on("console", lambda said: broken.append(said.text) if "TypeError" in said.text else None)
    yield page
    context.close()
    assert broken == []  # such as the table of contents, which JupyterLab then leaves empty


@pytest.fixture
def page(site, closed_browser):
    """Return a page with nothing stored in it yet."""
    with new_page(closed_browser) as page:
        yield page


def keep(page, name):
    page.screenshot(path=SCREENSHOTS / f"lite-{name}.png")


def printed(cell):
    """Return what a cell has shown, but for pictures."""
    texts = []
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            texts.append(f"{output['ename']}: {output['evalue']}")
        elif output["output_type"] == "stream":
            texts.append("".join(output["text"]))
        elif not any(kind in output["data"] for kind in PICTURES):
            data = output["data"]
            text = data.get("text/html") or data.get("text/markdown") or data.get("text/plain")
            texts.append("".join(text))
    return "".join(texts)


def stored_cells(name):
    """Return the code cells of a stored notebook that are compared, by their ids."""
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8"))
    return {
        cell["id"]: cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
        and "nbval-ignore-output" not in cell["metadata"].get("tags", [])
    }


def differences(page, name):
    """Return what was shown in place of the stored text, by cell."""
    shown = cells(page)
    pairs = {id: (printed(cell), printed(shown[id])) for id, cell in stored_cells(name).items()}
    return {id: new for id, (old, new) in pairs.items() if old != new}


def errors(page):
    code = [cell for cell in cells(page).values() if cell["cell_type"] == "code"]
    return [o for cell in code for o in cell["outputs"] if o["output_type"] == "error"]


def pictures(page):
    code = [cell for cell in cells(page).values() if cell["cell_type"] == "code"]
    return sum("image/png" in o.get("data", {}) for cell in code for o in cell["outputs"])


@pytest.mark.parametrize("name", [NAMES[0], *(pytest.param(n, marks=all_only) for n in NAMES[1:])])
def test_run_all_shows_what_is_stored(name, page, site):
    open_notebook(page, site, name)
    before = pictures(page)
    run(page)
    keep(page, name)
    assert errors(page) == []
    counts = [c["execution_count"] for c in cells(page).values() if c["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))  # these outputs are not the stored ones
    listed = DIFFERENT.get(name, [])
    assert len(listed) <= 2
    assert {id: text for id, text in differences(page, name).items() if id not in listed} == {}
    assert pictures(page) == before


@pytest.fixture(scope="module")
def explorer(site, closed_browser):
    """Return a page with 01, the widget in it, and its picture."""
    with new_page(closed_browser) as page:
        open_notebook(page, site, "01_rungs")
        for cell in ("imports", "explore"):
            run(page, cell)
        widget = show(page, "explore").locator(".jp-OutputArea")
        picture = widget.locator("img[alt^='Left, a bar']")
        picture.wait_for()
        yield page, widget, picture


def test_the_mouse_moves_a_slider(explorer):
    page, widget, picture = explorer
    before = picture.get_attribute("src")
    track = widget.locator(".noUi-base").nth(1).bounding_box()
    page.mouse.click(track["x"] + track["width"] / 3, track["y"] + track["height"] / 2)
    expect(picture).not_to_have_attribute("src", before)
    keep(page, "slider")


def test_the_arrow_keys_move_a_slider(explorer):
    page, widget, picture = explorer
    before = picture.get_attribute("src")
    handle = widget.get_by_role("slider").nth(1)
    value = handle.get_attribute("aria-valuenow")
    handle.focus()
    page.keyboard.press("ArrowLeft")
    expect(picture).not_to_have_attribute("src", before)
    assert handle.get_attribute("aria-valuenow") != value


@all_only
def test_the_number_beside_a_slider_takes_typing(explorer):
    page, widget, picture = explorer
    before = picture.get_attribute("src")
    widget.get_by_role("slider").nth(1).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("32")
    page.keyboard.press("Enter")
    expect(picture).not_to_have_attribute("src", before)
    expect(widget.get_by_role("slider").nth(1)).to_have_attribute("aria-valuenow", "32.0")


def answer(page, text):
    """Write an answer into the exercise of 00 and check it."""
    show(page, "exercise-1").locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    for cell in ("exercise-1", "exercise-1-check"):
        run(page, cell)
    return printed(cells(page)["exercise-1-check"])


@all_only
def test_hints_answers_and_what_is_left_after_a_reload(page, site):
    open_notebook(page, site, "00_start_here")
    text = show(page, "exercise-1-text").locator(".jp-RenderedMarkdown")
    second = text.get_by_text("A round costs 480 / 10")
    text.locator("summary").nth(0).click()
    assert not second.is_visible()
    text.locator("summary").nth(1).click()
    expect(second).to_be_visible()
    keep(page, "hint")
    run(page)
    assert answer(page, "my_budget = 480").startswith("not yet: With 480 epochs halving wins 164")
    assert answer(page, "my_budget = 32") == "right\n"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    open_notebook(page, site, "00_start_here")
    kept = cells(page)
    assert kept["exercise-1"]["source"] == "my_budget = 32"
    assert printed(kept["exercise-1-check"]) == "right\n"


@all_only
def test_pyodide_may_come_from_another_address(page, site, tmp_path):
    copy, parts = tmp_path / "site", SITE / "static" / "sh_teach" / "pyodide"
    shutil.copytree(SITE, copy, copy_function=os.link, ignore=shutil.ignore_patterns("pyodide"))
    loader = copy / "static" / "sh_teach" / "pyodide.js"
    text = loader.read_text("utf-8")
    loader.unlink()  # it is a link to the one of the site
    with files(parts) as elsewhere, files(copy) as here:
        loader.write_text(text.replace('"pyodide/"', f'"{address(elsewhere)}"'), "utf-8")
        open_notebook(page, here, "00_start_here")
        run(page, "imports")
        run(page, "race")
        assert elsewhere.sent > 3e7
    assert errors(page) == []
    assert cells(page)["race"]["execution_count"] == 2


@all_only
def test_another_machine_in_the_room_may_serve_it(page, site):
    open_notebook(page, site, "04_async_queue", CLASSROOM)
    assert not page.evaluate("isSecureContext")
    for cell in ("imports", "simulate", "wait"):
        run(page, cell)
    assert errors(page) == []


@all_only
def test_a_module_beside_the_notebooks_may_be_changed(page, site):
    open_notebook(page, site, "04_async_queue")
    run(page, "imports")
    show(page, "imports").locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("import simulate; print(simulate.__file__)")
    run(page, "imports")
    assert printed(cells(page)["imports"]) == "/drive/notebooks/simulate.py\n"


@all_only
def test_the_entrance_leads_to_the_first_notebook(page, site):
    page.goto(f"http://127.0.0.1:{site.server_port}/")
    expect(page.locator(".jp-Notebook h1")).to_contain_text("Start here")
