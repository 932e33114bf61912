"""The rules a scheduler keeps: which evaluation a free worker gets, whatever happens when.

The first half compares with reference.py for any bracket, any errors, any number of workers and
any order in which evaluations end. The second half shows each rule by one example.
"""

import copy
import inspect
import itertools
import math
import pickle
import re
import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from show_source import source_without_docstring

from sh_teach.schedulers import BasicScheduler, Bracket, HPOScheduler, Trial
from sh_teach.schedulers.asha import ASHAScheduler
from sh_teach.schedulers.halving import SuccessiveHalvingScheduler
from sh_teach.schedulers.hyperband import HyperbandScheduler
from sh_teach.schedulers.searchers import HPOSearcher, RandomSearcher

NAN, INF = math.nan, math.inf


class Counting(HPOSearcher):
    """Proposes {"x": 0}, {"x": 1}, ...; keeps what it returned and what it was told."""

    def __init__(self):
        self.proposed = []
        self.told = []

    def sample_configuration(self):
        self.proposed.append({"x": len(self.proposed)})
        return self.proposed[-1]

    def update(self, config, error, additional_info=None):
        self.told.append((dict(config), error, additional_info))
        # The dict is the searcher's own: what it does with it must not matter.
        config.clear()


def halving(eta=2, r_min=1, r_max=4, searcher=None, **options):
    searcher = Counting() if searcher is None else searcher
    return SuccessiveHalvingScheduler(searcher, eta, r_min, r_max, **options)


def take(scheduler, count):
    return [scheduler.suggest() for _ in range(count)]


def ids(trials):
    return [trial.trial_id for trial in trials]


def state(scheduler):
    """All that can be seen of a scheduler, as a value that later events leave alone."""
    observed = scheduler.all_observed_error_at_rungs.items()
    return copy.deepcopy(
        (
            scheduler.pending,
            [(trial, trial.trial_id, trial.round) for trial in scheduler.queue],
            {level: [(dict(c), repr(error)) for c, error in rung] for level, rung in observed},
            scheduler.promoted,
            scheduler.searcher.told,
            scheduler.searcher.proposed,
        )
    )


# --- any bracket, any errors, any order of events ------------------------------------------


@dataclass
class Game:
    """A scheduler's arguments, the error of every evaluation, and the order of events."""

    eta: int
    r_min: int
    r_max: int
    prefact: float
    workers: int
    rounds: int
    errors: list
    moves: list
    eagerness: int
    hyperband: bool

    @property
    def levels(self):
        return reference.rung_levels(self.r_min, self.r_max, self.eta)

    @property
    def brackets(self):
        """The size of the first rung and the levels of each round of a cycle."""
        if self.hyperband:
            return reference.hyperband_brackets(self.levels, self.eta)
        return [(int(self.prefact * self.eta ** (len(self.levels) - 1)), self.levels)]

    def n(self, round):
        return self.brackets[round % len(self.brackets)][0]

    def levels_of(self, round):
        return self.brackets[round % len(self.brackets)][1]

    def first(self, round):
        """Return the first trial of a round, and of all of them so many come before it."""
        return sum(map(self.n, range(round)))

    def trials(self, round):
        return range(self.first(round), self.first(round + 1))

    def first_of_a_new_round(self, round):
        return round, self.levels_of(round)[0], self.first(round)

    def error(self, trial, level):
        return self.errors[(5 * trial + 3 * level) % len(self.errors)]

    def scheduler(self, **options):
        if self.hyperband:
            return HyperbandScheduler(Counting(), self.eta, self.r_min, self.r_max, **options)
        return halving(self.eta, self.r_min, self.r_max, prefact=self.prefact, **options)


@st.composite
def games(draw, max_rounds=3):
    eta = draw(st.integers(2, 4))
    r_min = draw(st.integers(1, 3))
    r_max = draw(st.integers(r_min, {2: 10, 3: 10, 4: 6}[eta] * r_min))
    K = len(reference.rung_levels(r_min, r_max, eta)) - 1
    prefact = draw(st.sampled_from([p for p in (1, 0.5, 1.5, 2, 1 / 3) if int(p * eta**K)]))
    return Game(
        eta,
        r_min,
        r_max,
        prefact,
        workers=draw(st.integers(1, 6) | st.sampled_from([20, 1000])),
        rounds=draw(st.integers(1, max_rounds)),
        # Few values, so that ties are common. A failed evaluation is reported as inf.
        errors=draw(st.lists(st.sampled_from([0.1, 0.2, 0.3, NAN, INF, -INF]), min_size=1)),
        moves=draw(st.lists(st.integers(0, 1000), min_size=1, max_size=100)),
        # Of ten moves, in how many a free worker asks first: with few, much is waiting.
        eagerness=draw(st.sampled_from([1, 5, 9])),
        hyperband=draw(st.booleans()),
    )


