"""The browser edition and the book in headless Chromium, from a server of files on this machine.

What the tests and the benchmark share. Chromium is told of a proxy for all other hosts, which
answers nothing and remembers what was asked for.
"""

import re
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from lab_in_browser import QUIET

ALONE = ["--disable-component-update", "--no-first-run", "--no-default-browser-check"]
HERE = "127.0.0.1"
# This machine again, but to Chromium another one, which has no service worker: its http is unsafe.
CLASSROOM = "classroom.test"
ALONE += [f"--host-resolver-rules=MAP {CLASSROOM} {HERE}"]
# Chromium asks its maker for updates and more, whatever it is told.
CHROMIUMS_OWN = re.compile(r"(https?://)?(?!fonts|ajax)[\w-]+\.(google|googleapis|gvt1)\.com")
# The cells of a notebook are on the page only near to what is seen.
SHOW = """async id => {
    const {content} = jupyterapp.shell.currentWidget;
    const index = content.widgets.findIndex(cell => cell.model.id === id);
    content.activeCellIndex = index;
    await content.scrollToItem(index, 'start');
    content.widgets[index].node.setAttribute('data-cell', id);
}"""
RUN = """async id => {
    const {content, sessionContext} = jupyterapp.shell.currentWidget;
    await sessionContext.ready;
    if (id === null) return await jupyterapp.commands.execute('notebook:run-all-cells');
    content.activeCellIndex = content.widgets.findIndex(cell => cell.model.id === id);
    await jupyterapp.commands.execute('notebook:run-cell');
}"""
CELLS = "() => jupyterapp.shell.currentWidget.content.model.toJSON().cells"


class Files(SimpleHTTPRequestHandler):
    """Serves a folder, and counts the bytes."""

    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".wasm": "application/wasm",
        ".whl": "application/zip",
    }

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def copyfile(self, source, outputfile):
        content = source.read()
        self.server.sent += len(content)
        outputfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


class Refusal(BaseHTTPRequestHandler):
    """Stands for the rest of the world: closed."""

    def refuse(self):
        if not CHROMIUMS_OWN.match(self.path):
            self.server.asked.append(self.path)
        self.send_error(403)

    do_GET = do_POST = do_HEAD = do_CONNECT = refuse

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving(handler):
    """Serve on a free port of this machine."""
    with ThreadingHTTPServer((HERE, 0), handler) as server:
        server.daemon_threads = True
        server.sent, server.asked = 0, []
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def files(folder):
    """Serve the files of a folder."""
    return serving(partial(Files, directory=str(folder)))


def address(server, path="", host=HERE):
    return f"http://{host}:{server.server_port}/{path}"


@contextmanager
def closed_chromium(playwright, chromium):
    """Start Chromium without a network; yield it and a list of what it asked for anyway."""
    with serving(Refusal) as world:
        proxy = {"server": address(world), "bypass": f"{HERE},{CLASSROOM}"}
        options = {"executable_path": chromium, "args": QUIET + ALONE, "proxy": proxy}
        browser = playwright.chromium.launch(**options)
        yield browser, world.asked
        browser.close()


def open_notebook(page, server, name, host=HERE):
    """Open a notebook and wait until cells can be run."""
    page.goto(address(server, f"lab/index.html?path=notebooks/{name}.ipynb", host))
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.wait_for_function("jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel")


def run(page, cell=None):
    """Run a cell, or all of them, to the end; return nothing."""
    page.evaluate(RUN, cell)


def show(page, cell):
    """Scroll to a cell and return it."""
    page.evaluate(SHOW, cell)
    return page.locator(f'[data-cell="{cell}"]')


def cells(page):
    """Return the cells of the notebook as they are now, by their ids."""
    return {cell["id"]: cell for cell in page.evaluate(CELLS)}
