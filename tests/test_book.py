"""The book in headless Chromium: it is whole, readable in both themes, and asks nobody else.

`make book-test` builds the book and runs this.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit

import pytest
from site_in_browser import address, files

with suppress(ImportError):  # a fixture says so
    from playwright.sync_api import expect

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
SCREENSHOTS = ROOT / "screenshots"
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
CARDS = sorted(path.stem for path in (ROOT / "sh_teach" / "data").glob("*.md"))
PAGES = [f"notebooks/{name}.html" for name in [*NOTEBOOKS, "glossary", "cheat_sheet"]]
PAGES += [f"sh_teach/data/{name}.html" for name in CARDS]
every_page = pytest.mark.parametrize("name", PAGES)
pytestmark = pytest.mark.skipif("SH_TEACH_BOOK" not in os.environ, reason="only in make book-test")

# The contrast of each text with what is behind it, as WCAG 2.2 computes it; the faint ones.
FAINT = """() => {
    const parse = text => {
        const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
        return {rgb: [r, g, b], a};
    };
    const over = (front, back) => front.rgb.map((c, i) => c * front.a + back[i] * (1 - front.a));
    const light = rgb => {
        const [r, g, b] = rgb.map(c => c / 255).map(
            c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        const layers = [];
        for (let e = element; e; e = e.parentElement) {
            const layer = parse(getComputedStyle(e).backgroundColor);
            layers.push(layer);
            if (layer.a === 1) break;
        }
        return layers.reverse().reduce((back, layer) => over(layer, back), [255, 255, 255]);
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim(), e = walker.currentNode.parentElement;
        if (!text || e.closest('script, style, noscript') || !e.checkVisibility(
            {opacityProperty: true, visibilityProperty: true})) continue;
        const style = getComputedStyle(e), back = behind(e);
        const front = over(parse(style.color), back);
        const [dark, bright] = [light(front), light(back)].sort((a, b) => a - b);
        const contrast = (bright + 0.05) / (dark + 0.05), size = parseFloat(style.fontSize);
        const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
        if (contrast < (large ? 3 : 4.5))
            faint.push(`${contrast.toFixed(2)} ${e.tagName}.${e.className}: ${text.slice(0, 30)}`);
    }
    return [...new Set(faint)];
}"""


# What is wider than its place, so that its end is only seen by scrolling.
CUT = """() => [...document.querySelectorAll('main :is(pre, table, img, math)')].filter(e => {
    const place = e.closest('div'), width = Math.max(e.scrollWidth, place.scrollWidth);
    return place.clientWidth > 0 && width > place.clientWidth + 1;
}).map(e => `${e.tagName} ${e.scrollWidth} wide: ${e.textContent}`)"""


@pytest.fixture(scope="module")
def book():
    with files(BUILD) as server:
        yield address(server, "book/")


@pytest.fixture(scope="module")
def page(closed_browser):
    """Return a page; in the end, all that it has asked for was there."""
    page = closed_browser.new_page(viewport={"width": 1300, "height": 900})
    missing = []
    page.on("response", lambda r: missing.append(r.url) if r.status >= 400 else None)
    yield page
    assert missing == []


def links(page):
    return page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)")


@every_page
def test_every_link_leads_somewhere(name, page, book):
    page.goto(book + name)
    for link in links(page):
        if not link.startswith(book.removesuffix("book/")):
            assert urlsplit(link).scheme == "https", link
            continue
        target, anchor = urldefrag(link)
        place = unquote(urlsplit(target).path)
        if place.startswith("/lite/"):
            (notebook,) = parse_qs(urlsplit(target).query)["path"]
            assert (ROOT / notebook).is_file(), link
            continue
        file = BUILD / place.lstrip("/")
        assert file.is_file(), link
        if anchor:
            assert f'id="{unquote(anchor)}"' in file.read_text("utf-8"), link


@every_page
def test_every_picture_has_words(name, page, book):
    page.goto(book + name)
    for words in page.eval_on_selector_all("main img", "all => all.map(image => image.alt)"):
        assert len(words.split()) >= 4, words


@pytest.mark.parametrize("theme", ["light", "dark"])
@every_page
def test_every_text_stands_out(name, theme, page, book):
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # no colours in between
    page.goto(book + name)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.screenshot(path=SCREENSHOTS / f"book-{Path(name).stem}-{theme}.png")
    assert page.evaluate(FAINT) == []


@every_page
def test_nothing_is_cut_on_the_screen_of_a_laptop(name, page, book):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(book + name)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_page_asks_to_run_a_cell(name, page, book):
    page.goto(f"{book}notebooks/{name}.html")
    assert page.get_by_text("No guess yet").count() == 0


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_link_leads_to_a_widget_where_there_is_one_to_play_with(name, page, book):
    page.goto(f"{book}notebooks/{name}.html")
    source = (ROOT / "notebooks" / f"{name}.ipynb").read_text("utf-8")
    widgets = source.count("use its sliders and buttons")
    assert page.get_by_text("A widget to play with is").count() == widgets


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_solutions_and_reveals_are_folded_and_open_by_a_click(name, page, book):
    page.goto(f"{book}notebooks/{name}.html")
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text("utf-8"))
    hidden = [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["metadata"].get("jupyter", {}).get("source_hidden")
    ]
    folds = page.locator("main div.cell details")
    assert folds.count() >= len(hidden) > 0
    first = folds.first
    code = first.locator("pre").first
    assert not code.is_visible()
    first.locator("summary").first.click()
    expect(code).to_be_visible()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_page_opens_itself_live(name, page, book):
    page.goto(f"{book}notebooks/{name}.html")
    live = page.locator("a.live")
    if name.startswith("07"):  # processes
        assert live.count() == 0
        return
    assert live.first.is_visible()
    here = urljoin(book, f"../lite/lab/index.html?path=notebooks/{name}.ipynb")
    assert live.first.evaluate("a => a.href") == here


def test_formulas_are_drawn(page, book):
    page.goto(book + "notebooks/cheat_sheet.html")
    formula = page.locator("math").first
    assert formula.bounding_box()["width"] > 20
    assert "\\" not in "".join(page.locator("math").all_text_contents())


def test_a_formula_of_its_own_is_in_the_middle(page, book):
    page.goto(book + "notebooks/06_beyond_one_bracket.html")
    formula = page.locator("math[display=block]").first.bounding_box()
    text = page.locator("main section p").first.bounding_box()
    middle, middle_of_text = (box["x"] + box["width"] / 2 for box in (formula, text))
    assert abs(middle - middle_of_text) < 5


def test_the_search_finds_a_word_of_a_notebook(page, book):
    page.goto(book + "search.html?q=straggler")
    results = page.locator("#search-results li")
    results.first.wait_for()
    assert results.filter(has_text="The asynchronous queue").count() > 0


def test_a_button_darkens_the_page(page, book):
    page.emulate_media(color_scheme="light")
    page.goto(book + PAGES[0])
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    after = set()
    for _ in range(3):  # what the system has, light, dark
        page.locator("button.theme-switch-button:visible").first.click()
        theme = page.evaluate("document.documentElement.dataset.theme")
        after.add((theme, page.evaluate("getComputedStyle(document.body).backgroundColor")))
    assert ("light", before) in after
    assert [color for theme, color in after if theme == "dark"] not in ([], [before])
