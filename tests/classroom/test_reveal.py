"""A guess, the truth, and the words between."""

import json
import sys

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from sh_teach import reveal


@pytest.fixture
def shown(monkeypatch):
    """Return a function that calls reveal, and returns its plain text and its HTML."""
    module = sys.modules[reveal.__module__]

    def show(*arguments, **options):
        objects = []
        monkeypatch.setattr(module, "display", objects.append)
        assert reveal(*arguments, **options) is None
        (revealed,) = objects
        return repr(revealed), revealed._repr_html_()

    return show


def said(shown, *arguments, **options):
    """Return the first line: what is said about the guess."""
    return shown(*arguments, **options)[0].splitlines()[0]


ASK = "Set `guess` above and run both cells."


def test_without_a_guess_the_answer_is_folded(shown):
    text, html = shown(None, 48, {128: "Half."}, answer="48 epochs: three rungs cost 16 each.")
    assert text == f"No guess yet. {ASK}"
    assert html == (
        '<div role="status"><p>No guess yet. Set <code>guess</code> above and run both cells.</p>'
        "<details><summary>Show the answer</summary>48 epochs: three rungs cost 16 each.</details>"
        "</div>"
    )


def test_with_a_guess_the_answer_is_open(shown):
    text, html = shown(48, 48, answer="48 epochs: three rungs cost 16 each.")
    assert text == "Right.\n48 epochs: three rungs cost 16 each."
    assert "<details>" not in html
    assert "Right." in html
    assert "three rungs" in html


def test_without_an_answer_in_words_the_truth_is_the_answer(shown):
    assert shown("B", "D")[0] == "Not quite.\nThe answer is D."


SAYS = {128: "Half of 256.", (1, 2): "These are the first.", "c": "C looks best.", True: "No!"}


@pytest.mark.parametrize(
    ("guess", "truth", "words"),
    [
        (48, 48, "Right."),
        (50, 48, "Right."),
        (np.int64(48), np.float64(48), "Right."),
        (60, 48, "Not quite."),
        (128, 48, "Not quite. Half of 256."),
        (120, 48, "Not quite. Half of 256."),
        (float("nan"), 48, "Not quite."),
        (0, 0, "Right."),
        (0.001, 0, "Not quite."),
        (5, 6, "Not quite."),
        ("d ", "D", "Right."),
        ("C", "D", "Not quite. C looks best."),
        (True, False, "Not quite. No!"),
        (False, False, "Right."),
        (True, np.bool_(True), "Right."),
        (["B", "D"], ["B", "D"], "Right."),
        (("b", "d"), ["B", "D"], "Right."),
        (["D", "B"], ["B", "D"], "Not quite."),
        ([1, 2], [3, 4], "Not quite. These are the first."),
        ([3.1, 4.1], (3, np.float64(4)), "Right."),
        ([3], [3, 4], "Not quite."),
        ([3, float("nan")], [3, 4], "Not quite."),
        ([3, None], [3, 4], "Not quite."),
    ],
)
def test_a_guess_is_answered(guess, truth, words, shown):
    assert said(shown, guess, truth, SAYS) == words


@pytest.mark.parametrize(
    ("guess", "truth", "words"),
    [
        ("39 %", 39, "`guess` should be a number, without quotes"),
        (39, "D", "`guess` should be a text, in quotes"),
        (3, [3, 4], "`guess` should be a list"),
        (1, True, "`guess` should be True or False"),
        ({3}, [3, 4], "`guess` should be a list"),
    ],
)
def test_what_is_no_answer_to_the_question_leaves_the_answer_folded(guess, truth, words, shown):
    text, html = shown(guess, truth, answer="It is the answer.")
    assert text == f"{words}. {ASK}"
    assert "<details><summary>Show the answer</summary>It is the answer.</details>" in html


def test_an_exact_match_goes_before_a_near_one(shown):
    says = {100: "One hundred is half of them.", 92: "Almost."}
    assert said(shown, 100, 96, says) == "Not quite. One hundred is half of them."
    assert said(shown, 101, 96, says) == "Right."
    assert said(shown, 92, 120, says) == "Not quite. Almost."


def test_the_tolerance_can_be_narrower(shown):
    assert said(shown, 50, 48, tolerance=0) == "Not quite."
    assert said(shown, 48, 48, tolerance=0) == "Right."


def test_html_is_escaped_and_backticks_are_code(shown):
    _, html = shown("<b>", "a", {"<b>": "Not <b>."}, answer="`x < 1` & more")
    assert "Not &lt;b&gt;." in html
    assert "<code>x &lt; 1</code> &amp; more" in html


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (dict(says=["half"]), TypeError, r"says=\['half'\]: it must be a dict"),
        (dict(tolerance=-1), ValueError, "tolerance=-1"),
        (dict(tolerance="10 %"), TypeError, "tolerance='10 %'"),
    ],
)
def test_a_wrong_argument_is_named(options, error, message):
    with pytest.raises(error, match=message):
        reveal(None, 48, **options)


def test_in_a_notebook_there_are_words_and_html_and_both_are_the_same_each_time(tmp_path):
    cells = [
        nbformat.v4.new_code_cell(f"from sh_teach import reveal\nreveal({guess}, 48)\n1")
        for guess in (None, None, 48)
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    first, again, right = ([dict(o["data"]) for o in cell.outputs] for cell in notebook.cells)
    assert json.dumps(first) == json.dumps(again)
    assert set(first[0]) == {"text/plain", "text/html"}
    assert "The answer is 48." in first[0]["text/html"]
    assert "48" not in first[0]["text/plain"]
    assert right[0]["text/plain"] == "Right.\nThe answer is 48."


def test_two_guesses_can_be_answered_by_the_same_sentence(shown):
    says = {50: "Too few.", 100: "Too few."}
    for guess in says:
        assert said(shown, guess, 500, says) == "Not quite. Too few."


@pytest.mark.parametrize(("guess", "truth"), [("No.", "no"), ("B, D,G ", "BDG"), (4, "4")])
def test_punctuation_and_spaces_of_a_text_do_not_matter_nor_its_quotes_if_it_is_a_number(
    shown, guess, truth
):
    assert said(shown, guess, truth) == "Right."


def test_quotes_that_are_missing_or_too_much_are_named(shown):
    assert said(shown, "500", 500) == f"`guess` should be a number, without quotes. {ASK}"
    assert said(shown, True, "yes") == f"`guess` should be a text, in quotes. {ASK}"
