"""Build the book: the notebooks as pages, from their stored outputs, in a folder.

    python scripts/book/build.py TARGET

Needs scripts/book/requirements.txt. Each page links to itself in the browser edition, which has to
be beside the book, as build/lite is beside build/book. The book loads nothing from other hosts.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LIVE = "../../lite/lab/index.html?path=notebooks/"
WIDGET = "application/vnd.jupyter.widget-view+json"
NO_GUESS = re.compile("<p>No guess yet.*?</p>")  # a page has no cells to run
FOLDED = {  # what JupyterLab stores collapsed -> the tag that folds it in the book
    (True, True): "hide-cell",
    (True, False): "hide-input",
    (False, True): "hide-output",
}
BEHIND = {"solution": "Show the solution", "answer": "Show what came of it"}
PROCESSES = "07_scaling_out.ipynb"
# The page of claims is for teachers: it answers predictions, and names cells that no page shows.
LOOK_UP = ["glossary", "cheat_sheet"]
CARDS = ["lenet_curves", "lenet_seeds", "mlp", "mlp_schedules"]


def live_link(name):
    """Return the line that opens a page in the browser edition."""
    if name == PROCESSES:
        return "*This notebook starts processes: to run it, install the course, `make lab`.*"
    return f'<a class="live" href="{LIVE}{name}">Open this page live in the browser</a>'


def page(path):
    """Return a notebook as the book needs it: folded, with words for its pictures."""
    notebook = json.loads(path.read_text("utf-8"))
    cells = notebook["cells"]
    first = "".join(cells[0]["source"])
    title, rest = first.split("\n", 1)
    cells[0]["source"] = f"{title}\n\n{live_link(path.name)}\n{rest}"
    for cell in cells:
        if cell["cell_type"] == "code":
            prepare(cell, path.name)
    return notebook


def prepare(cell, name):
    """Fold a cell, give its pictures words, and say where its widget is."""
    hidden = cell["metadata"].get("jupyter", {})
    how = bool(hidden.get("source_hidden")), bool(hidden.get("outputs_hidden"))
    tags = cell["metadata"].setdefault("tags", [])
    shown = next((words for tag, words in BEHIND.items() if tag in tags), "Show the code")
    if how in FOLDED:
        tags.append(FOLDED[how])
    printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
    cell["metadata"]["mystnb"] = {
        "image": {"alt": " ".join(printed.split())},
        "code_prompt_show": shown,
        "code_prompt_hide": shown.replace("Show", "Hide"),
    }
    for output in cell["outputs"]:
        data = output.get("data", {})
        if WIDGET in data:
            output["data"] = {"text/html": "" if is_progress(data) else to_play(name)}
        elif "text/html" in data:
            data["text/html"] = NO_GUESS.sub("", "".join(data["text/html"]))


def is_progress(data):
    """Return whether a widget shows how far a run is."""
    return re.match(r" *\d+%\|", "".join(data["text/plain"])) is not None


def to_play(name):
    """Return what a page has in place of a widget."""
    return f'<p>A widget to play with is <a href="{LIVE}{name}">in the live page</a>.</p>'


def write_pages(folder):
    """Write all pages, and what Jupyter Book is told, into a folder."""
    (folder / "notebooks").mkdir()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        (folder / "notebooks" / path.name).write_text(json.dumps(page(path)), "utf-8")
    for name in LOOK_UP:
        shutil.copy(ROOT / "notebooks" / f"{name}.md", folder / "notebooks")
    (folder / "sh_teach" / "data").mkdir(parents=True)
    for name in CARDS:
        shutil.copy(ROOT / "sh_teach" / "data" / f"{name}.md", folder / "sh_teach" / "data")
    shutil.copytree(ROOT / "img", folder / "img")
    shutil.copytree(HERE / "static", folder / "_static")
    shutil.copy(HERE / "_config.yml", folder)
    shutil.copy(HERE / "offline.py", folder)
    (folder / "_toc.yml").write_text(contents(), "utf-8")


def contents():
    """Return the table of contents."""
    first, *others = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    lines = ["format: jb-book", f"root: notebooks/{first}", "parts:"]
    parts = {
        "The notebooks": [f"notebooks/{name}" for name in others],
        "To look up": [f"notebooks/{name}" for name in LOOK_UP],
        "The data": [f"sh_teach/data/{name}" for name in CARDS],
    }
    for caption, files in parts.items():
        lines += [f"  - caption: {caption}", "    chapters:"]
        lines += [f"      - file: {file}" for file in files]
    return "\n".join(lines) + "\n"


def build(book):
    """Build the book in a folder that is replaced; return what was warned of."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "book")
        folder.mkdir()
        write_pages(folder)
        command = [Path(sys.executable).parent / "jupyter-book", "build", "--quiet", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        shutil.rmtree(book, ignore_errors=True)
        book.parent.mkdir(parents=True, exist_ok=True)
        html = folder / "_build" / "html"
        shutil.rmtree(html / "_sources", ignore_errors=True)
        shutil.move(html, book)
    return re.findall(r"(?m)^.*WARNING.*$", done.stderr)


def main():
    """Build, and say what was warned of."""
    book = Path(sys.argv[1])
    warnings = build(book)
    print("\n".join(warnings) if warnings else f"{book}: open its index.html")
    return len(warnings) > 0


if __name__ == "__main__":
    sys.exit(main())
