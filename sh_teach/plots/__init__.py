"""What came of a run: every plot reads the table of `HPOTuner.dataframe`.

Read ``rungs`` first: the scatter of the book. ``time`` draws a run over the clock, ``bracket`` the
plan of a round; ``style`` holds the colours that all of them share.
"""
