"""What is trained, or was: objectives that return a validation error.

Read ``lenet`` and ``training``, the loop, with ``checkpoint`` for pause and resume and
``fashion_mnist`` for the images. Then ``curves``, which answers from a table of recorded
trainings, and ``curves_file``, which reads it.
"""