@dataclass
class Moment:
    """A worker asked and got `trial` or None, or, with an `error`, `trial` was reported."""

    trial: Trial | None
    error: float | None
    pending: list
    results: dict
    started: set
    begun: int


def play(scheduler, game):
    """Yield what happens until the rounds are done, each with what was so just before.

    The moves say whether a free worker asks first or an evaluation ends, and which one.
    """
    pending, results, started, begun = [], {}, set(), 0
    moves = itertools.cycle(game.moves)
    refused = False
    while True:
        now = (list(pending), dict(results), set(started), begun)
        free = len(pending) < game.workers and not refused
        asks = free and (scheduler.queue or begun < game.rounds)
        if not asks and not pending:
            return
        move = next(moves)
        if asks and (not pending or move % 10 < game.eagerness):
            trial = scheduler.suggest()
            if trial is None:
                refused = True
            else:
                pending.append(trial)
                started.add((trial.trial_id, trial["max_epochs"]))
                begun = max(begun, trial.round + 1)
            yield Moment(trial, None, *now)
        else:
            trial = pending.pop(move // 10 % len(pending))
            refused = False
            evaluation = trial.trial_id, trial["max_epochs"]
            results[evaluation] = game.error(*evaluation)
            # n + n / 2 + n / 4 + ... in each round
            assert len(results) < 2 * game.first(game.rounds), "the rounds do not end"
            scheduler.update(trial, results[evaluation])
            yield Moment(trial, results[evaluation], *now)


def waiting(game, moment, when_certain=False):
    rounds = [game.trials(round) for round in range(moment.begun)]
    return reference.waiting(
        rounds,
        [game.levels_of(round) for round in range(moment.begun)],
        game.eta,
        moment.results,
        moment.started,
        when_certain,
    )


def place(trial):
    return trial.round, trial["max_epochs"], trial.trial_id


options = st.fixed_dictionaries({"overlap_rounds": st.booleans()})
options_of_both = st.fixed_dictionaries(
    {"overlap_rounds": st.booleans(), "promote_when_certain": st.booleans()}
)


@given(game=games(), options=options_of_both)
def test_the_trials_on_each_rung_of_each_round_are_those_of_the_definition(game, options):
    rungs = defaultdict(set)
    for moment in play(game.scheduler(**options), game):
        if moment.error is not None:
            round, level, trial = place(moment.trial)
            assert trial not in rungs[round, level]
            rungs[round, level].add(trial)
    for round in range(game.rounds):
        levels = game.levels_of(round)
        expected = reference.one_round(game.trials(round), levels, game.eta, game.error)
        for level in levels:
            assert rungs[round, level] == set(expected[level])


@given(game=games(), options=options)
@settings(max_examples=300)
def test_a_free_worker_gets_what_is_due_by_the_definition(game, options):
    for moment in play(game.scheduler(**options), game):
        if moment.error is None and moment.trial is not None:
            due = [*waiting(game, moment), game.first_of_a_new_round(moment.begun)]
            assert place(moment.trial) == due[0]


@given(game=games())
@settings(max_examples=300)
def test_with_early_promotions_too_the_oldest_round_and_in_it_the_highest_rung_come_first(game):
    for moment in play(game.scheduler(promote_when_certain=True), game):
        if moment.error is None:
            due = waiting(game, moment, when_certain=True)
            round, level, trial = place(moment.trial)
            if due:
                assert (round, level) == due[0][:2]
                assert (round, level, trial) in due
            else:
                assert (round, level, trial) == game.first_of_a_new_round(moment.begun)


@given(game=games(), options=options_of_both)
def test_a_trial_keeps_its_configuration_and_its_round(game, options):
    for moment in play(game.scheduler(**options), game):
        if moment.trial is not None:
            trial = moment.trial.trial_id
            assert moment.trial == {"x": trial, "max_epochs": moment.trial["max_epochs"]}
            assert trial in game.trials(moment.trial.round)


@given(game=games(), certain=st.booleans())
def test_without_overlap_a_worker_waits_exactly_while_nothing_is_due_and_something_runs(
    game, certain
):
    scheduler = game.scheduler(overlap_rounds=False, promote_when_certain=certain)
    for moment in play(scheduler, game):
        if moment.error is None:
            waits = bool(moment.pending) and not waiting(game, moment, certain)
            assert (moment.trial is None) == waits


@given(game=games(), certain=st.booleans())
def test_without_overlap_no_two_rounds_run_at_once(game, certain):
    scheduler = game.scheduler(overlap_rounds=False, promote_when_certain=certain)
    for moment in play(scheduler, game):
        if moment.error is None and moment.trial is not None:
            assert {trial.round for trial in moment.pending} <= {moment.trial.round}


@given(game=games(), certain=st.booleans())
def test_with_overlap_a_worker_never_waits(game, certain):
    for moment in play(game.scheduler(promote_when_certain=certain), game):
        assert moment.trial is not None


@given(game=games())
def test_certain_promotions_are_the_best_m_less_the_missing_ones_at_every_moment(game):
    scheduler = game.scheduler(promote_when_certain=True)
    results = {}
    for moment in play(scheduler, game):
        if moment.error is not None:
            results[moment.trial.trial_id, moment.trial["max_epochs"]] = moment.error
            expected = set()
            for round in range(moment.begun):
                levels = game.levels_of(round)
                rungs = reference.survivors_so_far(
                    game.trials(round), levels, game.eta, results, when_certain=True
                )
                for below, level in itertools.pairwise(levels):
                    expected |= {(trial, below) for trial in rungs[level]}
            assert scheduler.promoted == expected


@given(game=games(max_rounds=1))
def test_promotions_when_certain_are_the_same_and_never_later(game):
    early, usual = game.scheduler(promote_when_certain=True), game.scheduler()
    for level in game.levels:
        # Both start the whole rung, and get its results in the same order.
        running = [t for t in reference_order(early) if t["max_epochs"] == level]
        others = {t.trial_id: t for t in reference_order(usual)}
        moves = itertools.cycle(game.moves)
        while running:
            trial = running.pop(next(moves) % len(running))
            error = game.error(trial.trial_id, level)
            early.update(trial, error)
            usual.update(others[trial.trial_id], error)
            assert usual.promoted <= early.promoted
        assert usual.promoted == early.promoted


def reference_order(scheduler):
    """Take what waits, the first round too if none has begun, in the order of the trials."""
    trials = [] if scheduler.promoted or scheduler.pending else [scheduler.suggest()]
    trials += take(scheduler, len(scheduler.queue))
    return sorted(trials, key=lambda trial: trial.trial_id)


@given(game=games(), options=options_of_both, at=st.integers(0, 100))
def test_the_queue_is_what_free_workers_then_get(game, options, at):
    scheduler = game.scheduler(**options)
    for _ in itertools.islice(play(scheduler, game), at):
        pass
    queue = scheduler.queue
    suggested = take(scheduler, len(queue))
    assert suggested == queue
    assert [place(trial) for trial in suggested] == [place(trial) for trial in queue]
    assert scheduler.queue == []


@given(game=games(), options=options_of_both)
def test_the_searcher_learns_every_result_once_and_nothing_of_its_own_is_modified(game, options):
    scheduler = game.scheduler(**options)
    expected = []
    for moment in play(scheduler, game):
        if moment.error is not None:
            expected.append((dict(moment.trial), repr(moment.error), None))
    told = scheduler.searcher.told
    assert [(config, repr(error), info) for config, error, info in told] == expected
    assert scheduler.searcher.proposed == [{"x": i} for i in range(game.first(game.rounds))]


@given(game=games(), options=options_of_both)
def test_what_was_observed_is_kept_at_its_level_in_the_order_of_arrival(game, options):
    scheduler = game.scheduler(**options)
    expected = defaultdict(list)
    for moment in play(scheduler, game):
        if moment.error is not None:
            expected[moment.trial["max_epochs"]].append((moment.trial, repr(moment.error)))
    observed = scheduler.all_observed_error_at_rungs.items()
    assert {
        level: [(trial, repr(error)) for trial, error in rung] for level, rung in observed
    } == expected


@given(game=games(), at=st.integers(0, 100), m=st.integers(0, 100))
def test_the_best_of_a_level_are_those_of_the_definition_over_all_rounds_or_in_one(game, at, m):
    scheduler = game.scheduler()
    for _ in itertools.islice(play(scheduler, game), at):
        pass
    for level in game.levels:

        def error(trial, level=level):
            return game.error(trial, level)

        everything = ids(t for t, _ in scheduler.all_observed_error_at_rungs.get(level, []))
        best = scheduler.get_top_n_configurations(level, m)
        assert ids(best) == reference.best(everything, m, error)
        for round in range(game.rounds):
            trials = [trial for trial in everything if trial in game.trials(round)]
            best = scheduler.get_top_n_configurations(level, m, round)
            assert ids(best) == reference.best(trials, m, error)


# --- each rule by an example ---------------------------------------------------------------


def test_the_bracket_of_the_book_has_the_levels_of_the_book():
    scheduler = halving(eta=2, r_min=2, r_max=10)
    assert scheduler.K == 3
    assert scheduler.rung_levels == [2, 4, 8, 10]


def test_the_initial_configuration_is_the_first_evaluated():
    initial = {"x": 7}
    scheduler = halving(searcher=RandomSearcher({"x": [1, 2, 3]}, initial, seed=0))
    assert scheduler.suggest() == {"x": 7, "max_epochs": 1}
    assert initial == {"x": 7}


def test_the_initial_configuration_is_the_first_evaluated_by_random_search():
    scheduler = BasicScheduler(RandomSearcher({"x": [1, 2, 3]}, {"x": 7}, seed=0))
    assert scheduler.suggest() == {"x": 7}


def test_new_trials_start_in_the_order_in_which_the_searcher_proposed_them():
    assert [trial["x"] for trial in take(halving(), 4)] == [0, 1, 2, 3]


def test_survivors_start_best_first():
    scheduler = halving(r_max=8)
    for trial, error in zip(take(scheduler, 8), [5, 3, 8, 1, 7, 4, 2, 6], strict=True):
        scheduler.update(trial, error)
    assert ids(take(scheduler, 4)) == [3, 6, 1, 5]


def test_equal_errors_keep_the_order_of_the_trials_whatever_order_they_ended_in():
    scheduler = halving(r_max=8)
    for trial in reversed(take(scheduler, 8)):
        scheduler.update(trial, 0.5)
    assert ids(take(scheduler, 4)) == [0, 1, 2, 3]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_nan_and_inf_rank_last_as_equals_whatever_order_they_arrived_in(order):
    scheduler = halving(r_max=4)
    trials, errors = take(scheduler, 4), [NAN, 0.9, INF, 0.8]
    for i in order:
        scheduler.update(trials[i], errors[i])
    assert ids(scheduler.get_top_n_configurations(1, 4)) == [3, 1, 0, 2]
    assert ids(take(scheduler, 2)) == [3, 1]


def test_a_rung_of_nothing_but_failures_still_promotes():
    scheduler = halving(r_max=4)
    for trial in take(scheduler, 4):
        scheduler.update(trial, INF)
    assert ids(take(scheduler, 2)) == [0, 1]


def test_a_result_counts_in_the_round_its_trial_came_from():
    scheduler = halving(r_max=2)
    first, second = take(scheduler, 2), take(scheduler, 2)
    assert {trial.round for trial in first} == {0}
    assert {trial.round for trial in second} == {1}
    # Two results of the same level, but of two rounds: no rung is full.
    scheduler.update(first[0], 0.3)
    scheduler.update(second[0], 0.1)
    assert scheduler.queue == []
    # The worst result of all wins in its own round.
    scheduler.update(first[1], 0.2)
    assert ids(scheduler.queue) == [1]


def test_work_of_an_older_round_starts_before_work_of_a_newer_one():
    scheduler = halving(r_max=2)
    first = take(scheduler, 2)
    take(scheduler, 1)
    for trial in first:
        scheduler.update(trial, 0.5)
    assert [place(trial) for trial in take(scheduler, 2)] == [(0, 2, 0), (1, 1, 3)]


def test_a_newer_round_that_is_ahead_still_comes_second():
    scheduler = halving(r_max=2)
    first, second = take(scheduler, 2), take(scheduler, 2)
    for trial in second + first:
        scheduler.update(trial, 0.5)
    assert [place(trial) for trial in take(scheduler, 2)] == [(0, 2, 0), (1, 2, 2)]


def test_within_a_round_a_promotion_starts_before_what_waits_on_the_first_rung():
    # Three of four survive, with two results in one of them is certain.
    scheduler = halving(eta=2, r_max=2, prefact=4, promote_when_certain=True)
    for trial, error in zip(take(scheduler, 5), [5, 4, 3, 2, 1], strict=True):
        scheduler.update(trial, error)
    assert [place(trial) for trial in scheduler.queue] == [
        (0, 2, 4),
        (0, 1, 5),
        (0, 1, 6),
        (0, 1, 7),
    ]


def test_a_worker_that_asks_while_the_rung_is_not_full_starts_the_next_round():
    scheduler = halving(r_max=4)
    for trial in take(scheduler, 4)[:3]:
        scheduler.update(trial, 0.5)
    assert place(scheduler.suggest()) == (1, 1, 4)


def test_without_overlap_that_worker_waits_and_the_round_continues_when_the_rung_is_full():
    scheduler = halving(r_max=4, overlap_rounds=False)
    trials = take(scheduler, 4)
    for trial in trials[:3]:
        scheduler.update(trial, 0.5)
        assert scheduler.suggest() is None
    scheduler.update(trials[3], 0.1)
    assert place(scheduler.suggest()) == (0, 2, 3)


def test_nothing_is_promoted_before_the_rung_is_full():
    scheduler = halving(r_max=8)
    trials = take(scheduler, 8)
    for trial in trials[:7]:
        scheduler.update(trial, 0.5)
        assert (scheduler.queue, scheduler.promoted) == ([], set())
    scheduler.update(trials[7], 0.5)
    assert scheduler.promoted == {(0, 1), (1, 1), (2, 1), (3, 1)}


def test_when_certain_the_first_is_promoted_once_fewer_results_are_missing_than_survive():
    scheduler = halving(r_max=8, promote_when_certain=True)
    promoted = []
    for trial in take(scheduler, 8):
        scheduler.update(trial, -trial.trial_id)
        promoted.append(len(scheduler.promoted))
    assert promoted == [0, 0, 0, 0, 1, 2, 3, 4]


def test_an_early_promotion_is_not_repeated_when_the_rung_is_full():
    scheduler = halving(r_max=8, promote_when_certain=True)
    for trial in take(scheduler, 8):
        scheduler.update(trial, trial.trial_id)
    assert sorted(ids(scheduler.queue)) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("prefact", "sizes"),
    [(0.5, [4, 2, 1]), (1, [8, 4, 2, 1]), (1.5, [12, 6, 3, 1]), (2, [16, 8, 4, 2])],
)
def test_prefact_scales_the_number_of_trials_of_a_round(prefact, sizes):
    scheduler = halving(r_max=8, prefact=prefact)
    levels = []
    while (trial := scheduler.suggest()).round == 0:
        levels.append(trial["max_epochs"])
        scheduler.update(trial, 0.5)
    assert list(Counter(levels).values()) == sizes


