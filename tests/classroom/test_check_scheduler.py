"""The check of a scheduler on schedulers with one mistake each."""

import contextlib
import json
import math
from collections import defaultdict
from functools import partial
from pathlib import Path

import pytest

from sh_teach import (
    ASHAScheduler,
    Bracket,
    HPOScheduler,
    HyperbandScheduler,
    SuccessiveHalvingScheduler,
    check_scheduler,
)
from sh_teach.classroom.student_code import MOST_LINES
from sh_teach.schedulers import rank

RUNS = "it runs with every bracket and any number of workers"
PLAN = "a round has the planned number of trials on each rung"
FIRST = "first in, first out, the initial configuration first"
SURVIVE = "the best of a rung survive"
BEST_FIRST = "survivors start best first"
TIES = "ties keep their order"
NAN = "nan and inf rank last"
FILLS = "a rung fills even if an evaluation fails"
ROUNDS = "rungs belong to a round"
OLDER = "older rounds go first"
WORK = "no worker is idle while a survivor waits"
DICTS = "the dicts of searcher and caller stay unchanged"
ONCE = "a result is counted once"


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
def test_our_scheduler_keeps_every_rule(overlap_rounds, promote_when_certain):
    options = dict(overlap_rounds=overlap_rounds, promote_when_certain=promote_when_certain)
    report = check_scheduler(partial(SuccessiveHalvingScheduler, **options))
    assert len(report.of("passed")) == len(report.results) == 13


def test_a_correct_scheduler_of_plain_dicts_keeps_every_rule_that_can_be_checked():
    report = check_scheduler(Plain)
    assert report.of("failed") == []
    assert report.of("not attempted") == [ONCE]


def test_a_scheduler_that_waits_for_a_full_rung_is_correct_too():
    assert check_scheduler(with_mistake("never_next_round")).of("failed") == []


@pytest.mark.parametrize(
    ("mistake", "rule"),
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
def test_each_mistake_breaks_its_own_rule_and_no_other(mistake, rule):
    report = check_scheduler(with_mistake(mistake))
    assert report.of("failed") == [rule]


def test_several_mistakes_are_distinguished():
    report = check_scheduler(
        with_mistake("last_drawn_first", "newer_first", "rounds_mix", "nan_not_last")
    )
    assert report.of("failed") == [FIRST, NAN, ROUNDS, OLDER]


def test_the_one_list_of_notebook_04_breaks_what_the_notebook_says():
    report = check_scheduler(one_list())
    assert report.of("failed") == [FIRST, BEST_FIRST, NAN, ROUNDS, OLDER]


class OneRound(HPOScheduler):
    """Successive halving for one worker: one round at a time, and a list for each rung."""

    def __init__(self, searcher, eta, r_min, r_max):
        super().__init__(searcher)
        self.plan = Bracket(r_min, r_max, eta)
        self.waiting = []
        self.observed = {}

    def suggest(self):
        if not self.waiting:
            self.observed = {level: [] for level in self.plan.levels}
            new = (self.new_trial(max_epochs=self.plan.r_min) for _ in range(self.plan.n))
            self.waiting.extend(new)
        return self.start(self.waiting.pop(0))

    def update(self, config, error, info=None):
        result = self.finish(config, error, info)
        levels, sizes = self.plan.levels, self.plan.sizes
        k = levels.index(config["max_epochs"])
        rung = self.observed[levels[k]]
        rung.append(result)
        if k + 1 < len(levels) and len(rung) == sizes[k]:
            rung.sort(key=rank)
            self.waiting += [trial.promoted(levels[k + 1]) for trial, _ in rung[: sizes[k + 1]]]


def test_the_scheduler_of_one_round_breaks_two_rules_with_several_workers_and_no_other():
    report = check_scheduler(OneRound)
    assert report.of("failed") == [ROUNDS, OLDER]
    assert len(report.of("passed")) == 11
    assert report.results[ONCE] == "passed"


def one_list():
    """Return the class that notebook 04 defines, by running that cell."""
    path = Path(__file__).parents[2] / "notebooks" / "04_async_queue.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if cell["id"] == "one-list")
    names = {"HPOScheduler": HPOScheduler, "Bracket": Bracket, "defaultdict": defaultdict}
    exec(source, names)
    return names["OneList"]


def test_the_counterexample_of_promotions_that_starve_is_in_the_order_of_time():
    report = check_scheduler(with_mistake("newer_first"))
    first, *events, last = report.stories[OLDER].splitlines()
    assert first == "eta 2, from 1 to 2 epochs, 2 workers"
    assert events[0] == "t = 0: worker 0 is free and trains trial 0 of round 0 to 1 epoch."
    times = [float(event.split()[2].rstrip(":")) for event in events]
    assert times == sorted(times)
    assert "of round 1 is trained to 1 epoch, while trial" in last
    assert last.endswith("of round 0 waits to be promoted to 2.")


def test_the_counterexample_is_a_small_one():
    report = check_scheduler(with_mistake("rounds_mix"))
    assert len(report.stories[ROUNDS].splitlines()) <= 10
    assert report.stories[ROUNDS].startswith("eta 2, from 1 to 2 epochs")


def test_the_report_is_printed_and_the_same_every_time(capsys):
    check_scheduler(with_mistake("newer_first"))
    once = capsys.readouterr().out
    check_scheduler(with_mistake("newer_first"))
    assert capsys.readouterr().out == once
    assert once.splitlines()[0] == f"passed         {RUNS}"
    assert once.splitlines()[-1] == "11 passed, 1 failed, 1 not attempted"
    assert "0x" not in once


def test_the_report_as_the_last_line_of_a_cell_shows_its_counts_only():
    assert repr(check_scheduler(Plain)) == "<Report: 12 passed, 1 not attempted>"


class Callable(Plain):
    def __call__(self, *_):
        return self


@pytest.mark.parametrize("scheduler", [Plain(None, 2, 1, 2), Callable(None, 2, 1, 2), None])
def test_an_instance_in_place_of_the_class_is_refused(scheduler):
    name = type(scheduler).__name__
    with pytest.raises(TypeError, match=f"is a {name}: pass the class, not an instance"):
        check_scheduler(scheduler)


class OtherArguments(Plain):
    def __init__(self, searcher, r_max):
        super().__init__(searcher, 2, 1, r_max)


def test_a_constructor_with_other_arguments_is_named_without_a_line_of_ours():
    said = check_scheduler(OtherArguments).stories[RUNS].splitlines()[-1]
    assert said == (
        "--> make_scheduler(searcher, eta, r_min, r_max) raised TypeError: "
        "OtherArguments.__init__() takes 3 positional arguments but 5 were given."
    )


def test_a_suggestion_that_no_objective_would_take_is_named():
    class Labelled(Plain):
        def suggest(self):
            return super().suggest() | {"round": self.rounds}

    report = check_scheduler(Labelled)
    assert "with max_epochs, and with nothing else" in report.stories[RUNS]


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
    report = check_scheduler(stub)
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
        (nonsense({"draw": 0, "max_epochs": 3}), "The rung levels are 1 and 2."),
        (nonsense({"draw": 99, "max_epochs": 1}), "which the searcher never proposed"),
        (
            partial(Plain, 1),
            "make_scheduler(searcher, eta, r_min, r_max) raised TypeError: "
            "Plain.__init__() takes 5 positional arguments but 6 were given.",
        ),
        (lambda *_: None, "make_scheduler(searcher, eta, r_min, r_max) returned None: it must"),
    ],
)
def test_code_that_fails_ends_in_one_helpful_line(scheduler, said):
    report = check_scheduler(scheduler)
    assert report.results[RUNS] == "failed"
    assert said in report.stories[RUNS].splitlines()[-1]
    assert SURVIVE not in report.of("passed")


