"""The notebooks in JupyterLab in a real browser: run from top to bottom, touched, read.

Skipped where there is no Chromium, unless SH_TEACH_REQUIRE_BROWSER is set; then it is a failure.
The pictures that are taken on the way end up in screenshots/. Where two processes train, in 02 and
05, recorded curves answer here: nbval runs these notebooks as they are.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from lab_in_browser import QUIET, free_port, wait_for_kernel, wait_for_server

with suppress(ImportError):  # a fixture says so
    from playwright.sync_api import expect

ROOT = Path(__file__).parents[1]
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
SCREENSHOTS = ROOT / "screenshots"
LONGEST = 600  # seconds that a notebook may take on a busy machine
LIVE = ("02_successive_halving", "05_when_things_go_wrong")
TUNER = "tuner = HPOTuner("
RECORDED = """
import numpy as np
from sh_teach import RecordedCurves
def objective(learning_rate, batch_size, max_epochs, checkpoint):
    table = RecordedCurves.load().table.query("epoch == @max_epochs")
    distance = np.log(table["learning_rate"] / learning_rate).abs()
    checkpoint.touch()  # as a training leaves one
    return table["validation_error"][distance.idxmin()]
"""
TOUCHED = ("01_rungs", "04_async_queue")  # by the tests below


@pytest.fixture(scope="module")
def browser(playwright, chromium):
    browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Start JupyterLab on a copy of the notebooks; return its address and its folder."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "img"):
        leftovers = shutil.ignore_patterns(".*")
        shutil.copytree(ROOT / name, folder / name, ignore=leftovers)
    for name in LIVE:
        answer_from_recorded_curves(folder / "notebooks" / f"{name}.ipynb")
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # All cells are on the page at once, so that they can be found without scrolling.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    port = free_port()
    token = secrets.token_hex()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    places = {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }
    with open(folder / "log", "w") as log:
        environment = os.environ | places
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for_server(address, server)
        # A workspace for each notebook: a shared one would open the tabs of the others, too.
        page = f"{address}/lab/workspaces/{{0}}/tree/notebooks/{{0}}.ipynb?token={token}"
        yield page, folder / "notebooks"
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


def answer_from_recorded_curves(path):
    notebook = json.loads(path.read_text("utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    (live,) = [cell for cell in code if "workers=2" in "".join(cell["source"])]
    live["source"] = "".join(live["source"]).replace(TUNER, RECORDED + TUNER, 1)
    path.write_text(json.dumps(notebook), "utf-8")


@pytest.fixture(scope="module")
def run(browser, lab):
    """Return a function that opens a notebook, runs all of it the first time, gives the page."""
    address, folder = lab
    pages = {}

    def opened(name):
        if name not in pages:
            pages[name] = page = browser.new_page(viewport={"width": 1300, "height": 900})
            page.goto(address.format(name))
            wait_for_kernel(page)
            run_all(page)
            wait_until_run(page)
            save(page, folder / f"{name}.ipynb")
        return pages[name]

    yield opened
    for page in pages.values():
        page.close()


def run_all(page):
    """Restart the kernel and run all cells."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Restart Kernel and Run All Cells…").click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.get_by_text("[*]:").first.wait_for(timeout=60_000)


def wait_until_run(page):
    """Wait until the kernel has done all cells."""
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt")
    kernel = page.locator(".jp-Notebook-ExecutionIndicator").first
    quiet = 0
    deadline = time.monotonic() + LONGEST
    while quiet < 5:  # between two cells the kernel is idle, too
        idle = kernel.get_attribute("data-status") == "idle"
        waiting = any("*" in text for text in prompts.all_text_contents())
        quiet = quiet + 1 if idle and not waiting else 0
        page.wait_for_timeout(200)
        if time.monotonic() > deadline:
            keep(page, "still-running")
            busy = page.locator(".jp-CodeCell").filter(has=page.get_by_text("[*]:")).first
            pytest.fail(f"after {LONGEST} s this cell still runs:\n{busy.inner_text()}")


def save(page, path):
    before = path.stat().st_mtime_ns
    page.keyboard.press("Escape")
    for _ in range(300):
        page.keyboard.press("Control+s")
        page.wait_for_timeout(200)
        if path.stat().st_mtime_ns > before:
            return
    pytest.fail("the notebook was not saved")


