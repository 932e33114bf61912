"""The widgets without a browser: what their controls do. tests/test_browser.py looks at them."""

import base64
import re

import pytest
from matplotlib import pyplot as plt

from sh_teach import (
    ASHAScheduler,
    Bracket,
    HPOTuner,
    HyperbandScheduler,
    RecordedCurves,
    SuccessiveHalvingScheduler,
    be_the_scheduler,
    explore_bracket,
    step_through,
)
from sh_teach.widgets import slow_motion
from sh_teach.widgets.explorer import describe_bracket
from sh_teach.widgets.picture import plot_step
from sh_teach.widgets.steps import record_steps

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


def play_with(workers):
    return be_the_scheduler(CURVES, workers)


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


def test_the_explorer_says_so_if_no_trial_reaches_the_top():
    explorer = explore_bracket(2, 256, 3, prefact=0.1)
    assert "No trial reaches 256 epochs!" in contents(explorer)[0]


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


def test_the_slider_shows_the_event_that_the_buttons_show():
    widget = step_through(halving(), 4, CURVES)
    event = sliders(widget)["event"]
    for _ in range(7):
        every(widget, "Button")["next event"].click()
    assert event.value == 7
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


def test_the_text_of_a_picture_says_what_it_shows():
    widget = step_through(halving(), 2, CURVES)
    sliders(widget)["event"].value = 2
    alt = contents(widget)[2]
    assert "worker 1 trains trial 1 until" in alt
    assert "Trials that wait, next first: 2, 3, 4, 5, 6, 7." in alt
    assert "round 0, 2 epochs: " in alt or "Results, best first: none" in alt


def test_every_button_says_in_a_tooltip_what_it_does():
    for widget in (step_through(halving(), 2, CURVES), be_the_scheduler(CURVES)):
        assert all(button.tooltip for button in every(widget, "Button").values())


def test_the_game_carries_out_a_choice_and_says_what_it_costs():
    widget = be_the_scheduler(CURVES)
    options = every(widget, "Select")["choice"]
    buttons = every(widget, "Button")

    def said():
        return contents(widget)[0]

    assert options.options == ("start round 0",)
    buttons["do it"].click()
    options.value = "start round 1"
    buttons["do it"].click()
    assert " s later." in said()
    buttons["undo"].click()
    assert "The last choice is undone." in said()
    while not buttons["do it"].disabled:
        options.index = len(options.options) - 1
        buttons["do it"].click()
    assert "Round 0 has its result" in said()
    assert options.options == ()


def test_hyperband_shows_all_results_of_each_round():
    scheduler = HyperbandScheduler(CURVES.searcher(0), eta=3, r_min=1, r_max=9)
    steps = record_steps(scheduler, 1, CURVES)
    in_round_1 = steps[-1].rungs()[1, 3]
    assert len(in_round_1) == scheduler.bracket_of(1).n == 5
    figure = plot_step(steps[-1], scheduler.bracket_of, 1, until=steps[-1].time)
    (ax,) = [ax for ax in figure.axes if ax.get_title().strip() == "round 1"]
    shown = {text.get_text() for text in ax.texts}
    assert {str(trial.trial_id) for trial, _ in in_round_1} <= shown
    plt.close(figure)


def test_step_through_draws_each_round_with_its_own_bracket(monkeypatch):
    drawn = []
    monkeypatch.setattr(slow_motion, "plot_step", lambda *a: drawn.append(a) or plot_step(*a))
    scheduler = HyperbandScheduler(CURVES.searcher(0), eta=3, r_min=1, r_max=9)
    step_through(scheduler, 1, CURVES)
    (_, bracket_of, *_), *_ = drawn
    assert [bracket_of(round) for round in range(4)] == [
        *scheduler.brackets,
        scheduler.brackets[0],
    ]


def test_a_scheduler_is_stepped_through_once():
    scheduler = halving()
    step_through(scheduler, 4, CURVES)
    with pytest.raises(ValueError, match="scheduler: it has been used before; make a new one"):
        step_through(scheduler, 4, CURVES)


def test_a_scheduler_without_a_queue_is_refused_by_name():
    scheduler = ASHAScheduler(CURVES.searcher(0), eta=2, r_min=1, r_max=8)
    with pytest.raises(TypeError, match="scheduler: ASHAScheduler has no queue"):
        step_through(scheduler, 4, CURVES)


# --- what is given: shown as it is, or refused ---------------------------------------------


