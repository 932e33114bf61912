"""Is mine right? Feedback on answers, and on schedulers that students write.

Read ``answers`` and ``reveal`` first. ``check_scheduler`` runs each ``experiment`` on a student's
scheduler, looks for broken rules (``invariants``) and prints a report; ``student_code`` survives
whatever such code does.
"""