def test_a_numpy_number_will_do_for_prefact():
    assert halving(prefact=np.float32(1.5)).bracket == Bracket(1, 4, 2, 6)


# --- what comes back -----------------------------------------------------------------------


def test_a_second_update_is_refused_and_changes_nothing():
    scheduler = halving()
    trial = scheduler.suggest()
    scheduler.update(trial, 0.5)
    before = state(scheduler)
    with pytest.raises(ValueError, match=r"^config=.*'x': 0.*reported before"):
        scheduler.update(trial, 0.5)
    assert state(scheduler) == before


def test_the_result_of_a_lower_rung_is_refused_while_the_trial_runs_on_a_higher_one():
    scheduler = halving(r_max=2)
    trials = take(scheduler, 2)
    for trial in trials:
        scheduler.update(trial, trial.trial_id)
    survivor = scheduler.suggest()
    assert survivor.trial_id == 0
    before = state(scheduler)
    with pytest.raises(ValueError, match=r"^config="):
        scheduler.update(trials[0], 0.5)
    assert state(scheduler) == before


@pytest.mark.parametrize(
    "foreign",
    [
        {"x": 0, "max_epochs": 1},
        Trial({"x": 0, "max_epochs": 1}, trial_id=1, round=0),
        Trial({"x": 1, "max_epochs": 1}, trial_id=0, round=0),
        Trial({"x": 0, "max_epochs": 2}, trial_id=0, round=0),
        Trial({"x": 2, "max_epochs": 1}, trial_id=2, round=0),
        {},
        None,
        0,
    ],
    ids=["equal dict", "other id", "other x", "other level", "still queued", "{}", "None", "0"],
)
def test_what_this_scheduler_did_not_suggest_is_refused_and_changes_nothing(foreign):
    scheduler = halving()
    take(scheduler, 1)
    before = state(scheduler)
    with pytest.raises(ValueError, match=r"^config="):
        scheduler.update(foreign, 0.5)
    assert state(scheduler) == before


