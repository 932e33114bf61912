"""Which waiting trial is next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sh_teach.schedulers import Trial, WaitingLine

RUNGS = st.tuples(st.integers(0, 3), st.sampled_from([1, 2, 4]))


def trials_on(rungs):
    return [Trial({"max_epochs": level}, i, round) for i, (round, level) in enumerate(rungs)]


def by_the_rule(trials):
    """The oldest round first, there the highest rung; Python's sort keeps the order of arrival."""
    return sorted(trials, key=lambda trial: (trial.round, -trial["max_epochs"]))


@given(st.lists(st.one_of(RUNGS, st.none())))
def test_pop_serves_by_the_rule_whatever_arrived_when(arrivals):
    line, waiting = WaitingLine(), []
    for number, rung in enumerate(arrivals):
        if rung is not None:
            (trial,) = trials_on([rung])
            trial.trial_id = number
            line.push(trial)
            waiting.append(trial)
        elif waiting:
            popped = line.pop()
            assert popped is by_the_rule(waiting)[0]
            waiting = [trial for trial in waiting if trial is not popped]
        assert list(line) == by_the_rule(waiting)
        assert len(line) == len(waiting)
        assert bool(line) == bool(waiting)


@given(st.lists(RUNGS, min_size=1), st.data())
def test_take_gets_the_first_of_a_rung_out_of_turn_and_leaves_the_order_of_the_others(rungs, data):
    line = WaitingLine()
    trials = trials_on(rungs)
    line.push(*trials)
    round, level = data.draw(st.sampled_from(rungs))
    first = next(t for t in trials if (t.round, t["max_epochs"]) == (round, level))
    assert line.take((round, level)) is first
    assert [t.trial_id for t in line] == [
        t.trial_id for t in by_the_rule(trials) if t is not first
    ]


def test_an_empty_line_has_no_next_trial_and_no_rung_to_take_from():
    with pytest.raises(IndexError):
        WaitingLine().pop()
    with pytest.raises(IndexError):
        WaitingLine().take((0, 1))
    assert list(WaitingLine()) == []
