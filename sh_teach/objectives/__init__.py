"""What is trained, or was: objectives that return a validation error.

Read ``lenet``, with ``checkpoint`` for pause and resume and ``fashion_mnist`` for the images; then
``mlp``, a second network on the same loop; then ``curves``, which answers from a table of
trainings, read by ``curves_file``.
"""