@pytest.mark.parametrize("make", [halving, lambda: BasicScheduler(Counting())])
def test_an_equal_looking_suggestion_of_another_scheduler_is_refused(make):
    scheduler, other = make(), make()
    theirs = other.suggest()
    with pytest.raises(ValueError, match=r"^config="):
        scheduler.update(theirs, 0.5)
    assert scheduler.searcher.told == []


@pytest.mark.parametrize("error", [None, "0.5", b"1", True, [0.5], 1j, object(), 10**400])
def test_an_error_that_is_no_number_is_refused_and_the_suggestion_can_still_be_reported(error):
    scheduler = halving()
    trial = scheduler.suggest()
    before = state(scheduler)
    with pytest.raises(TypeError, match=r"^error="):
        scheduler.update(trial, error)
    assert state(scheduler) == before
    scheduler.update(trial, 0.5)
    assert scheduler.all_observed_error_at_rungs == {1: [(trial, 0.5)]}


@pytest.mark.parametrize("error", [1, np.float32(0.5), np.int64(2), np.array(0.25)])
def test_any_number_will_do_for_an_error_and_is_kept_as_a_float(error):
    scheduler = halving()
    scheduler.update(scheduler.suggest(), error)
    [(_, kept)] = scheduler.all_observed_error_at_rungs[1]
    assert type(kept) is float
    assert kept == error


