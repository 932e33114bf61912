"""Feedback on an answer to an exercise."""

import linecache
from functools import partial

import numpy as np
import pytest

from sh_teach import check_answer

ANSWERED_BY_MANY = (
    "not yet: ValueError: The truth value of an array with more than one element is ambiguous. "
    "Use a.any() or a.all()."
)


def unwritten(x):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "is_right", "said"),
    [
        (None, lambda n: 1 / 0, "not attempted"),
        ((None, None), lambda n: 1 / 0, "not attempted"),
        ((2, None), lambda n: 1 / 0, "not yet: a part is still None"),
        (np.array([None]), lambda n: True, "right"),
        (
            unwritten,
            lambda f: f(1) == 1,
            "not attempted\nYou have not written unwritten() yet.",
        ),
        (0, lambda n: n == 0, "right"),
        (3, lambda n: np.int64(n) == 3, "right"),
        (2, lambda n: np.int64(n) == 3, "not yet"),
        (lambda x: None, lambda f: f(1), "not yet"),
        (2, lambda n: n == 3 or "Too small.", "not yet: Too small."),
        (np.array([1, 2]), lambda n: n == 6, ANSWERED_BY_MANY),
    ],
)
def test_an_answer_is_right_or_not_yet_or_no_attempt(answer, is_right, said, capsys):
    assert check_answer(answer, is_right) is None
    assert capsys.readouterr().out == said + "\n"


def cell(source):
    """Run source as a notebook's cell is run, and return what it defines."""
    linecache.cache["a cell"] = len(source), None, source.splitlines(keepends=True), "a cell"
    names = {"__name__": "__main__", "np": np}
    exec(compile(source, "a cell", "exec"), names)
    return names


def test_an_exception_is_shown_with_its_line(capsys):
    check_answer(0, cell("def is_right(n):\n    return 1 / n\n")["is_right"])
    assert capsys.readouterr().out == (
        "not yet: ZeroDivisionError: division by zero. It happened at the line: return 1 / n\n"
    )


def test_an_exception_in_a_library_is_shown_with_the_line_of_the_notebook_that_called_it(capsys):
    names = cell("def rungs(n):\n    return np.linalg.inv(np.zeros((n, n)))\n")
    check_answer(names["rungs"], lambda rungs: rungs(2) is None)
    assert capsys.readouterr().out == (
        "not yet: LinAlgError: Singular matrix. "
        "It happened at the line: return np.linalg.inv(np.zeros((n, n)))\n"
    )


def test_a_check_with_other_arguments_is_shown_without_a_line_of_ours(capsys):
    check_answer(1, partial(dict, 2))
    assert capsys.readouterr().out == (
        "not yet: TypeError: dict expected at most 1 argument, got 2.\n"
    )


def test_an_exception_without_a_message_is_shown_without_a_colon(capsys):
    names = cell("class Found(Exception): pass\ndef rungs(n):\n    raise Found\n")
    check_answer(names["rungs"], lambda rungs: rungs(2))
    assert capsys.readouterr().out == "not yet: Found. It happened at the line: raise Found\n"
