"""What the checks find in schedulers with one mistake each, in brackets and in objectives."""

import contextlib
import json
import math
import random
from collections import defaultdict
from functools import partial
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

from sh_teach import (
    ASHAScheduler,
    Bracket,
    HyperbandScheduler,
    SuccessiveHalvingScheduler,
    check_bracket,
    check_objective,
    check_scheduler,
)
from sh_teach.classroom.student_code import MOST_LINES

RUNS = "it runs, whatever the bracket and the number of workers"
PLAN = "a round follows its plan: so many trials on each rung"
FIRST = "first in, first out, the initial configuration first"
SURVIVE = "the best of a rung survive"
BEST_FIRST = "survivors go out best first"
TIES = "ties keep their order"
NAN = "nan and inf rank last"
FILLS = "a failed evaluation fills its rung all the same"
ROUNDS = "rungs belong to a round"
OLDER = "older rounds go first"
WORK = "a worker gets work, or waits for a result"
DICTS = "nobody else's dict is changed"
ONCE = "a result is counted once"


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def check(make_scheduler):
    return check_scheduler(make_scheduler, timelines=False)


class Plain:
    """A correct scheduler as a reader of the book writes it: plain dicts, one sorted list.

    Each attribute, set to true in a subclass, is one mistake.
    """

    last_drawn_first = False
    worst_survive = False
    worst_first = False
    ties_reversed = False
    nan_not_last = False
    failures_vanish = False
    rounds_mix = False
    newer_first = False
    never_next_round = False
    changes_dicts = False
    logarithm = False

    def __init__(self, searcher, eta, r_min, r_max):
        self.searcher, self.eta = searcher, eta
        bracket = Bracket(r_min, r_max, eta)
        self.levels, self.sizes = bracket.levels, bracket.sizes
        if self.logarithm:
            K = int(math.log(r_max / r_min) / math.log(eta))
            self.levels = tuple(r_min * eta**k for k in range(K + 1))
            self.sizes = tuple(eta ** (K - k) for k in range(K + 1))
        self.waiting = []
        self.running = 0
        self.rounds = 0
        self.rungs = defaultdict(list)
        self.round_of = {}

    def suggest(self):
        if not self.waiting:
            if self.never_next_round and self.running:
                return None
            new = [self.searcher.sample_configuration() for _ in range(self.sizes[0])]
            for config in reversed(new) if self.last_drawn_first else new:
                self.round_of[config["draw"]] = self.rounds
                if self.changes_dicts:
                    config["max_epochs"] = self.levels[0]
                self.waiting.append({**config, "max_epochs": self.levels[0]})
            self.rounds += 1
        if not self.newer_first:
            self.waiting.sort(key=lambda c: (self.round_of[c["draw"]], -c["max_epochs"]))
        self.running += 1
        return self.waiting.pop(0)

    def update(self, config, error, info=None):
        self.running -= 1
        if self.failures_vanish and error == math.inf:
            return
        k, round = self.levels.index(config["max_epochs"]), self.round_of[config["draw"]]
        rung = self.rungs[k, None if self.rounds_mix else round]
        rung.append((error, config["draw"]))
        if k + 1 < len(self.levels) and len(rung) == self.sizes[k]:
            best = rung[::-1] if self.ties_reversed else rung
            best = sorted(best, key=self.rank)[: self.sizes[k + 1]]
            for _, draw in reversed(best) if self.worst_first else best:
                self.waiting.append({"draw": draw, "max_epochs": self.levels[k + 1]})
            rung.clear()

    def rank(self, result):
        error, _ = result
        if self.worst_survive:
            return -error
        return error if error < math.inf or self.nan_not_last else math.inf


def with_mistake(*names):
    return type("Mistaken", (Plain,), dict.fromkeys(names, True))


@pytest.mark.parametrize("overlap_rounds", [True, False])
@pytest.mark.parametrize("promote_when_certain", [True, False])
def test_our_scheduler_keeps_every_promise(overlap_rounds, promote_when_certain):
    options = dict(overlap_rounds=overlap_rounds, promote_when_certain=promote_when_certain)
    report = check(partial(SuccessiveHalvingScheduler, **options))
    assert len(report.of("held")) == len(report.results) == 13


def test_a_correct_scheduler_of_plain_dicts_keeps_all_that_can_be_told():
    report = check(Plain)
    assert report.of("failed") == []
    assert report.of("not attempted") == [ONCE]


