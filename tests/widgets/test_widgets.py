"""The widgets without a browser: what their controls do. tests/test_browser.py looks at them."""

import base64
import re

import pytest

from sh_teach import (
    RecordedCurves,
    SuccessiveHalvingScheduler,
    be_the_scheduler,
    explore_bracket,
    step_through,
)

CURVES = RecordedCurves.load()


def every(widget, kind):
    """Return all widgets of a kind inside a widget, by description."""
    found = {}
    for child in getattr(widget, "children", ()):
        found |= every(child, kind)
        if type(child).__name__ == kind:
            found[getattr(child, "description", "")] = child
    return found


def sliders(widget):
    return every(widget, "IntSlider") | every(widget, "FloatSlider")


def contents(widget):
    """Return the sentence, the picture's bytes and its text of an explorer or step-through."""
    texts = [child.value for child in widget.children if type(child).__name__ == "HTML"]
    said = next(text for text in texts if "<p" in text)
    picture = next(text for text in texts if "<img" in text)
    png, alt = re.search('base64,(.+?)" alt="(.+?)"', picture).groups()
    return re.search(">(.+?)</p>", said)[1], base64.b64decode(png), alt


def halving(**options):
    return SuccessiveHalvingScheduler(CURVES.searcher(0), eta=2, r_min=2, r_max=10, **options)


def test_the_explorer_starts_with_the_bracket_that_was_asked_for():
    said, png, _ = contents(explore_bracket(1, 9, 3))
    assert said == (
        "N = 9 trials start; on the rungs (epochs): 9 at 1, 3 at 3, 1 at 9. A round is "
        "13 evaluations and 21 epochs, or 27 if every rung trains from scratch. "
        "Random search would train for 81."
    )
    assert png.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "value"), [("r_min", 5), ("r_max", 64), ("eta", 3), ("prefact", 2.0)]
)
def test_each_slider_changes_words_and_picture(name, value):
    explorer = explore_bracket()
    before = contents(explorer)
    sliders(explorer)[name].value = value
    after = contents(explorer)
    assert after[0] != before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("r_max", 1, "r_max=1: it must be at least r_min=2"),
        ("eta", 1, "eta=1: it must be at least 2"),
        ("prefact", 0.1, "prefact=0.1: no trial is left of eta**K=8"),
    ],
)
def test_an_impossible_choice_is_explained_and_can_be_left_again(name, value, reason):
    explorer = explore_bracket()
    before = contents(explorer)
    slider = sliders(explorer)[name]
    usual = slider.value
    slider.value = value
    assert contents(explorer)[0] == f"Not possible. {reason}."
    slider.value = usual
    assert contents(explorer) == before


def test_a_bracket_in_which_nobody_gets_to_the_top_is_said_to_be_one():
    explorer = explore_bracket(2, 256, 3, prefact=0.1)
    assert "Nobody reaches 256 epochs!" in contents(explorer)[0]


def test_next_and_back_go_through_the_events():
    widget = step_through(halving(), 4, CURVES)
    buttons = every(widget, "Button")
    first = contents(widget)
    assert first[0].startswith("t = 0.0 s. Worker 0 is free")
    buttons["next event"].click()
    assert contents(widget)[0].startswith("t = 0.0 s. Worker 1 is free")
    buttons["back"].click()
    assert contents(widget) == first
    buttons["back"].click()
    assert contents(widget) == first


def test_to_the_next_promotion_stops_where_a_rung_is_full_and_at_the_end():
    widget = step_through(halving(), 4, CURVES)
    button, event = every(widget, "Button")["to the next promotion"], sliders(widget)["event"]
    full = 0
    while event.value < event.max:
        button.click()
        full += "The rung is full" in contents(widget)[0]
    assert full == 5  # in two rounds that overlap with a third


def test_play_and_the_slider_show_the_same_event():
    widget = step_through(halving(), 4, CURVES)
    play, event = every(widget, "Play")[""], sliders(widget)["event"]
    play.value = 7
    assert event.value == 7
    assert play.max == event.max
    seventh = contents(widget)
    event.value = 0
    event.value = 7
    assert contents(widget) == seventh


def test_another_scheduler_starts_from_its_first_event():
    two = {"next round": halving(), "wait": halving(overlap_rounds=False)}
    widget = step_through(two, 4, CURVES)
    event, choice = sliders(widget)["event"], every(widget, "Dropdown")["scheduler"]
    events = event.max
    event.value = 30
    choice.value = "wait"
    assert event.value == 0
    assert event.max > events  # each wait is an event
    every(widget, "Button")["to the next promotion"].click()
    every(widget, "Button")["back"].click()
    assert "must wait" in contents(widget)[0]


def test_the_text_of_a_picture_tells_what_it_shows():
    widget = step_through(halving(), 2, CURVES)
    sliders(widget)["event"].value = 2
    alt = contents(widget)[2]
    assert "worker 1 trains trial 1 until" in alt
    assert "Trials that wait, next first: 2, 3, 4, 5, 6, 7." in alt
    assert "round 0, 2 epochs: " in alt or "Results, best first: none" in alt


def test_every_button_says_in_a_tooltip_what_it_does():
    for widget in (step_through(halving(), 2, CURVES), be_the_scheduler(CURVES)):
        assert all(button.tooltip for button in every(widget, "Button").values())


def test_whoever_is_the_scheduler_chooses_and_is_told_the_cost():
    widget = be_the_scheduler(CURVES)
    options = every(widget, "Select")["choice"]
    buttons = every(widget, "Button")

    def said():
        return widget.children[0].value

    assert options.options == ("start round 0",)
    buttons["do it"].click()
    options.value = "start round 1"
    buttons["do it"].click()
    assert "later for it" in said()
    buttons["take it back"].click()
    assert "Taken back." in said()
    while not buttons["do it"].disabled:
        options.index = len(options.options) - 1
        buttons["do it"].click()
    assert "Round 0 has its result" in said()
    assert options.options == ()