def keep(page, name):
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def cell(page, text):
    """Return the one code cell whose source has this text."""
    found = page.locator(".jp-CodeCell").filter(has=page.locator(".cm-content", has_text=text))
    return found.first


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_from_top_to_bottom_without_an_error(name, run, lab):
    page = run(name)
    keep(page, f"{name}-top")
    cells = json.loads((lab[1] / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [c for c in cells if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    outputs = [output for c in code for output in c["outputs"]]
    assert [o for o in outputs if o["output_type"] == "error"] == []
    assert [o for o in outputs if o.get("name") == "stderr" and "it/s" not in o["text"]] == []
    for number, figure in enumerate(page.locator(".jp-RenderedImage img").all()):
        figure.scroll_into_view_if_needed()
        assert figure.bounding_box()["width"] > 200
        figure.screenshot(path=SCREENSHOTS / f"{name}-figure-{number:02d}.png")
    if name not in TOUCHED:
        page.get_by_role("menuitem", name="Kernel", exact=True).click()
        page.get_by_text("Shut Down Kernel", exact=True).click()
        expect(page.locator(".jp-Notebook-ExecutionIndicator").first).to_have_attribute(
            "data-status", "unknown"
        )


def test_moving_a_slider_of_explore_bracket_changes_the_picture(run):
    page = run("01_rungs")
    widget = cell(page, "explore_bracket(r_min").locator(".jp-OutputArea")
    picture = widget.locator("img[alt^='Left, a bar']")
    handle = widget.get_by_role("slider").nth(1)
    handle.scroll_into_view_if_needed()
    before, value = picture.get_attribute("src"), handle.get_attribute("aria-valuenow")
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", before)
    assert handle.get_attribute("aria-valuenow") != value
    keep(page, "explore_bracket")


def test_step_through_reaches_the_first_promotion_by_keyboard_alone(run):
    page = run("04_async_queue")
    widget = cell(page, "step_through(both").locator(".jp-OutputArea")
    button = widget.get_by_role("button", name="next event")
    button.scroll_into_view_if_needed()
    sentence = widget.get_by_role("alert")
    button.focus()
    for _ in range(60):
        if "promoted to" in sentence.inner_text():
            break
        before = sentence.inner_text()
        page.keyboard.press("Enter")
        expect(sentence).not_to_have_text(before)
    by_steps = sentence.inner_text()
    keep(page, "step_through-by-steps")
    assert "promoted to" in by_steps


def test_the_first_hint_opens_the_way_to_the_second(run):
    page = run("04_async_queue")
    text = page.locator(".jp-MarkdownOutput").filter(has_text="Fix the one-list scheduler")
    one, two = (text.locator("summary", has_text=hint) for hint in ("Hint 1", "Hint 2"))
    one.scroll_into_view_if_needed()
    assert not two.is_visible()
    one.focus()
    page.keyboard.press("Enter")
    assert two.is_visible()
    assert not text.get_by_text("Python's sort is stable").is_visible()
    two.click()
    assert text.get_by_text("Python's sort is stable").is_visible()
    keep(page, "hints")


def next_cell(one):
    return one.locator("xpath=following-sibling::*[1]")


def test_a_click_opens_a_solution_and_what_it_prints(run):
    page = run("04_async_queue")
    stub = cell(page, "class FixedList")
    check = next_cell(stub)
    solution = next_cell(check)
    stub.scroll_into_view_if_needed()
    assert "not attempted" in check.locator(".jp-OutputArea").inner_text()
    assert not check.locator(".cm-content").is_visible()
    assert not solution.locator(".cm-content").is_visible()
    for bar in solution.locator(".jp-Placeholder").all():
        bar.click()
    assert solution.locator(".cm-content").is_visible()
    assert "13 passed" in solution.locator(".jp-OutputArea").inner_text()
    solution.scroll_into_view_if_needed()
    keep(page, "solution")


def test_a_wrong_answer_gets_a_reason(run):
    page = run("04_async_queue")
    stub = cell(page, "first_trial, results_in =")
    stub.scroll_into_view_if_needed()
    stub.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("first_trial, results_in = 8, 8")
    page.keyboard.press("Shift+Enter")  # to the check, which is selected then
    page.keyboard.press("Control+Enter")
    answer = next_cell(stub).get_by_text("not yet: 8 results")
    answer.wait_for(timeout=30_000)
    keep(page, "wrong-answer")


def test_the_slides_turn_by_key_and_fit_the_screen(browser, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from make_slides import make_slides

    slides = tmp_path / "slides.html"
    slides.write_text(make_slides(ROOT / "notebooks" / "04_async_queue.ipynb"), "utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(slides.as_uri())
    last = page.locator("section").count()
    for key, now in [("ArrowRight", 2), ("Space", 3), ("PageUp", 2), ("Home", 1), ("End", last)]:
        page.keyboard.press(key)
        expect(page.locator("#number")).to_have_text(f"{now} / {last}")
    titles = page.evaluate("slides.map(slide => slide.querySelector('h2')?.textContent)")
    page.goto(f"{slides.as_uri()}#{titles.index('You are the scheduler') + 1}")
    assert page.evaluate("document.body.scrollHeight") <= 720
    zoom = page.locator("section.shown").evaluate("slide => slide.style.zoom")
    assert float(zoom) > 0.85  # in one column, below 0.75
    keep(page, "slide")
    page.close()
