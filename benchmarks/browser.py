"""How long a reader waits for JupyterLab's first picture, and for that of a moved slider.

Both in headless Chromium, which must be installed.

    python benchmarks/browser.py
"""

import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from table import row, show

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "scripts"))

from lab_in_browser import (  # noqa: E402
    QUIET,
    find_chromium,
    free_port,
    wait_for_kernel,
    wait_for_server,
)

MOVES = 40
PICTURE = "() => [...document.querySelectorAll('.jp-Notebook img')].some(i => i.naturalWidth > 0)"
# From the key to the frame in which the new picture is painted.
WATCH = """area => {
    window.times = [];
    const picture = () => area.querySelector("img[alt^='Left, a bar']");
    let began, shown = picture().src;
    area.addEventListener('keydown', () => began = performance.now(), true);
    new MutationObserver(async () => {
        const image = picture();
        if (!image || image.src === shown) return;
        shown = image.src;
        await image.decode();
        requestAnimationFrame(() => window.times.push(performance.now() - began));
    }).observe(area, {childList: true, subtree: true, attributes: true});
}"""


def measure():
    """Return seconds until the first picture, and milliseconds of each move of a slider."""
    port = free_port()
    token = secrets.token_hex()
    options = f"--no-browser --port={port} --ServerApp.port_retries=0"
    options += f" --IdentityProvider.token={token}"
    command = ["make", "lab", f"LAB_ARGS={options}"]
    address = f"http://127.0.0.1:{port}"
    page_address = f"{address}/lab/workspaces/bench/tree/notebooks/01_rungs.ipynb?token={token}"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        places = {"JUPYTERLAB_WORKSPACES_DIR": folder, "JUPYTERLAB_SETTINGS_DIR": folder}
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        settings = Path(folder, "@jupyterlab", "docmanager-extension")
        settings.mkdir(parents=True)  # the notebook itself stays as it is
        (settings / "plugin.jupyterlab-settings").write_text('{"autosave": false}')
        began = time.perf_counter()
        lab = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | places,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            page = browser.new_page(viewport={"width": 1300, "height": 900})
            wait_for_server(address, lab)
            page.goto(page_address)
            page.wait_for_function(PICTURE, timeout=120_000)
            first_picture = time.perf_counter() - began
            return first_picture, slider_moves(page)
        finally:
            os.killpg(lab.pid, signal.SIGTERM)
            lab.wait()
            browser.close()


def slider_moves(page):
    """Run the notebook, move the slider r_max of its explorer, and return the milliseconds."""
    wait_for_kernel(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    handle = page.get_by_role("slider").nth(1)
    handle.wait_for(timeout=60_000)
    page.get_by_text("[*]:").first.wait_for(state="detached", timeout=120_000)
    area = page.locator(".jp-OutputArea").filter(has=handle).last
    area.evaluate(WATCH)
    page.wait_for_timeout(3000)  # the figures of the rest of the notebook are still being painted
    handle.focus()
    for move in range(MOVES):
        page.keyboard.press("ArrowRight" if move < MOVES / 2 else "ArrowLeft")
        page.wait_for_function("n => window.times.length > n", arg=move)
        page.wait_for_timeout(50)
    return page.evaluate("window.times")


def main():
    first_picture, moves = measure()
    median, slowest = statistics.median(moves), max(moves)
    rows = [
        row("from `make lab` to the first picture", f"{first_picture:.1f} s", target="20 s"),
        row("from a key on a slider to the new picture", f"{median:.0f} ms", target="150 ms"),
        row(f"the slowest of {len(moves)} such moves", f"{slowest:.0f} ms", target="150 ms"),
    ]
    show(
        rows, "sh_teach", "jupyterlab", "ipywidgets", "matplotlib", note="The second is a median."
    )


if __name__ == "__main__":
    main()
