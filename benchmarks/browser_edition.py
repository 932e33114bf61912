"""How long a reader waits in the browser edition, and how much is loaded.

    make lite-test                          builds the site that is measured
    python benchmarks/browser_edition.py    needs Chromium; a quarter of an hour on two processors

From opening the address of 00 to its first figure drawn by the kernel, with nothing in the cache
and again in the same browser; then *Run All* of each notebook, with the kernel started.
"""

import os
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "scripts"))

from lab_in_browser import find_chromium  # noqa: E402
from site_in_browser import closed_chromium, files, open_notebook, run  # noqa: E402

SITE = ROOT / "build" / "lite-test"
WAIT = 900_000  # milliseconds
DRAWN = """() => {
    const [cell] = jupyterapp.shell.currentWidget.content.widgets.filter(
        cell => cell.model.id === 'race');
    return cell.model.executionCount === 2 && cell.node.querySelector('img') !== null;
}"""
RUN_ALL = "() => { jupyterapp.commands.execute('notebook:run-all-cells'); }"


def first_figure(page, server):
    """Return seconds and megabytes until the first figure of 00."""
    sent, began = server.sent, time.perf_counter()
    open_notebook(page, server, "00_start_here")
    page.evaluate(RUN_ALL)
    page.wait_for_function(DRAWN)
    return time.perf_counter() - began, (server.sent - sent) / 1e6


def run_all(context, server, name):
    """Return seconds of Run All, once the kernel has answered."""
    page = context.new_page()
    open_notebook(page, server, name)
    run(page, "imports")
    began = time.perf_counter()
    run(page)
    page.close()
    return time.perf_counter() - began


def main():
    """Measure and print."""
    names = [p.stem for p in sorted((SITE / "files" / "notebooks").glob("0[0-6]*.ipynb"))]
    with (
        files(SITE) as server,
        sync_playwright() as playwright,
        closed_chromium(playwright, find_chromium()) as (browser, _),
    ):
        context = browser.new_context(viewport={"width": 1300, "height": 900})
        context.set_default_timeout(WAIT)
        for state in ("cold", "warm"):
            page = context.new_page()
            seconds, megabytes = first_figure(page, server)
            page.close()
            print(f"first figure of 00, {state}: {seconds:.1f} s, {megabytes:.0f} MB", flush=True)
        for name in names:
            print(f"Run All, {name}: {run_all(context, server, name):.0f} s", flush=True)
    if hasattr(os, "getloadavg"):
        print(f"load of the machine, last 15 minutes: {os.getloadavg()[2]:.1f}")


if __name__ == "__main__":
    main()
