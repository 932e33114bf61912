import matplotlib

# Chosen here and not in the environment, which the kernels of notebooks would inherit.
matplotlib.use("Agg")