@pytest.mark.parametrize(
    "change",
    [lambda t: t.pop("max_epochs"), lambda t: t.update(max_epochs=3), lambda t: t.update(y=1)],
    ids=["level taken out", "other level", "key added"],
)
def test_a_suggestion_that_was_changed_is_refused_and_harms_nothing(change):
    scheduler = halving()
    trial = scheduler.suggest()
    before = state(scheduler)
    original = Trial(trial, trial.trial_id, trial.round)
    change(trial)
    with pytest.raises(ValueError, match=r"^config="):
        scheduler.update(trial, 0.5)
    assert state(scheduler) == before
    scheduler.update(original, 0.5)
    assert scheduler.all_observed_error_at_rungs == {1: [({"x": 0, "max_epochs": 1}, 0.5)]}


def test_changing_a_suggestion_after_its_report_does_not_reach_its_promotion():
    scheduler = halving(r_max=2)
    for trial in take(scheduler, 2):
        scheduler.update(trial, 0.5)
        trial.clear()
    assert scheduler.suggest() == {"x": 0, "max_epochs": 2}


def test_a_suggestion_may_come_back_as_a_copy_from_another_process():
    scheduler = halving()
    scheduler.update(pickle.loads(pickle.dumps(scheduler.suggest())), 0.5)
    assert scheduler.pending == {}