def test_a_scheduler_that_fails_on_ties_breaks_only_that_rule():
    class Compares(Plain):
        def rank(self, result):
            error, draw = result
            return error, {"draw": draw}  # equal errors compare dicts, which raises TypeError

    class GuardsNan(Compares):
        def update(self, config, error, info=None):
            super().update(config, error + 1e-9 * config["draw"] if error > 0.9 else error)

    report = check_scheduler(GuardsNan)
    assert TIES in report.of("failed")
    assert "TypeError" in report.stories[TIES]
    assert report.results[RUNS] == report.results[SURVIVE] == "passed"


def test_a_result_that_counts_twice_is_noticed():
    class Twice(SuccessiveHalvingScheduler):
        def update(self, config, error, info=None):
            if config.trial_id in self.pending:
                super().update(config, error, info)

    assert check_scheduler(Twice).of("failed") == [ONCE]


def test_the_debugger_of_the_caller_stays_as_it_was():
    import sys

    def trace(*_):
        return None

    usual = sys.gettrace()
    sys.settrace(trace)
    try:
        check_scheduler(Plain)
        assert sys.gettrace() is trace
    finally:
        sys.settrace(usual)


def test_long_but_finite_work_is_no_endless_loop():
    class Slow(Plain):
        def suggest(self):
            for _ in range(MOST_LINES // 4):
                pass
            return super().suggest()

    from sh_teach.classroom.experiment import Experiment

    assert Experiment(Bracket(1, 2, 2)).run(Slow).stopped is None


@pytest.mark.parametrize("algorithm", [ASHAScheduler, HyperbandScheduler])
def test_other_algorithms_get_a_sensible_report(algorithm):
    report = check_scheduler(algorithm)
    assert report.results[PLAN] == "failed"  # their rounds are others
    assert report.results[FIRST] == report.results[ONCE] == report.results[DICTS] == "passed"


def test_the_report_of_a_scheduler_that_always_fails_is_the_failure_alone(capsys):
    report = check_scheduler(Raises)
    first, *story, count = str(report).splitlines()
    assert first.startswith("failed         it runs")
    assert story[-1].strip().startswith("--> update() raised KeyError")
    assert count == "1 failed, 12 not attempted"
    assert capsys.readouterr().out == f"{report}\n"