@pytest.mark.parametrize(
    "given",
    [(1, 1000, 10, 1.0), (40, 6561, 3, 12.5), (2, 10, 2, 0.25), (1, 10_000, 2, 1.0)],
)
def test_the_explorers_sliders_hold_what_is_given(given):
    explorer = explore_bracket(*given)
    names = ("r_min", "r_max", "eta", "prefact")
    assert tuple(sliders(explorer)[name].value for name in names) == given
    assert contents(explorer)[0] == describe_bracket(Bracket(*given[:3]).scaled(given[3]))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (dict(r_max="9"), TypeError, "r_max='9': it must be a number, not str"),
        (dict(r_max=None), TypeError, "r_max=None"),
        (dict(r_min=1.5), TypeError, "r_min=1.5: it must be an integer"),
        (dict(r_min=0), ValueError, "r_min=0"),
        (dict(eta=-2), ValueError, "eta=-2"),
        (dict(eta=1), ValueError, "eta=1: it must be at least 2"),
        (dict(r_max=1), ValueError, "r_max=1: it must be at least r_min=2"),
        (dict(prefact=0), ValueError, "prefact=0"),
        (dict(prefact=0.01), ValueError, "prefact=0.01: no trial is left"),
        (dict(prefact=float("inf")), ValueError, "prefact=inf"),
        (dict(r_max=10_001), ValueError, "r_max=10001: it must be at most 10,000"),
    ],
)
def test_the_explorer_refuses_what_is_no_bracket(given, error, message):
    with pytest.raises(error, match=re.escape(message)):
        explore_bracket(**given)


@pytest.mark.parametrize("show", [lambda n: step_through(halving(), n, CURVES), play_with])
@pytest.mark.parametrize(
    ("workers", "error", "message"),
    [
        (0, ValueError, "workers=0: it must be at least 1"),
        (1000, ValueError, "workers=1000: the picture has room for at most 16"),
        ("4", TypeError, "workers='4': it must be an integer"),
    ],
)
def test_workers_that_cannot_be_shown_are_refused(show, workers, error, message):
    with pytest.raises(error, match=message):
        show(workers)


def test_a_picture_with_too_many_workers_is_refused():
    (step, *_) = record_steps(halving(), 40, CURVES, evaluations=1)
    with pytest.raises(ValueError, match="workers=40: the picture has room for at most 16"):
        plot_step(step, halving().bracket, 40, until=10)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (dict(curves="lenet"), TypeError, "curves: str has no searcher"),
        (dict(curves=RecordedCurves), TypeError, "curves: it is the class RecordedCurves"),
        (dict(eta=0), ValueError, "eta=0"),
        (dict(r_max=1), ValueError, "r_max=1: it must be at least r_min=2"),
        (dict(r_max=32), ValueError, "r_max=32: 16 epochs were recorded, no more"),
        (dict(seed=None), TypeError, "seed=None: it must be an integer"),
    ],
)
def test_a_game_that_cannot_be_played_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        be_the_scheduler(**dict(curves=CURVES) | given)


class SuggestsDicts:
    """As in the book, without rounds; but it can be looked into."""

    queue = ()
    bracket = Bracket(2, 8, 2)

    def suggest(self):
        return CURVES.searcher(0).sample_configuration() | {"max_epochs": 2}

    def update(self, config, error):
        pass


@pytest.mark.parametrize(
    ("scheduler", "error", "message"),
    [
        (
            SuccessiveHalvingScheduler,
            TypeError,
            "it is the class SuccessiveHalving",
        ),
        (HPOTuner(halving(), CURVES.objective), TypeError, "HPOTuner has no queue; pass a new"),
        (CURVES, TypeError, "RecordedCurves has no queue"),
        (None, TypeError, "NoneType has no queue"),
        ({}, ValueError, "it must have at least one"),
        (dict.fromkeys("ab", halving()), ValueError, "it has been used before"),
        (halving(prefact=1000), ValueError, "two rounds are 30,000 evaluations"),
        (SuggestsDicts(), TypeError, "it suggests plain dicts"),
    ],
)
def test_what_cannot_be_stepped_through_is_refused(scheduler, error, message):
    with pytest.raises(error, match=f"scheduler.*{message}"):
        step_through(scheduler, 4, CURVES)


def test_more_epochs_than_were_recorded_are_refused_before_the_run():
    scheduler = SuccessiveHalvingScheduler(CURVES.searcher(0), eta=2, r_min=1, r_max=17)
    with pytest.raises(ValueError, match="r_max=17: 16 epochs were recorded, no more"):
        step_through(scheduler, 4, CURVES)
    assert scheduler.trials == 0


def test_curves_in_the_place_of_the_scheduler_are_named():
    with pytest.raises(TypeError, match="curves: SuccessiveHalvingScheduler has no objective"):
        step_through(halving(), 4, halving())


# --- stored --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "widget",
    [explore_bracket(), step_through(halving(), 2, CURVES), be_the_scheduler(CURVES)],
    ids=lambda widget: type(widget).__name__,
)
def test_where_no_widget_can_be_shown_there_are_words(widget):
    bundle = widget._repr_mimebundle_()
    assert bundle["text/plain"] == "Run this cell in JupyterLab to use its sliders and buttons."
    assert "application/vnd.jupyter.widget-view+json" in bundle
