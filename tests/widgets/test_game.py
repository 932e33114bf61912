"""You are the scheduler: choices, and what they cost."""

import random

import pytest

from sh_teach import RecordedCurves
from sh_teach.widgets.game import ByChoice, Game

CURVES = RecordedCurves.load()


def play(game, pick):
    """Play to the end; `pick` chooses among the options, of which the rule's comes last."""
    said = []
    while options := game.options():
        said.append(game.choose(pick(list(options.values()))))
    return said


def rule(options):
    return options[-1]


def waits_for_the_rung(options):
    """As with overlap_rounds=False: waiting trials start, and a new round only if none runs."""
    return "wait" if options[-1] == "next round" and "wait" in options else options[-1]


def test_the_choices_of_the_rule_end_with_its_time():
    game = Game(CURVES)
    assert set(play(game, rule)) == {"This is the choice of the rule."}
    assert game.result_at == game.by_rule
    assert "as by the rule" in game.summary()
    assert "were idle 0% of the time" in game.summary()


@pytest.mark.parametrize(
    ("workers", "r_min", "r_max"), [(1, 1, 16), (9, 2, 8), (16, 8, 8), (16, 1, 2)]
)
def test_a_game_comes_to_its_end_with_any_number_of_workers(workers, r_min, r_max):
    game = Game(CURVES, workers, 2, r_min, r_max)
    play(game, rule)
    assert game.result_at == game.by_rule
    assert game.steps[-1].time == game.result_at


def test_a_round_that_starts_too_early_costs_time():
    game = Game(CURVES)
    game.choose("next round")
    said = game.choose("next round")
    assert said.startswith("The rule would choose otherwise. The result of round 0 arrives ")
    assert said.endswith(" s later.")
    play(game, rule)
    assert game.result_at > game.by_rule
    assert "later than by the rule" in game.summary()


def test_waiting_costs_idle_time():
    game = Game(CURVES)
    said = play(game, waits_for_the_rung)
    assert "The rule would choose otherwise. This time it delays nothing." in said
    assert "were idle 0% of the time" not in game.summary()


def test_waiting_can_bring_the_first_result_forward():
    games = [Game(CURVES, workers, seed=seed) for workers in (2, 3, 4) for seed in range(10)]
    said = [sentence for game in games for sentence in play(game, waits_for_the_rung)]
    assert any(sentence.endswith("earlier!") for sentence in said)
    assert any("earlier than by the rule" in game.summary() for game in games)


def test_a_choice_that_is_undone_leaves_no_trace():
    game, untouched = Game(CURVES), Game(CURVES)
    for _ in range(5):
        for each in (game, untouched):
            each.choose(rule(list(each.options().values())))
    game.choose("next round")
    game.undo()
    assert game.steps == untouched.steps
    assert game.options() == untouched.options()


@pytest.mark.parametrize("seed", range(4))
def test_after_any_choices_that_of_the_rule_delays_nothing(seed):
    game, picks = Game(CURVES, workers=3, seed=seed), random.Random(seed)
    while (options := game.options()) and len(game.choices) < 25:
        choices = list(options.values())
        choice = picks.choice(choices)
        said = game.choose(choice)
        assert (said == "This is the choice of the rule.") == (choice == choices[-1])


def test_undo_at_the_start_changes_nothing():
    game = Game(CURVES)
    game.undo()
    assert list(game.options()) == ["start round 0"]


def test_options_are_named_by_trial_and_rung():
    game = Game(CURVES)
    game.choose("next round")
    assert list(game.options()) == [
        "wait for the next result",
        "start round 1",
        "train trial 1 of round 0 to 2 epochs",
    ]


def test_a_choice_that_is_no_option_is_refused_and_changes_nothing():
    game = Game(CURVES)
    with pytest.raises(ValueError, match="choice='wait'"):
        game.choose("wait")
    assert game.choices == []


def test_after_the_choices_comes_the_rule():
    scheduler = ByChoice(CURVES.searcher(0), 2, 2, 8, choices=["next round"])
    assert [scheduler.suggest().trial_id for _ in range(3)] == [0, 1, 2]


def test_what_notebook_04_says_of_the_game_is_so():
    game = Game(CURVES, workers=4)
    play(game, waits_for_the_rung)
    assert round(game.by_rule, 1) == 64.7
    assert round(game.result_at, 1) == 59.6
    assert "the workers were idle 57% of the time" in game.summary()
