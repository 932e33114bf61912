import matplotlib
from hypothesis import settings

# Chosen here and not in the environment, which the kernels of notebooks would inherit.
matplotlib.use("Agg")

# The same examples each time, and no complaint about a slow machine.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
