"""What came of a run: every plot reads the table of `HPOTuner.dataframe`.

Read ``rungs`` first: the scatter of the book. ``time`` draws a run over the clock, ``bracket`` the
plan of a round, ``compare`` says which of two methods wins; ``style`` holds the shared colours.

What most plots take is explained here once: `table`, a pandas.DataFrame, is what
`HPOTuner.dataframe` returns, or a part of its rows; `ax`, a matplotlib.axes.Axes, is where to
draw, by default on a new figure. Several runs may share the same Axes. A plot returns its Axes.
"""
