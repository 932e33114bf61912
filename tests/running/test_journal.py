"""What the journal promises: nothing lost, whatever happens to the process."""

import itertools
import json
import math
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from sh_teach import (
    BasicScheduler,
    HPOTuner,
    RandomSearcher,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
)

SPACE = {"x": stats.uniform(0, 1), "kind": ["a", "b"]}
CLOCK = ("started", "ended", "worker")


def objective(x, kind, max_epochs=1):
    if x < 0.1:
        raise ZeroDivisionError
    return math.nan if x < 0.2 else x + 1 / max_epochs


def halving(eta=2, seed=0, **options):
    searcher = RandomSearcher(SPACE, seed=seed)
    return SuccessiveHalvingScheduler(searcher, eta, r_min=1, r_max=8, **options)


def make_tuner(journal, scheduler=None, objective=objective, **options):
    scheduler = halving() if scheduler is None else scheduler
    return HPOTuner(scheduler, objective, journal=journal, progress=False, **options)


def run(tuner, evaluations):
    tuner.run(evaluations, catch=ZeroDivisionError)
    return tuner


def story(tuner):
    """All that the records hold but the times, in a form in which nan equals nan."""
    return [
        repr({key: value for key, value in record.items() if key not in CLOCK})
        for record in tuner.records
    ]


def undisturbed(evaluations, **options):
    return story(run(make_tuner(None, **options), evaluations))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.jsonl"


# --- going on ------------------------------------------------------------------------------


def test_a_run_in_a_new_process_does_what_is_missing_and_a_further_one_adds(path):
    run(make_tuner(path), 17)
    tuner = make_tuner(path)
    assert len(tuner.records) == 17
    run(tuner, 30)
    assert len(tuner.records) == 30
    run(tuner, 30)
    assert len(tuner.records) == 60
    assert story(tuner) == undisturbed(60)


def test_a_journal_with_more_results_than_asked_for_runs_nothing(path):
    run(make_tuner(path), 17)
    tuner = run(make_tuner(path, objective=lambda **config: pytest.fail("it ran")), 10)
    assert len(tuner.records) == 17


def test_all_that_a_tuner_keeps_is_as_it_was(path):
    before = run(make_tuner(path), 25)
    after = make_tuner(path)
    assert repr(after.records) == repr(before.records)
    for name in (
        "incumbent",
        "incumbent_error",
        "incumbent_trajectory",
        "cumulative_runtime",
        "current_runtime",
    ):
        assert getattr(after, name) == getattr(before, name)


def test_the_scheduler_is_as_it_was(path):
    before = run(make_tuner(path), 25).scheduler
    after = make_tuner(path).scheduler
    assert (after.queue, after.promoted) == (before.queue, before.promoted)
    assert after.suggest() == before.suggest()


def test_what_was_running_is_started_again_first(path):
    started = []

    def interrupted(x, kind, max_epochs):
        started.append(x)
        if len(started) == 6:
            raise KeyboardInterrupt
        return objective(x, kind, max_epochs)

    with pytest.raises(KeyboardInterrupt):
        run(make_tuner(path, objective=interrupted), 10)
    tuner = run(make_tuner(path, objective=interrupted), 10)
    assert started[5] == started[6]
    assert story(tuner) == undisturbed(10)


def test_a_simulated_run_continues_at_the_time_and_with_the_training_it_had(path):
    def simulated(journal):
        workers = SimulatedWorkers(1, lambda config, r_from, r_to: r_to - r_from)
        return make_tuner(journal, workers=workers)

    run(simulated(path), 17)
    tuner = run(simulated(path), 30)
    assert repr(tuner.records) == repr(run(simulated(None), 30).records)


@pytest.mark.parametrize("make_scheduler", [halving, lambda: BasicScheduler(halving().searcher)])
def test_any_scheduler_can_be_replayed(path, make_scheduler):
    run(make_tuner(path, make_scheduler()), 7)
    tuner = run(make_tuner(path, make_scheduler()), 20)
    assert story(tuner) == story(run(make_tuner(None, make_scheduler()), 20))