def test_a_searcher_that_fails_while_it_learns_leaves_the_suggestion_to_be_reported_again():
    class FailsOnce(Counting):
        def update(self, config, error, additional_info=None):
            super().update(config, error, additional_info)
            if len(self.told) == 1:
                raise RuntimeError("out of order")

    scheduler = halving(searcher=FailsOnce())
    trial = scheduler.suggest()
    with pytest.raises(RuntimeError, match="out of order"):
        scheduler.update(trial, 0.5)
    scheduler.update(trial, 0.5)
    assert scheduler.all_observed_error_at_rungs == {1: [(trial, 0.5)]}


def test_a_searcher_that_fails_while_a_round_starts_leaves_no_half_round_behind():
    class FailsOnce(Counting):
        failed = False

        def sample_configuration(self):
            if len(self.proposed) == 2 and not self.failed:
                self.failed = True
                raise RuntimeError("out of order")
            return super().sample_configuration()

    scheduler = halving(r_max=4, searcher=FailsOnce())
    with pytest.raises(RuntimeError, match="out of order"):
        scheduler.suggest()
    assert scheduler.queue == []
    trials = take(scheduler, 4)
    assert {trial.round for trial in trials} == {0}
    for trial in trials:
        scheduler.update(trial, 0.5)
    assert [trial["max_epochs"] for trial in scheduler.queue] == [2, 2]


def test_the_searcher_learns_the_resource_the_error_and_what_else_is_known():
    scheduler = halving(r_min=3, r_max=6)
    scheduler.update(scheduler.suggest(), 0.5, {"seconds": 9})
    assert scheduler.searcher.told == [({"x": 0, "max_epochs": 3}, 0.5, {"seconds": 9})]


def test_unknown_levels_have_no_best_configurations():
    assert halving().get_top_n_configurations(3, 5) == []


