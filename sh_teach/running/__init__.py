"""Where evaluations run, and by whose clock.

Read ``tuner``, the one loop, and ``ledger``, what it keeps account of; then ``workers`` for this
process, ``processes`` for others and ``simulated`` for a clock that is only computed. ``journal``
is a run on disk, ``history`` a run taken down event by event.
"""