def test_one_that_waits_for_its_rung_is_correct_too():
    assert check(with_mistake("never_next_round")).of("failed") == []


@pytest.mark.parametrize(
    ("mistake", "promise"),
    [
        ("last_drawn_first", FIRST),
        ("worst_survive", SURVIVE),
        ("worst_first", BEST_FIRST),
        ("ties_reversed", TIES),
        ("nan_not_last", NAN),
        ("failures_vanish", FILLS),
        ("rounds_mix", ROUNDS),
        ("newer_first", OLDER),
        ("changes_dicts", DICTS),
        ("logarithm", PLAN),
    ],
)
def test_each_mistake_breaks_its_own_promise_and_no_other(mistake, promise):
    report = check(with_mistake(mistake))
    assert report.of("failed") == [promise]


def test_several_mistakes_are_told_apart():
    report = check(with_mistake("last_drawn_first", "newer_first", "rounds_mix", "nan_not_last"))
    assert report.of("failed") == [FIRST, NAN, ROUNDS, OLDER]


def test_the_one_list_of_notebook_03_breaks_what_the_notebook_says():
    report = check(one_list())
    assert report.of("failed") == [FIRST, BEST_FIRST, NAN, ROUNDS, OLDER]


def one_list():
    """Return the class that notebook 03 defines, by running that cell."""
    path = Path(__file__).parents[2] / "notebooks" / "03_async_queue.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if cell["id"] == "one-list")
    from sh_teach import HPOScheduler

    names = {"HPOScheduler": HPOScheduler, "Bracket": Bracket, "defaultdict": defaultdict}
    exec(source, names)
    return names["OneList"]


def test_the_story_of_promotions_that_starve_is_told_in_time():
    report = check(with_mistake("newer_first"))
    first, *events, last = report.stories[OLDER].splitlines()
    assert first == "eta 2, from 1 to 2 epochs, 2 workers"
    assert events[0] == "t = 0: worker 0 is free and trains trial 0 of round 0 to 1 epoch."
    times = [float(event.split()[2].rstrip(":")) for event in events]
    assert times == sorted(times)
    assert "of round 1 goes out to 1 epoch, while trial" in last
    assert last.endswith("of round 0 waits to go on to 2.")


def test_the_counterexample_is_a_small_one():
    report = check(with_mistake("rounds_mix"))
    assert len(report.stories[ROUNDS].splitlines()) <= 10
    assert report.stories[ROUNDS].startswith("eta 2, from 1 to 2 epochs")