# --- arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        (dict(prefact=0), ValueError, "prefact=0"),
        (dict(prefact=-1), ValueError, "prefact=-1"),
        (dict(prefact=NAN), ValueError, "prefact=nan"),
        (dict(prefact=INF), ValueError, "prefact=inf"),
        (dict(prefact=0.2), ValueError, r"prefact=0\.2.*no trial"),
        (dict(prefact="1"), TypeError, "prefact='1'"),
        (dict(prefact=None), TypeError, "prefact=None"),
        (dict(eta=1), ValueError, "eta=1"),
        (dict(eta=1.5), TypeError, r"eta=1\.5"),
        (dict(r_min=0), ValueError, "r_min=0"),
        (dict(r_min=5), ValueError, "r_max=4.*r_min=5"),
        (dict(r_max="4"), TypeError, "r_max='4'"),
    ],
)
def test_a_bad_argument_is_named_with_its_value(arguments, error, named):
    with pytest.raises(error, match=rf"^{named}"):
        halving(**arguments)


@pytest.mark.parametrize("incomplete", [HPOScheduler, type("Half", (HPOScheduler,), {})])
def test_a_scheduler_must_say_how_it_suggests_and_updates(incomplete):
    with pytest.raises(TypeError, match="suggest"):
        incomplete(Counting())


# --- large rounds --------------------------------------------------------------------------


