"""Pages for everybody: words for pictures, headings in order, links that lead somewhere, contrast.

The limits of contrast are those of WCAG 2.2, level AA: 4.5 for text, 3 for large text.
"""

import io
import json
import re
from html import unescape
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from pygments.styles import get_style_by_name

from sh_teach import (
    Bracket,
    HPOTuner,
    RecordedCurves,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
    plot_bracket,
    plot_halving,
    plot_learning_curves,
    plot_rungs,
    plot_timeline,
    plot_trajectory,
)
from sh_teach.widgets.picture import plot_step
from sh_teach.widgets.steps import record_steps

ROOT = Path(__file__).parents[1]
LARGE = 18  # points
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [*NOTEBOOKS, *sorted(ROOT.glob("*.md"))]
PAGES += [
    path for room in ("notebooks", "sh_teach") for path in sorted((ROOT / room).rglob("*.md"))
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())


def prose(page):
    """Return the Markdown of a page without its blocks of code."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return re.sub(r"(?ms)^\s*```.*?^\s*```", "", text)


def headings(page):
    return [(len(marks), text) for marks, text in re.findall(r"(?m)^(#+) +(.+)$", prose(page))]


def links(page):
    """Return the text and the target of each link, images left out."""
    text = re.sub(r"`[^`\n]*`", "code", prose(page))
    found = re.findall(r"(?<!!)\[((?:!\[[^\]]*\]\([^)]*\)|[^\[\]])+)\]\(([^)\s]+)\)", text)
    return found + re.findall(r"()<(https?://[^>]+)>", text)


def images(page):
    """Return the words for each image and its file."""
    found = re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", prose(page))
    for tag in re.findall(r"<img[^>]*>", prose(page)):
        attributes = dict(re.findall(r"(\w+)=\"([^\"]*)\"", tag))
        found.append((unescape(attributes.get("alt", "")), attributes["src"]))
    return found


# --- structure ---------------------------------------------------------------------------------


@every_page
def test_every_image_has_words_that_say_what_it_shows_and_a_file(page):
    for words, file in images(page):
        assert len(words.split()) >= 5, file
        assert not re.match(r"(?i)(an? )?(image|picture|figure|plot) of", words), file
        assert (page.parent / file).is_file(), file


@every_page
def test_headings_start_with_one_title_and_skip_no_level(page):
    levels = [level for level, _ in headings(page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    for above, below in pairwise(levels):
        assert below <= above + 1


@every_page
def test_headings_are_told_apart_by_their_words(page):
    words = [text for _, text in headings(page)]
    assert len(words) == len(set(words))


def anchors(page):
    """Return what GitHub and Jupyter make of the headings of a page."""
    github = {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for _, t in headings(page)}
    return github | {text.replace(" ", "-") for _, text in headings(page)}


@every_page
def test_every_link_leads_somewhere_and_says_where(page):
    for words, target in links(page):
        assert words.lower() not in ("here", "link", "this", "click here"), target
        if target.startswith("http"):
            assert re.fullmatch(r"https://[\w.-]+\.\w{2,}(/\S*)?", target), target
            continue
        file, _, anchor = target.partition("#")
        other = page.parent / file if file else page
        assert other.exists(), target
        if anchor:
            assert anchor in anchors(other), target


def test_pages_with_links_and_images_were_looked_at():
    assert sum(len(links(page)) for page in PAGES) > 30
    assert sum(len(images(page)) for page in PAGES) > 5


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_figure_of_a_notebook_is_followed_by_words_for_it(page):
    for cell in json.loads(page.read_text("utf-8"))["cells"]:
        outputs = cell.get("outputs", [])
        if any("image/png" in output.get("data", {}) for output in outputs):
            printed = "".join("".join(output.get("text", "")) for output in outputs)
            assert len(printed.split()) >= 5, cell["id"]


# --- contrast ----------------------------------------------------------------------------------


def luminance(color):
    channels = np.asarray(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_defined():
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.005)


def faint_texts(figure):
    """Return the texts of a figure whose contrast with what lies beneath them is too low."""
    figure.set_dpi(100)
    figure.canvas.draw()
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    boxes = [text.get_window_extent() for text in texts]
    for text in texts:
        text.set_alpha(0)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="raw", dpi=100)
    for text in texts:
        text.set_alpha(None)
    width, height = figure.canvas.get_width_height()
    picture = np.frombuffer(buffer.getvalue(), np.uint8).reshape(height, width, 4)[..., :3] / 255
    faint = []
    for text, box in zip(texts, boxes, strict=True):
        rows = slice(max(0, height - round(box.y1)), max(1, height - round(box.y0)))
        beneath = picture[rows, max(0, round(box.x0)) : max(1, round(box.x1))].reshape(-1, 3)
        if len(beneath) == 0:
            continue  # an axis label outside of the figure is not seen at all
        found = contrast(text.get_color(), np.median(beneath, axis=0))
        if found < (3 if text.get_fontsize() >= LARGE else 4.5):
            faint.append((text.get_text(), text.get_color(), round(found, 2)))
    return faint


@pytest.fixture(scope="module")
def run():
    curves = RecordedCurves.load()
    scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), eta=2, r_min=1, r_max=16)
    workers = SimulatedWorkers(4, curves.runtime, seed=0)
    tuner = HPOTuner(scheduler, curves.objective, workers=workers, progress=False)
    tuner.run(200)  # more rounds than there are colours
    return tuner.dataframe()


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize(
    "plot", [plot_rungs, plot_learning_curves, plot_halving, plot_timeline, plot_trajectory]
)
def test_the_texts_of_plots_stand_out_from_what_lies_beneath(plot, run):
    assert faint_texts(plot(run).figure) == []


def test_the_texts_of_the_widgets_pictures_stand_out_from_what_lies_beneath():
    curves = RecordedCurves.load()
    bracket = Bracket(1, 27, 3)
    assert faint_texts(plot_bracket(bracket)) == []
    scheduler = SuccessiveHalvingScheduler(curves.searcher(seed=0), eta=2, r_min=2, r_max=8)
    for step in record_steps(scheduler, workers=4, curves=curves)[::12]:
        assert faint_texts(plot_step(step, scheduler.bracket, workers=4, until=80)) == []


def test_faint_text_is_noticed():
    figure, ax = plt.subplots()
    ax.barh(0, 1, color="#0072B2")
    ax.text(0.5, 0, "seven", color="#56B4E9", size=9, ha="center", va="center")
    assert [text for text, *_ in faint_texts(figure)] == ["seven"]


def test_the_colours_of_slides_stand_out():
    page = (ROOT / "scripts" / "slides.html").read_text("utf-8")
    shades = re.findall(r"[^-]color: (#[0-9a-f]{3,6})", page)
    assert len(shades) >= 4
    for color in shades:
        assert contrast(color, "white") >= 4.5
    (background,) = re.findall(r"\.highlight \{ background: (#[0-9a-f]+)", page)
    for token, style in get_style_by_name("default"):
        if style["color"] and str(token) in TOKENS_OF_PYTHON:
            assert contrast(f"#{style['color']}", background) >= 4.5, token


TOKENS_OF_PYTHON = {
    "Token.Comment.Single",
    "Token.Keyword",
    "Token.Keyword.Constant",
    "Token.Literal.Number.Integer",
    "Token.Literal.String.Double",
    "Token.Literal.String.Interpol",
    "Token.Name.Builtin",
    "Token.Name.Class",
    "Token.Name.Decorator",
    "Token.Name.Function",
    "Token.Name.Namespace",
    "Token.Operator",
    "Token.Operator.Word",
}