class InTurn:
    """A scheduler as a student might write it: plain dicts, no base class."""

    def __init__(self):
        self.count = itertools.count()

    def suggest(self):
        return {"x": next(self.count) / 100, "kind": "a", "max_epochs": 1}

    def update(self, config, error):
        assert config["kind"] == "a"

    def settings(self):
        return {"scheduler": "InTurn"}


def test_a_scheduler_of_plain_dicts_can_be_replayed(path):
    run(make_tuner(path, InTurn()), 7)
    tuner = run(make_tuner(path, InTurn()), 20)
    assert story(tuner) == story(run(make_tuner(None, InTurn()), 20))


def test_checkpoints_are_found_again_but_a_folder_of_another_run_is_refused(path, tmp_path):
    trained = []

    def pausing(x, kind, max_epochs, checkpoint):
        trained.append((checkpoint.name, checkpoint.exists()))
        checkpoint.touch()
        return x

    folder = tmp_path / "checkpoints"
    run(make_tuner(path, objective=pausing, checkpoint_dir=folder), 8)
    run(make_tuner(path, objective=pausing, checkpoint_dir=folder), 9)
    assert [exists for _, exists in trained] == [False] * 8 + [True]
    with pytest.raises(ValueError, match="checkpoint_dir"):
        make_tuner(tmp_path / "other.jsonl", objective=pausing, checkpoint_dir=folder)


# --- kill -9 -------------------------------------------------------------------------------