def warned(scheduler, *plan, **options):
    """Return the warnings of a constructor, which must point to this file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scheduler(Counting(), *plan, **options)
    assert {Path(warning.filename).name for warning in caught} <= {Path(__file__).name}
    return [str(warning.message) for warning in caught]


class OfAStudent(HyperbandScheduler):
    """A subclass with a constructor of its own."""

    def __init__(self, *arguments):
        super().__init__(*arguments)


@pytest.mark.parametrize(
    ("scheduler", "change"),
    [
        (SuccessiveHalvingScheduler, "a smaller prefact, or a larger r_min or eta"),
        (HyperbandScheduler, "a larger r_min or eta"),
    ],
)
def test_a_large_round_is_announced_once_by_the_constructor_with_what_to_change(scheduler, change):
    (said,) = warned(scheduler, 2, 1, 10**6)
    assert said.startswith("r_max=1000000: a round has 1,048,576 trials, 2,097,151 evaluations")
    assert said.endswith(f" epochs. For fewer, choose {change}")


def test_the_warning_points_to_the_line_that_makes_the_scheduler_also_of_a_subclass():
    for scheduler in (SuccessiveHalvingScheduler, HyperbandScheduler, OfAStudent):
        line = inspect.currentframe().f_lineno + 2
        with pytest.warns(UserWarning, match="trials") as caught:
            scheduler(Counting(), 2, 1, 10**6)
        assert [(w.filename, w.lineno) for w in caught] == [(__file__, line)]


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (dict(eta=2, r_min=1, r_max=8192), 0),
        (dict(eta=2, r_min=1, r_max=16384), 1),
        (dict(eta=2, r_min=1, r_max=16384, prefact=0.5), 0),
        (dict(eta=2, r_min=1, r_max=16, prefact=1000), 1),
        (dict(eta=10, r_min=1, r_max=10**4), 0),
        (dict(eta=10, r_min=1, r_max=10**30), 1),
        (dict(eta=2, r_min=10**5, r_max=10**6), 0),
    ],
    ids=str,
)
def test_only_rounds_of_more_than_10000_trials_are_announced(arguments, count):
    assert len(warned(SuccessiveHalvingScheduler, **arguments)) == count


def test_asha_has_no_rounds_to_announce():
    assert warned(ASHAScheduler, 2, 1, 10**6) == []


def test_nothing_is_drawn_before_a_trial_is_asked_for():
    searcher = Counting()
    with pytest.warns(UserWarning, match="trials"):
        scheduler = halving(r_max=10**12, searcher=searcher)
    assert (searcher.proposed, scheduler.queue) == ([], [])


# --- random search -------------------------------------------------------------------------


def test_random_search_suggests_each_configuration_once():
    scheduler = BasicScheduler(Counting())
    trials = []
    for workers in (3, 1, 2):
        trials += take(scheduler, workers)
        scheduler.update(trials[len(trials) // 2], 0.5)
    assert trials == [{"x": i} for i in range(6)]
    assert ids(trials) == [0, 1, 2, 3, 4, 5]
    assert {trial.round for trial in trials} == {0}


def test_random_search_tells_the_searcher_and_refuses_a_second_report():
    scheduler = BasicScheduler(Counting())
    trial = scheduler.suggest()
    scheduler.update(trial, 0.5, "info")
    with pytest.raises(ValueError, match=r"^config="):
        scheduler.update(trial, 0.5)
    assert scheduler.searcher.told == [({"x": 0}, 0.5, "info")]


# --- trials --------------------------------------------------------------------------------


def test_a_trial_is_the_keyword_arguments_of_its_evaluation():
    assert dict(**Trial({"x": 1, "max_epochs": 2}, trial_id=3, round=4)) == {
        "x": 1,
        "max_epochs": 2,
    }


def test_a_trial_does_not_share_the_dict_it_was_made_of():
    config = {"x": 1}
    trial = Trial(config, trial_id=0, round=0)
    trial["x"] = 2
    assert config == {"x": 1}


def test_a_promoted_trial_is_the_same_with_more_epochs():
    trial = Trial({"x": 1, "max_epochs": 2}, trial_id=3, round=4)
    promoted = trial.promoted(8)
    assert (promoted, promoted.trial_id, promoted.round) == ({"x": 1, "max_epochs": 8}, 3, 4)
    assert trial == {"x": 1, "max_epochs": 2}


@pytest.mark.parametrize(
    "send", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
)
def test_a_trial_is_still_one_after_copying_and_pickling(send):
    trial = send(Trial({"x": 1}, trial_id=3, round=4))
    assert type(trial) is Trial
    assert (trial, trial.trial_id, trial.round) == ({"x": 1}, 3, 4)


# --- for authors of schedulers -------------------------------------------------------------


class OneAtATime(HPOScheduler):
    """Trains each configuration for one epoch, then for another."""

    def suggest(self):
        return self.start(self.new_trial(round=7, max_epochs=1))

    def update(self, config, error, info=None):
        self.latest = self.finish(config, error, info)


def test_new_trial_counts_and_keeps_round_and_resource():
    scheduler = OneAtATime(Counting())
    first, second = take(scheduler, 2)
    assert (first, first.trial_id, first.round) == ({"x": 0, "max_epochs": 1}, 0, 7)
    assert (second, second.trial_id, second.round) == ({"x": 1, "max_epochs": 1}, 1, 7)
    assert scheduler.trials == 2


def test_a_started_trial_is_pending_until_it_is_finished_and_the_copy_is_the_callers():
    scheduler = OneAtATime(Counting())
    suggestion = scheduler.suggest()
    assert scheduler.pending == {0: suggestion}
    assert scheduler.pending[0] is not suggestion
    scheduler.update(suggestion, np.float32(0.5), info="seen")
    assert scheduler.latest == ({"x": 0, "max_epochs": 1}, 0.5)
    assert scheduler.pending == {}
    assert scheduler.searcher.told == [({"x": 0, "max_epochs": 1}, 0.5, "seen")]


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda s: BasicScheduler(s), set()),
        (
            lambda s: SuccessiveHalvingScheduler(s, 2, 1, 8, 3, False, True),
            {"eta", "r_min", "r_max", "prefact", "overlap_rounds", "promote_when_certain"},
        ),
        (lambda s: ASHAScheduler(s, 2, 1, 8), {"eta", "r_min", "r_max"}),
        (
            lambda s: HyperbandScheduler(s, 2, 1, 8),
            {"eta", "r_min", "r_max", "overlap_rounds", "promote_when_certain"},
        ),
    ],
)
def test_the_settings_are_the_class_the_searcher_and_every_argument(make, names):
    scheduler = make(RandomSearcher({"x": [1, 2]}, {"x": 3}, seed=5))
    settings = scheduler.settings()
    assert settings.keys() == {"class", "searcher"} | names
    assert settings["class"] == type(scheduler).__name__
    assert settings["searcher"] == {
        "class": "RandomSearcher",
        "config_space": {"x": [1, 2]},
        "initial_config": {"x": 3},
        "seed": 5,
    }
    before = scheduler.settings()
    scheduler.update(scheduler.suggest(), 0.5)
    assert scheduler.settings() == before


def test_what_students_are_shown_of_the_algorithm_fits_on_a_slide():
    shown = (SuccessiveHalvingScheduler.suggest, SuccessiveHalvingScheduler.update)
    lines = [line for method in shown for line in source_without_docstring(method).splitlines()]
    assert len(lines) <= 25
    assert not re.search(r"\b_[a-z]", "\n".join(lines))  # nothing private
