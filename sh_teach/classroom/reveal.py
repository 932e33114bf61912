"""The answer to a question, and what there is to say about a student's guess."""

import math
import re
from html import escape
from itertools import repeat
from numbers import Real

from IPython.display import HTML, display

from sh_teach.arguments import at_least_0

KINDS = {bool: "True or False", Real: "a number, without quotes", str: "a text, in quotes"}
KINDS[list, tuple] = "a list"


def reveal(guess, truth, says=None, answer=None, tolerance=0.1):
    """Compare a guess with the truth and show the answer: folded, as long as there is no guess.

    Parameters
    ----------
    guess, truth : number, str, bool or list
        Capitals and punctuation do not matter, the order of a list does. ``None`` is no guess yet.
    says : dict, optional
        From common guesses to a sentence about each; in place of a list, use a tuple.
    answer : str, optional
        The answer and its reason in full sentences; what is in backticks is shown as code.
    tolerance : float
        The share by which a number may differ from the true one, or from one in `says`.

    Raises
    ------
    TypeError, ValueError
        If `says` is no dict, or `tolerance` is no number from 0 to 1.

    Examples
    --------
    >>> reveal(128, 48, {128: "Half of 256?"}, answer="48 epochs: each of three rungs costs 16.")
    Not quite. Half of 256?
    48 epochs: each of three rungs costs 16.
    """
    if not isinstance(says, dict | None):
        raise TypeError(f"says={says!r}: it must be a dict from guesses to sentences")
    tolerance = at_least_0("tolerance", tolerance, below=1)
    kind = next((kind for kind in KINDS if isinstance(truth, kind)), object)
    answers = [(truth, "Right."), *((key, f"Not quite. {s}") for key, s in (says or {}).items())]
    equal = [said for known, said in answers if _same(guess, known, 0)]
    near = [said for known, said in answers if _same(guess, known, tolerance)]
    said, *_ = *equal, *near, "Not quite."
    fits = isinstance(guess, kind) or (kind is str and equal)
    missing = "" if fits else f"`guess` should be {KINDS[kind]}"
    if guess is None:
        missing = "No guess yet"
    if missing:
        said = f"{missing}. Set `guess` above and run both cells."
    display(_Shown(said, answer or f"The answer is {truth}.", folded=bool(missing)))


class _Shown(HTML):
    def __init__(self, said, answer, folded):
        self._text = said if folded else f"{said}\n{answer}"
        said, answer = (re.sub("`(.+?)`", r"<code>\1</code>", escape(x)) for x in (said, answer))
        if folded:
            answer = f"<details><summary>Show the answer</summary>{answer}</details>"
        super().__init__(f'<div role="status"><p>{said}</p>{answer}</div>')

    def __repr__(self):
        return self._text


def _same(guess, known, tolerance):
    if isinstance(guess, list | tuple) and isinstance(known, list | tuple):
        return len(guess) == len(known) and all(map(_same, guess, known, repeat(tolerance)))
    if isinstance(guess, Real) and isinstance(known, Real):
        return math.isclose(guess, known, rel_tol=tolerance)
    guess, known = (re.sub(r"\W", "", str(text)).casefold() for text in (guess, known))
    return guess == known
