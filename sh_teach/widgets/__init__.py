"""The algorithm in slow motion, with buttons.

Read ``steps``, which turns a run into sentences, and ``picture``, which draws one step; then
``slow_motion``, ``explorer`` and ``game``, the widgets themselves. ``html`` is what they show.
"""
