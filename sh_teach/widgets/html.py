"""Words and pictures as HTML: a screen reader reads both."""

import base64
import io
from html import escape

WIDE = dict(style={"description_width": "80px"}, layout={"width": "380px"})


def spoken(text):
    """Return HTML that a screen reader reads out as soon as it is there."""
    return f'<p role="alert" style="font-size: 1.15em; line-height: 1.4">{escape(text)}</p>'


def image(figure, text):
    """Return HTML with a picture of a figure, and a text for those who do not see it."""
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=100, pil_kwargs={"compress_level": 1})
    data = base64.b64encode(png.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(text)}" style="max-width: 100%">'
