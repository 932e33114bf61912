"""Write each notebook as slides: one HTML file in build/slides/ that needs no server, no network.

    python scripts/make_slides.py

The cheat sheet and the glossary become files of that kind, too: each prints on one page.

A slide is a piece of prose and the cells that follow it, down to the first output that is stored.
Prose that asks for a prediction is a slide of its own, so that the answer stays hidden. Long code
is folded if there is an output to look at. Exercises, imports, guesses and collapsed code are
left out.
"""

import base64
import html
import mimetypes
import re
import sys
from pathlib import Path

import mistune
from latex2mathml.converter import convert
from mistune.plugins.math import math
from nbformat import v4
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from store_notebooks import NOTEBOOKS

SLIDES = NOTEBOOKS.parent / "build" / "slides"
TEMPLATE = Path(__file__).with_name("slides.html")
FORMATTER = HtmlFormatter(style="default")
LEFT_TO_THE_NOTEBOOK = re.compile(r"exercise|solution|earlier-text$|imports$|guess-")
MOST_LINES = 16
PAGES = ["cheat_sheet", "glossary"]
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
  @page {{ margin: 10mm; }}
  body {{ max-width: 720px; margin: auto; font: 14px/1.25 system-ui, sans-serif; }}
  code {{ font-size: 13px; }}
  math {{ font-family: "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre", math; }}
  h1, h2 {{ margin: .5em 0 .2em; color: #0b3d5c; }}
  h1 {{ margin-top: 0; font-size: 22px; }}
  h2 {{ font-size: 17px; }}
  p, table {{ margin: .3em 0; }}
  table {{ border-collapse: collapse; }}
  td, th {{ border: 1px solid #999; padding: 1px 5px; text-align: left; vertical-align: top; }}
</style>
{body}
</html>
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


class Renderer(mistune.HTMLRenderer):
    """Markdown as in Jupyter; formulas become MathML, and images part of the file."""

    def __init__(self, folder):
        super().__init__(escape=False)
        self.folder = folder

    def block_code(self, code, info=None):
        return highlight(code, get_lexer_by_name(info or "text"), FORMATTER)

    def inline_math(self, text):
        return convert(text)

    def block_math(self, text):
        return f"<p>{convert(text.strip(), display='block')}</p>"

    def image(self, text, url, title=None):
        return f'<img src="{as_data(self.folder / url)}" alt="{html.escape(text)}">'


def as_data(path):
    """Return a file as a URL that holds all of it."""
    kind, _ = mimetypes.guess_type(path.name)
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def markdown_in(folder):
    """Return what makes HTML of Markdown that was written in a folder."""
    plugins = [math, "table", "strikethrough", "url"]
    return mistune.create_markdown(renderer=Renderer(folder), plugins=plugins)


def slides_of(notebook):
    """Return the cells of each slide.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    list of list of nbformat.NotebookNode
    """
    slides = []
    complete = False
    for cell in notebook.cells:
        if LEFT_TO_THE_NOTEBOOK.match(cell.id):
            continue
        if cell.cell_type == "markdown":
            parts = [part for part in re.split(r"(?m)^(?=###? )", cell.source) if part]
            slides += [[v4.new_markdown_cell(part, id=cell.id)] for part in parts]
            complete = "**Predict.**" in parts[-1]
        else:
            if complete:
                slides.append([])
            slides[-1].append(cell)
            complete = bool(cell.outputs)
    return slides


def as_html(cell, markdown):
    """Return a cell, with its outputs, as HTML."""
    if cell.cell_type == "markdown":
        return markdown(cell.source)
    code = highlight(cell.source, get_lexer_by_name("python"), FORMATTER)
    if cell.metadata.get("jupyter", {}).get("source_hidden"):
        code = ""
    lines = cell.source.count("\n") + 1
    if code and lines > MOST_LINES and cell.outputs:
        code = f"<details><summary>The code, {lines} lines</summary>{code}</details>"
    alt = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    return code + "".join(output_as_html(output, markdown, alt) for output in cell.outputs)


def output_as_html(output, markdown, alt):
    if output.output_type == "stream":
        return f"<pre class=output>{html.escape(output.text)}</pre>"
    if output.output_type == "error":
        return f"<pre class=output>{html.escape(f'{output.ename}: {output.evalue}')}</pre>"
    data = output.data
    if WIDGET in data:
        return "<p class=widget>In the notebook, a widget to play with follows here.</p>"
    if "image/png" in data:
        source = f"data:image/png;base64,{data['image/png'].strip()}"
        return f'<img src="{source}" alt="{html.escape(alt.strip())}">'
    if "image/svg+xml" in data:
        encoded = base64.b64encode(data["image/svg+xml"].encode()).decode()
        return f'<img src="data:image/svg+xml;base64,{encoded}" alt="{html.escape(alt.strip())}">'
    if "text/html" in data:
        text = re.sub("<p>No guess yet.*?</p>", "", data["text/html"])  # the class guesses aloud
        return f"<div class=output>{text}</div>"
    if "text/markdown" in data:
        return markdown(data["text/markdown"])
    return f"<pre class=output>{html.escape(data['text/plain'])}</pre>"


def make_slides(path):
    """Return a notebook's file as the text of one HTML file."""
    notebook = v4.reads(path.read_text(encoding="utf-8"))
    markdown = markdown_in(path.parent)
    slides = ["\n".join(as_html(cell, markdown) for cell in s) for s in slides_of(notebook)]
    sections = [f"<section>{slide}</section>" for slide in slides if slide.strip()]
    title = re.search(r"^# (.+)", notebook.cells[0].source).group(1)
    parts = {
        "TITLE": html.escape(title),
        "COLORS": FORMATTER.get_style_defs(".highlight"),
        "SLIDES": "\n".join(sections),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda m: parts[m[1]], TEMPLATE.read_text(encoding="utf-8"))


def make_page(path):
    """Return a Markdown file as the text of one HTML file, to be printed."""
    text = path.read_text(encoding="utf-8")
    title = re.search(r"^# (.+)", text).group(1)
    return PAGE.format(title=html.escape(title), body=markdown_in(path.parent)(text))


def main():
    """Write the slides of all notebooks, and the pages to be printed."""
    SLIDES.mkdir(parents=True, exist_ok=True)
    texts = {path: make_slides(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    texts |= {path: make_page(path) for path in (NOTEBOOKS / f"{name}.md" for name in PAGES)}
    for path, text in texts.items():
        target = SLIDES / f"{path.stem}.html"
        target.write_text(text, encoding="utf-8", newline="\n")
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
