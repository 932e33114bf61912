import os

import matplotlib
import numpy as np
import pytest
from hypothesis import settings
from lab_in_browser import find_chromium
from matplotlib.backends.backend_agg import FigureCanvasAgg
from site_in_browser import closed_chromium

# Chosen here and not in the environment, which the kernels of notebooks would inherit.
matplotlib.use("Agg")

# The same examples each time, and no complaint about a slow machine.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture
def pixels():
    """Return a function that draws a figure and returns its pixels."""

    def draw(figure):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    return draw


def unavailable(reason):
    """Skip what needs a browser; fail where SH_TEACH_REQUIRE_BROWSER is set."""
    if os.environ.get("SH_TEACH_REQUIRE_BROWSER"):
        pytest.fail(f"no test in a browser: {reason}")
    pytest.skip(f"no test in a browser: {reason}")


@pytest.fixture(scope="session")
def chromium():
    """Return the path of Chromium."""
    return find_chromium() or unavailable("Chromium is not installed")


@pytest.fixture(scope="module")
def playwright(chromium):
    """Start Playwright, which then waits a minute for what is expected: other tests run beside."""
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        unavailable("Playwright is not installed: pip install -e '.[browser]'")
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def closed_browser(playwright, chromium):
    """Start Chromium without a network; in the end, it must not have asked for any."""
    with closed_chromium(playwright, chromium) as (browser, asked):
        yield browser
        assert asked == []
