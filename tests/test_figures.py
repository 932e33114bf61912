"""The drawn figures of img/, and the links to them and to other files."""

import re
from pathlib import Path

import draw_figures
import matplotlib
import pytest

ROOT = Path(__file__).resolve().parents[1]
IMG = ROOT / "img"


def test_the_stored_figures_are_what_the_script_draws_to_the_byte(tmp_path):
    pins = (ROOT / "constraints.txt").read_text("utf-8")
    if f"matplotlib=={matplotlib.__version__}\n" not in pins:
        pytest.skip("another version of matplotlib than the pinned one draws other files")
    draw_figures.draw(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in IMG.glob("*.svg")}
    for drawn in tmp_path.iterdir():
        assert drawn.read_bytes() == (IMG / drawn.name).read_bytes(), drawn.name


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were(tmp_path):
    before = dict(matplotlib.rcParams)
    draw_figures.draw(tmp_path)
    assert dict(matplotlib.rcParams) == before


def test_every_local_link_and_image_of_notebooks_and_readme_leads_to_a_file():
    from nbformat import NO_CONVERT, read

    texts = {ROOT / "README.md": (ROOT / "README.md").read_text("utf-8")}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = read(path, NO_CONVERT).cells
        texts[path] = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    links = [
        (path, link)
        for path, text in texts.items()
        for link in re.findall(r"\]\(([^)#\s]+)", text)
        if not link.startswith("http")
    ]
    assert links
    assert [link for path, link in links if not (path.parent / link).exists()] == []
