"""You are the scheduler: choices, and what they cost."""

import pytest

from sh_teach import RecordedCurves
from sh_teach.widgets.game import ByHand, Game

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
    """As with overlap_rounds=False: what waits goes out, a new round starts last."""
    return "wait" if options[-1] == "next round" and "wait" in options else options[-1]


def test_who_follows_the_rule_is_told_so_and_ends_with_its_time():
    game = Game(CURVES)
    assert set(play(game, rule)) == {"As the rule has it."}
    assert game.result_at == game.by_rule
    assert "as by the rule" in game.summary()
    assert "idled 0%" in game.summary()


def test_who_starts_a_new_round_too_early_is_told_what_it_cost():
    game = Game(CURVES)
    game.choose("next round")
    said = game.choose("next round")
    assert said.startswith("The rule would have chosen otherwise. The result of round 0 comes ")
    assert said.endswith("later for it.")
    play(game, rule)
    assert game.result_at > game.by_rule
    assert "later than by the rule" in game.summary()


def test_waiting_costs_idle_time():
    game = Game(CURVES)
    said = play(game, waits_for_the_rung)
    assert "The rule would have chosen otherwise. This time it delays nothing." in said
    assert "idled 0%" not in game.summary()


def test_waiting_can_bring_the_first_result_forward():
    games = [Game(CURVES, workers, seed=seed) for workers in (2, 3, 4) for seed in range(10)]
    said = [sentence for game in games for sentence in play(game, waits_for_the_rung)]
    assert any(sentence.endswith("earlier!") for sentence in said)
    assert any("earlier than by the rule" in game.summary() for game in games)


def test_a_choice_taken_back_leaves_no_trace():
    game, untouched = Game(CURVES), Game(CURVES)
    for _ in range(5):
        for each in (game, untouched):
            each.choose(rule(list(each.options().values())))
    game.choose("next round")
    game.take_back()
    assert game.steps == untouched.steps
    assert game.options() == untouched.options()


def test_taking_back_at_the_start_changes_nothing():
    game = Game(CURVES)
    game.take_back()
    assert list(game.options()) == ["start round 0"]


def test_options_are_called_by_trial_and_rung():
    game = Game(CURVES)
    game.choose("next round")
    assert list(game.options()) == [
        "wait for the next result",
        "start round 1",
        "train trial 1 of round 0 to 2 epochs",
    ]


def test_what_is_no_option_is_refused_and_changes_nothing():
    game = Game(CURVES)
    with pytest.raises(ValueError, match="choice='wait'"):
        game.choose("wait")
    assert game.choices == []


def test_a_scheduler_by_hand_refuses_a_choice_that_there_is_not():
    scheduler = ByHand(CURVES.searcher(0), 2, 2, 8, choices=[(0, 4)])
    with pytest.raises(ValueError, match=r"choices has \(0, 4\)"):
        scheduler.suggest()


def test_once_the_choices_are_used_up_the_rule_decides_if_it_shall():
    scheduler = ByHand(CURVES.searcher(0), 2, 2, 8, choices=["next round"], then_rule=True)
    assert [scheduler.suggest().trial_id for _ in range(3)] == [0, 1, 2]


def test_what_notebook_03_tells_of_the_game_is_so():
    game = Game(CURVES, workers=4)
    play(game, waits_for_the_rung)
    assert round(game.by_rule, 1) == 64.7
    assert round(game.result_at, 1) == 59.6
    assert "the workers idled 57% of the time" in game.summary()
