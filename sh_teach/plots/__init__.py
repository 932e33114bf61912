"""What came of a run: every plot reads the table of `HPOTuner.dataframe`.

Read ``rungs`` first: the scatter of the book, with ``crowd`` for many marks. ``time`` draws a run
over the clock, ``bracket`` the plan of a round, ``compare`` says which of two methods wins;
``style`` holds what all of them share.

What most plots take is explained here once: `table` is an HPOTuner, or a pandas.DataFrame as its
`dataframe` returns it, or a part of its rows; a column that is missing is named in a ValueError.
`ax`, a matplotlib.axes.Axes, is where to draw, by default on a new figure. Several runs may share
the same Axes. A plot returns its Axes.
"""
