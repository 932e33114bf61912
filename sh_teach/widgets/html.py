"""A panel of controls, words and a picture, as HTML: a screen reader reads both."""

import base64
import io
from html import escape

import ipywidgets
from matplotlib.figure import Figure

from sh_teach.plots.style import inches

WIDE = dict(style={"description_width": "80px"}, layout={"width": "380px"})


class Panel(ipywidgets.VBox):
    """Rows of controls, and below them words and a picture."""

    def __init__(self, *rows, figsize):
        self.figure = Figure(figsize=inches(*figsize))
        self._words, self._picture = ipywidgets.HTML(), ipywidgets.HTML()
        super().__init__([*map(ipywidgets.HBox, rows), self._words, self._picture])

    def __repr__(self):
        # A stored notebook shows this: the widget itself lives as long as its kernel.
        return "Run this cell in JupyterLab to use its sliders and buttons."

    def say(self, text):
        """Show words that a screen reader reads out as soon as they are there."""
        style = "font-size: 1.15em; line-height: 1.4"
        self._words.value = f'<p role="alert" style="{style}">{escape(text)}</p>'

    def draw(self, text):
        """Show the figure, and keep a text for those who do not see it."""
        png = io.BytesIO()
        self.figure.savefig(png, format="png", dpi=100, pil_kwargs={"compress_level": 1})
        source = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
        self._picture.value = f'<img src="{source}" alt="{escape(text)}" style="max-width: 100%">'