VICTIM = """
import sys, time
sys.path.insert(0, {tests!r})
from test_journal import make_tuner, objective, run

def slow(x, kind, max_epochs):
    time.sleep(0.002)
    return objective(x, kind, max_epochs)

run(make_tuner({path!r}, objective=slow), 1_000_000)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_kill_9_at_random_moments_ends_with_the_records_of_an_undisturbed_run(path):
    rng = random.Random(0)
    code = textwrap.dedent(VICTIM).format(tests=os.path.dirname(__file__), path=str(path))
    for _ in range(20):
        # Some bytes later, not some seconds: how fast this machine is must not matter.
        enough = rng.randint(1, 600) + (path.stat().st_size if path.exists() else 0)
        process = subprocess.Popen([sys.executable, "-c", code])
        while process.poll() is None and not (path.exists() and path.stat().st_size >= enough):
            time.sleep(0.001)
        assert process.poll() is None, "it ended before it was killed"
        process.kill()
        process.communicate()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "journal=.*cut off")
        tuner = make_tuner(path)
    evaluations = len(tuner.records) + 100
    assert story(run(tuner, evaluations)) == undisturbed(evaluations)


# --- damage --------------------------------------------------------------------------------


def test_wherever_the_file_was_cut_the_run_ends_as_if_undisturbed(path):
    run(make_tuner(path), 12)
    whole = path.read_bytes()
    expected = undisturbed(12)
    rng = random.Random(0)
    cuts = {*rng.sample(range(len(whole)), 60), *range(len(whole) - 40, len(whole) + 1), 0, 1}
    for cut in cuts:
        path.write_bytes(whole[:cut])
        torn = cut > 0 and not whole[:cut].endswith(b"\n")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            tuner = make_tuner(path)
        assert ["cut off" in str(w.message) for w in caught] == [True] * torn
        assert story(run(tuner, 12)) == expected
        assert len(path.read_bytes().splitlines()) == len(whole.splitlines())


def test_a_line_damaged_in_the_middle_is_named_and_the_file_left_as_it_is(path):
    run(make_tuner(path), 5)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = b"\0" * len(lines[3][:-1]) + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(ValueError, match=r"run\.jsonl.*line 4"):
        make_tuner(path)
    assert path.read_bytes() == b"".join(lines)


@pytest.mark.parametrize(
    "other",
    [
        lambda: halving(eta=3),
        lambda: halving(promote_when_certain=True),
        lambda: BasicScheduler(halving().searcher),
    ],
)
def test_the_journal_of_a_run_with_other_settings_is_refused_and_left_as_it_is(path, other):
    run(make_tuner(path), 5)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="another run"):
        make_tuner(path, other())
    assert path.read_bytes() == before


def other_space(**space):
    return SuccessiveHalvingScheduler(RandomSearcher(SPACE | space, seed=0), 2, r_min=1, r_max=8)


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (lambda: halving(seed=1), "searcher: It has seed=0, and here it is 1"),
        (lambda: halving(eta=4), "It has eta=2, and here it is 4"),
        (lambda: halving(prefact=2), r"It has prefact=1\.0, and here it is 2\.0"),
        (
            lambda: halving(overlap_rounds=False),
            "It has overlap_rounds=True, and here it is False",
        ),
        (lambda: other_space(x=stats.uniform(0, 2)), r"config_space: x: .*uniform=.*2"),
        (lambda: other_space(kind=["b", "a"]), r"config_space: .*kind=\['a', 'b'\]"),
        (
            lambda: other_space(y=1),
            "config_space: It has x and kind, and here it is x, kind and y",
        ),
        (
            lambda: SuccessiveHalvingScheduler(
                RandomSearcher(dict(reversed(SPACE.items())), seed=0), 2, r_min=1, r_max=8
            ),
            "It has x and kind, and here it is kind and x",  # the draws would differ
        ),
        (
            lambda: SuccessiveHalvingScheduler(
                RandomSearcher(SPACE, {"x": 0.5, "kind": "a"}, seed=0), 2, r_min=1, r_max=8
            ),
            "initial_config",
        ),
    ],
)
@pytest.mark.parametrize("evaluations", [1, 5])
def test_a_journal_is_refused_at_once_and_the_setting_that_differs_named(
    path, other, difference, evaluations
):
    run(make_tuner(path), evaluations)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"another run.*{difference}"):
        make_tuner(path, other())
    assert path.read_bytes() == before


class WithoutSettings:
    def suggest(self):
        return {"x": 1}

    def update(self, config, error):
        pass


class OwnArguments(BasicScheduler):
    def __init__(self, searcher, patience):
        super().__init__(searcher)


class OwnSearcher(RandomSearcher):
    def __init__(self, config_space, temperature):
        super().__init__(config_space, seed=0)


def used_searcher():
    searcher = RandomSearcher(SPACE, seed=0)
    searcher.sample_configuration()
    return BasicScheduler(searcher)


@pytest.mark.parametrize(
    ("make_scheduler", "why"),
    [
        (WithoutSettings, r"WithoutSettings has no method settings\(\)"),
        (
            lambda: OwnArguments(RandomSearcher(SPACE, seed=0), 3),
            "OwnArguments does not keep patience",
        ),
        (lambda: BasicScheduler(OwnSearcher(SPACE, 3)), "OwnSearcher does not keep temperature"),
        (lambda: halving(seed=None), "no seed.*seed=0"),
        (used_searcher, "used before"),
        (lambda: other_space(f=[math.sin, math.cos]), r"\['f'\] holds <built-in function sin>"),
        (lambda: other_space(f=[lambda x: x]), r"\['f'\] holds <function"),
        (lambda: other_space(f=[{"a", "b"}]), r"\['f'\] holds {"),
        (lambda: other_space(f=[object()]), r"\['f'\] holds <object object at"),
        (lambda: other_space(f=stats.rv_discrete(values=([1, 2], [0.5, 0.5]))), r"\['f'\] holds"),
    ],
)
def test_a_run_that_no_journal_could_tell_from_others_is_refused_before_it_starts(
    path, make_scheduler, why
):
    with pytest.raises(ValueError, match=rf"run\.jsonl.*{why}"):
        make_tuner(path, make_scheduler())
    assert not path.exists()


@pytest.mark.parametrize("settings", [None, "InTurn", ["InTurn"]])
def test_settings_that_are_no_dict_are_refused(path, settings):
    scheduler = InTurn()
    scheduler.settings = lambda: settings
    with pytest.raises(ValueError, match=r"run\.jsonl.*settings\(\) of InTurn.*dict"):
        make_tuner(path, scheduler)


def test_settings_may_be_empty_and_still_differ_from_those_of_another_run(path):
    scheduler = InTurn()
    scheduler.settings = dict
    run(make_tuner(path, scheduler), 3)
    with pytest.raises(ValueError, match=r"another run\. It has nothing, and here it is class"):
        make_tuner(path)


def test_a_value_that_only_shows_when_it_is_drawn_and_has_no_name_is_refused_then(path):
    class Functions:
        def rvs(self, random_state):
            return [math.sin, math.cos][random_state.integers(2)]

        def __repr__(self):
            return "Functions()"

    scheduler = BasicScheduler(RandomSearcher({"f": Functions()}, seed=0))
    with pytest.raises(ValueError, match=r"\['f'\] holds <built-in function"):
        run(make_tuner(path, scheduler, objective=lambda f: f(1.0)), 5)


def test_a_journal_of_the_first_version_is_refused_by_its_version(path):
    old = {"journal": "sh_teach", "run": {"scheduler": "SuccessiveHalvingScheduler", "K": 3}}
    path.write_text(json.dumps(old) + "\n")
    with pytest.raises(ValueError, match=r"version 1 .* version 3"):
        make_tuner(path)


def test_a_scheduler_that_was_used_before_is_refused(path):
    scheduler = halving()
    run(make_tuner(path, scheduler), 5)
    with pytest.raises(ValueError, match="used before"):
        make_tuner(path, scheduler)


@pytest.mark.parametrize("content", [b"my thesis", b"my thesis\n", b'{"a": 1}\n{"b": 2}\n', b"\n"])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"run\.jsonl"):
        make_tuner(path)
    assert path.read_bytes() == content


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"journal=.*nowhere.*folder"):
        make_tuner(tmp_path / "nowhere" / "run.jsonl")


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "edited",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: BOM + content,
        lambda content: content + b"\n",
        lambda content: BOM + content.replace(b"\n", b"\r\n") + b"\r\n\r\n",
        lambda content: content.replace(b"\n", b"\n\n"),
        lambda content: content.replace(b"\n", b"  \n") + b"\t",
        lambda content: content.replace(b", ", b",").replace(b": ", b" : "),
    ],
    ids=["CRLF", "BOM", "blank line", "all of them", "double spacing", "spaces", "reformatted"],
)
def test_a_journal_that_an_editor_or_git_changed_a_little_continues(path, edited):
    run(make_tuner(path), 12)
    path.write_bytes(edited(path.read_bytes()))
    for evaluations in (12, 14, 20):  # and it can be read again after lines were added
        tuner = run(make_tuner(path), evaluations)
    assert story(tuner) == undisturbed(20)


def test_a_journal_without_its_last_line_end_costs_a_warning_and_one_evaluation(path):
    run(make_tuner(path), 12)
    path.write_bytes(path.read_bytes().rstrip())
    with pytest.warns(UserWarning, match="cut off"):
        tuner = make_tuner(path)
    assert story(run(tuner, 20)) == undisturbed(20)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_journal_in_another_encoding_is_refused_and_left_as_it_is(path, encoding):
    run(make_tuner(path), 3)
    content = path.read_text("utf-8").encode(encoding)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"line 1 .*UTF-8"):
        make_tuner(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("line", [b"<<<<<<< HEAD\n", b"[]\n", b'{"number"\n'])
def test_what_git_leaves_of_a_conflict_is_named_by_its_line(path, line):
    run(make_tuner(path), 5)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], line, *lines[4:]]))
    with pytest.raises(ValueError, match=r"run\.jsonl.*line 5 is damaged"):
        make_tuner(path)


@pytest.mark.parametrize("line", [b'{"a": 1}\n', b'{"number": 99, "error": 0.5}\n'])
def test_a_line_that_does_not_follow_from_those_before_is_shown(path, line):
    run(make_tuner(path), 5)
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(ValueError, match=r"run\.jsonl.*another run\. It has .*, but"):
        make_tuner(path)


# --- a full disk ---------------------------------------------------------------------------


def test_a_full_disk_ends_the_run_and_nothing_is_lost(path):
    resource = pytest.importorskip("resource")
    evaluated = []

    def counting(x, kind, max_epochs):
        evaluated.append(x)
        return objective(x, kind, max_epochs)

    tuner = make_tuner(path, objective=counting)
    run(tuner, 3)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (0, 10, 150, 200, 300):
        full_lines = path.read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(full_lines) + room, hard))
        try:
            with pytest.raises(OSError, match=r"space|large"):
                run(tuner, 20)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes().startswith(full_lines)
        assert path.read_bytes().endswith(b"\n")
    run(tuner, 20 - len(tuner.records))
    assert story(tuner) == undisturbed(20)
    assert len(evaluated) == 20
    assert story(make_tuner(path)) == undisturbed(20)


# --- one at a time -------------------------------------------------------------------------


def test_two_runs_at_once_on_one_journal_are_refused(path):
    def nosy(x, kind, max_epochs):
        with pytest.raises(RuntimeError, match=r"run\.jsonl.*using it"):
            make_tuner(path)
        return x

    run(make_tuner(path, objective=nosy), 3)


def test_a_tuner_that_another_one_has_overtaken_is_refused(path):
    first, second = make_tuner(path), make_tuner(path)
    run(first, 3)
    with pytest.raises(RuntimeError, match=r"run\.jsonl.*continued it"):
        run(second, 3)
    assert story(make_tuner(path)) == undisturbed(3)


def test_the_cell_that_makes_the_tuner_can_be_run_again_in_the_same_kernel(path):
    first = run(make_tuner(path), 3)
    again = run(make_tuner(path), 3)
    assert story(again) == story(first)


# --- the file ------------------------------------------------------------------------------


def strict(line):
    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(line, parse_constant=refuse)


def test_every_line_is_strict_json_and_holds_a_suggestion_or_a_result(path):
    tuner = run(make_tuner(path), 30)
    errors = [record["error"] for record in tuner.records]
    assert any(map(math.isnan, errors))
    assert any(map(math.isinf, errors))
    header, *lines = [strict(line) for line in path.read_text("utf-8").splitlines()]
    assert header["run"]["class"] == "SuccessiveHalvingScheduler"
    assert header["run"]["eta"] == 2
    assert header["run"]["searcher"]["seed"] == 0
    assert [set(line) for line in lines[:2]] == [
        {"number", "trial_id", "round", "config"},
        {"number", "worker", "started", "ended", "error", "failure"},
    ]


def test_a_suggestion_is_on_disk_before_it_runs_and_a_result_before_the_scheduler_learns_it(path):
    def lines():
        return len(path.read_text("utf-8").splitlines())

    seen = []

    class Watching(BasicScheduler):
        def update(self, config, error, info=None):
            seen.append(("update", lines()))
            super().update(config, error, info)

    def watching(x, kind):
        seen.append(("objective", lines()))
        return x

    run(make_tuner(path, Watching(RandomSearcher(SPACE, seed=0)), objective=watching), 2)
    # The header, and then two lines for each evaluation.
    assert seen == [("objective", 2), ("update", 3), ("objective", 4), ("update", 5)]


def test_what_json_does_not_know_is_written_as_text_if_it_reads_the_same_everywhere(path):
    def make():
        choices = [Fraction(1, 3), math.inf, np.float32(0.5)]
        return BasicScheduler(RandomSearcher({"x": choices, "kind": ["a"]}, seed=0))

    run(make_tuner(path, make()), 5)
    tuner = run(make_tuner(path, make()), 9)
    assert len(tuner.records) == 9
    assert [strict(line) for line in path.read_text("utf-8").splitlines()]
