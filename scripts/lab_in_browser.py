"""JupyterLab in headless Chromium: what the tests in a browser and their benchmark share."""

import shutil
import socket
import time
import urllib.request
from contextlib import suppress

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def find_chromium():
    """Return the path of a Chromium, or ``None`` if there is none."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for_server(address, server):
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("JupyterLab ended at once")
        with suppress(OSError):
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        time.sleep(0.1)
    raise TimeoutError("JupyterLab does not answer")


def wait_for_kernel(page):
    """Wait until cells can be run: at the very first, the indicator says idle without a kernel."""
    page.locator(".jp-KernelName", has_text="Python 3").wait_for(timeout=120_000)
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
