"""Feedback on the answer to an exercise."""


def check_answer(answer, is_right):
    """Say of an answer whether it is right: ``right``, ``not yet`` or ``not attempted``.

    Parameters
    ----------
    answer : object
        A number, a table, a function ... ``None`` is no attempt.
    is_right : callable
        ``is_right(answer)`` returns true or false, or a string that says what is wrong. Where it
        runs code that is still to be written, which raises `NotImplementedError`, the answer is
        no attempt either.

    Examples
    --------
    >>> check_answer(None, lambda n: n == 6)
    not attempted
    >>> check_answer(5, lambda n: n == 6 or "One more.")
    not yet: One more.
    >>> check_answer(6, lambda n: n == 6 or "One more.")
    right
    """
    if answer is None:
        print("not attempted")
        return
    try:
        verdict = is_right(answer)
    except NotImplementedError:
        print("not attempted")
        return
    except Exception as error:
        verdict = f"{type(error).__name__}: {error}"
    if isinstance(verdict, str):
        print(f"not yet: {verdict}")
    else:
        print("right" if verdict else "not yet")
