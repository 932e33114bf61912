"""Where evaluations run, and by whose clock.

Read ``tuner``, the one loop, and ``ledger``, its accounts; then ``workers`` for this process,
``executors`` and ``processes`` for others and ``simulated`` for a clock that is only computed.
``journal`` is a run on disk, and ``history`` a run taken down event by event. Small helps:
``accepted`` checks what a tuner is given, and ``interrupts`` is for Ctrl-C.
"""
