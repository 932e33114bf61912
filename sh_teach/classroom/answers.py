"""Feedback on the answer to an exercise."""

import traceback

from sh_teach.classroom.student_code import described


def check_answer(answer, is_right):
    """Say of an answer whether it is right: ``right``, ``not yet`` or ``not attempted``.

    Parameters
    ----------
    answer : object
        A number, a table, a function, a tuple of several ... ``None`` is no attempt.
    is_right : callable
        ``is_right(answer)`` returns true or false, or a string that says what is wrong. If it
        runs into a `NotImplementedError`, because some code is not written yet, the answer is no
        attempt either.

    Examples
    --------
    >>> check_answer(None, lambda n: n == 6)
    not attempted
    >>> check_answer(5, lambda n: n == 6 or "One more.")
    not yet: One more.
    >>> check_answer(6, lambda n: n == 6 or "One more.")
    right
    """
    parts = answer if isinstance(answer, tuple) else (answer,)
    if missing := sum(part is None for part in parts):
        print("not attempted" if missing == len(parts) else "not yet: a part is still None")
        return
    try:
        verdict = is_right(answer)
        verdict = verdict if isinstance(verdict, str) else bool(verdict)
    except NotImplementedError as error:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        print(f"not attempted\nYou have not written {frame.f_code.co_name}() yet.")
        return
    except Exception as error:
        verdict = described(error)
    if isinstance(verdict, str):
        print(f"not yet: {verdict}")
    else:
        print("right" if verdict else "not yet")
