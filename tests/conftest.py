import matplotlib
import numpy as np
import pytest
from hypothesis import settings
from matplotlib.backends.backend_agg import FigureCanvasAgg

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