def test_the_timeline_of_a_counterexample_is_drawn_with_its_true_rounds(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    report = check_scheduler(with_mistake("newer_first"))
    table = report.tables[OLDER]
    assert {"trial_id", "round", "worker", "started", "ended"} <= set(table.columns)
    assert (table["round"] == table["trial_id"] // 2).all()
    assert OLDER in plt.gcf().axes[0].get_xlabel()


def test_the_report_is_printed_and_the_same_every_time(capsys):
    check(with_mistake("newer_first"))
    once = capsys.readouterr().out
    check(with_mistake("newer_first"))
    assert capsys.readouterr().out == once
    assert once.splitlines()[0] == f"held           {RUNS}"
    assert once.splitlines()[-1] == "11 held, 1 failed, 1 not attempted"
    assert "0x" not in once


class WithoutUpdate:
    def __init__(self, searcher, eta, r_min, r_max):
        self.searcher, self.r_min = searcher, r_min

    def suggest(self):
        return {**self.searcher.sample_configuration(), "max_epochs": self.r_min}


class Stub(WithoutUpdate):
    def suggest(self):
        raise NotImplementedError


class Nothing(WithoutUpdate):
    def suggest(self):
        return None


class Empty:
    def __init__(self, *arguments):
        pass


@pytest.mark.parametrize("stub", [Stub, Nothing, Empty, WithoutUpdate])
def test_what_is_not_written_yet_is_not_attempted(stub, capsys):
    report = check(stub)
    assert set(report.results.values()) == {"not attempted"}
    assert capsys.readouterr().out.startswith("not attempted\n")


class EndlessUpdate(Plain):
    def update(self, config, error, info=None):
        while True:
            with contextlib.suppress(Exception):
                error += 1


class EndlessRecursion(Plain):
    def suggest(self):
        return self.suggest()


class Raises(Plain):
    def update(self, config, error, info=None):
        return self.rungs[config["learning_rate"]]


class Nonsense(Plain):
    answer = None

    def suggest(self):
        super().suggest()
        return self.answer


def nonsense(answer):
    return type("Answers", (Nonsense,), {"answer": answer})


@pytest.mark.parametrize(
    ("scheduler", "said"),
    [
        (EndlessUpdate, "update() does not come to an end. It happened at the line: "),
        (EndlessRecursion, "suggest() raised RecursionError: "),
        (
            Raises,
            "update() raised KeyError: 'learning_rate'. "
            'It happened at the line: return self.rungs[config["learning_rate"]]',
        ),
        (nonsense(7), "suggest() returned 7. It must return a dict"),
        (nonsense({"draw": 0}), "suggest() returned {'draw': 0}. It must return a dict"),
        (nonsense({"draw": 0, "max_epochs": 3}), "The rung levels are 1, 2."),
        (nonsense({"draw": 99, "max_epochs": 1}), "which the searcher never proposed"),
        (partial(Plain, 1), "the constructor raised TypeError"),
    ],
)
def test_code_that_fails_ends_in_one_helpful_line(scheduler, said):
    report = check(scheduler)
    assert report.results[RUNS] == "failed"
    assert said in report.stories[RUNS].splitlines()[-1]
    assert SURVIVE not in report.of("held")


def test_a_scheduler_that_cannot_stand_ties_breaks_only_that_promise():
    class Compares(Plain):
        def rank(self, result):
            error, draw = result
            return error, {"draw": draw}  # equal errors compare dicts, which raises TypeError

    class GuardsNan(Compares):
        def update(self, config, error, info=None):
            super().update(config, error + 1e-9 * config["draw"] if error > 0.9 else error)

    report = check(GuardsNan)
    assert TIES in report.of("failed")
    assert "TypeError" in report.stories[TIES]
    assert report.results[RUNS] == report.results[SURVIVE] == "held"


def test_a_result_that_counts_twice_is_noticed():
    class Twice(SuccessiveHalvingScheduler):
        def update(self, config, error, info=None):
            if config.trial_id in self.pending:
                super().update(config, error, info)

    assert check(Twice).of("failed") == [ONCE]


def test_the_debugger_of_the_caller_stays_as_it_was():
    import sys

    def trace(*_):
        return None

    usual = sys.gettrace()
    sys.settrace(trace)
    try:
        check(Plain)
        assert sys.gettrace() is trace
    finally:
        sys.settrace(usual)


def test_long_but_finite_work_is_no_endless_loop():
    class Slow(Plain):
        def suggest(self):
            for _ in range(MOST_LINES // 4):
                pass
            return super().suggest()

    from sh_teach.classroom.experiment import Experiment, History

    assert History(Slow, Experiment(2, 1, 2)).stopped is None


@pytest.mark.parametrize("algorithm", [ASHAScheduler, HyperbandScheduler])
def test_other_algorithms_get_a_sensible_report(algorithm):
    report = check(algorithm)
    assert report.results[PLAN] == "failed"  # their rounds are others
    assert report.results[FIRST] == report.results[ONCE] == report.results[DICTS] == "held"


# --- brackets --------------------------------------------------------------------------------


def test_our_bracket_is_right_as_an_object_and_as_a_pair():
    assert check_bracket(Bracket).of("failed") == []

    def pair(r_min, r_max, eta):
        return list(Bracket(r_min, r_max, eta).levels), list(Bracket(r_min, r_max, eta).sizes)

    assert check_bracket(pair).of("held") == ["the rung levels", "the rung sizes"]


def test_a_logarithm_loses_a_rung_at_243():
    def by_logarithm(r_min, r_max, eta):
        K = int(math.log(r_max / r_min) / math.log(eta))
        levels = [r_min * eta**k for k in range(K + 1)]
        if levels[-1] < r_max:
            levels.append(r_max)
        K = len(levels) - 1
        return levels, [eta ** (K - k) for k in range(K + 1)]

    # The appended r_max heals it, as in the book's listing.
    assert check_bracket(by_logarithm).of("failed") == []

    def not_healed(r_min, r_max, eta):
        exact = Bracket(r_min, r_max, eta)
        K = int(math.log(r_max / r_min) / math.log(eta))
        if r_min * eta ** (exact.K) == r_max:
            return exact.levels[: K + 1], exact.sizes[exact.K - K :]
        return exact

    report = check_bracket(not_healed)
    assert report.stories["the rung levels"] == (
        "r_min=1, r_max=125, eta=5: yours are [1, 5, 25], they should be [1, 5, 25, 125]"
        if int(math.log(125) / math.log(5)) < 3
        else "r_min=1, r_max=243, eta=3: yours are [1, 3, 9, 27, 81], "
        "they should be [1, 3, 9, 27, 81, 243]"
    )


def test_the_smallest_wrong_bracket_is_shown():
    def without_last(r_min, r_max, eta):
        right = Bracket(r_min, r_max, eta)
        powers = [level for k, level in enumerate(right.levels) if level == r_min * eta**k]
        return powers, right.sizes[: len(powers)]

    report = check_bracket(without_last)
    assert report.stories["the rung levels"] == (
        "r_min=1, r_max=2, eta=3: yours are [1], they should be [1, 2]"
    )


def test_nothing_but_the_failure_is_told_of_a_scheduler_that_does_not_get_anywhere(capsys):
    report = check_scheduler(Raises)
    first, *story, count = str(report).splitlines()
    assert first.startswith("failed         it runs")
    assert story[-1].strip().startswith("--> update() raised KeyError")
    assert count == "1 failed, 12 not attempted"
    assert capsys.readouterr().out == f"{report}\n"


def test_brackets_that_are_not_there_or_never_end_are_said_to_be_so():
    def nothing(r_min, r_max, eta):
        return None

    def endless(r_min, r_max, eta):
        while True:
            r_min += 1

    assert set(check_bracket(nothing).results.values()) == {"not attempted"}
    assert "does not come to an end" in check_bracket(endless).stories["the rung levels"]
    assert "is no pair" in check_bracket(lambda *_: 5).stories["the rung sizes"]


# --- objectives ------------------------------------------------------------------------------


def resumable(x, max_epochs, checkpoint=None):
    """Add one number an epoch; correct."""
    path = None if checkpoint is None else Path(checkpoint)
    paused = {"epochs": 0, "error": 1.0}
    if path and path.exists():
        paused = json.loads(path.read_text())
    for epoch in range(paused["epochs"], max_epochs):
        paused["error"] *= random.Random(f"{x} {epoch}").random()
    if path:
        path.write_text(json.dumps(paused | {"epochs": max_epochs}))
    return paused["error"]


def test_an_objective_that_pauses_and_resumes_keeps_every_promise():
    report = check_objective(resumable, {"x": 1})
    assert len(report.of("held")) == 4


def test_an_objective_without_checkpoints_is_told_so():
    report = check_objective(lambda x, max_epochs, checkpoint=None: 0.5, {"x": 1})
    assert report.of("failed") == ["it writes a checkpoint"]
    assert len(report.of("not attempted")) == 2


def test_an_objective_that_trains_the_full_number_again_is_noticed():
    def again(x, max_epochs, checkpoint=None):
        path = None if checkpoint is None else Path(checkpoint)
        trained = int(path.read_text()) if path and path.exists() else 0
        if path:
            path.write_text(str(trained + max_epochs))
        return 1 / (trained + max_epochs)

    report = check_objective(again, {"x": 1})
    assert "resumed is the same as trained at once" in report.of("failed")
    assert "Resumed at 1: 0.33" in report.stories["resumed is the same as trained at once"]


def test_an_objective_that_is_not_the_same_twice_is_noticed():
    rng = random.Random(0)
    report = check_objective(lambda x, max_epochs, checkpoint=None: rng.random(), {"x": 1})
    assert "the same call returns the same error" in report.of("failed")


def test_an_objective_that_takes_half_a_file_for_a_whole_one_is_noticed():
    def trusting(x, max_epochs, checkpoint=None):
        path = None if checkpoint is None else Path(checkpoint)
        before = path.read_text() if path and path.exists() else ""
        after = before + "x" * (max_epochs - len(before))
        if path:
            path.write_text(after + "yy" * 5 if max_epochs == 1 else after)
        return 1 / len(after.replace("y", ""))

    assert "a damaged checkpoint is noticed" in check_objective(trusting, {"x": 1}).of("failed")


def test_an_objective_that_raises_ends_in_a_line():
    def broken(x, max_epochs, checkpoint=None):
        raise ZeroDivisionError("oh")

    report = check_objective(broken, {"x": 1})
    assert report.stories["it writes a checkpoint"] == "It raised ZeroDivisionError: oh"


def test_an_objective_that_is_not_written_yet_is_not_attempted():
    def stub(x, max_epochs, checkpoint=None):
        raise NotImplementedError

    assert set(check_objective(stub, {"x": 1}).results.values()) == {"not attempted"}
