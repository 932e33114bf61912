"""What is said of an answer to an exercise."""

import numpy as np
import pytest

from sh_teach import check_answer


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
            "not attempted\nunwritten() is still to be written.",
        ),
        (0, lambda n: n == 0, "right"),
        (3, lambda n: np.int64(n) == 3, "right"),
        (2, lambda n: np.int64(n) == 3, "not yet"),
        (lambda x: None, lambda f: f(1), "not yet"),
        (2, lambda n: n == 3 or "Too small.", "not yet: Too small."),
        (0, lambda n: 1 / n, "not yet: ZeroDivisionError: division by zero"),
    ],
)
def test_an_answer_is_right_or_not_yet_or_no_attempt(answer, is_right, said, capsys):
    assert check_answer(answer, is_right) is None
    assert capsys.readouterr().out == said + "\n"
