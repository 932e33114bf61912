"""No trial is lost in silence: wherever an exception comes, the next run has all, or says so."""

import sys
from contextlib import suppress

import pytest
from scipy import stats

from sh_teach import HPOTuner, RandomSearcher, SimulatedWorkers, SuccessiveHalvingScheduler

EVALUATIONS = 9


class OwnError(Exception):
    pass


class Faults:
    """Lets functions raise once: the call number `at` of all calls, before or after its work."""

    def __init__(self, at, after):
        self.at, self.after, self.calls, self.raised = at, after, 0, None

    def watch(self, monkeypatch, owner, name):
        usual = getattr(owner, name)

        def faulty(*args, **kwargs):
            self.calls += 1
            mine = self.calls == self.at
            if mine and not self.after:
                self.raised = name
                raise OwnError(name)
            result = usual(*args, **kwargs)
            if mine:
                self.raised = name
                raise OwnError(name)
            return result

        monkeypatch.setattr(owner, name, faulty)


def objective(x, max_epochs):
    return x + 1 / max_epochs


def make(journal, n=1):
    searcher = RandomSearcher({"x": stats.uniform()}, {"x": 0.5}, seed=0)
    scheduler = SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=4)
    workers = SimulatedWorkers(n, lambda config, r_from, r_to: r_to - r_from)
    return HPOTuner(scheduler, objective, workers=workers, journal=journal, progress=False)


def story(tuner):
    names = ("trial_id", "round", "config", "error", "failure")
    return sorted(repr({name: record[name] for name in names}) for record in tuner.records)


def finish(tuner):
    while len(tuner.records) < EVALUATIONS:
        tuner.run(1)


def books_agree(tuner):
    """Whether records, trajectories and what the scheduler knows have the same evaluations."""
    scheduler, count = tuner.scheduler, len(tuner.records)
    observed = sum(map(len, scheduler.all_observed_error_at_rungs.values()))
    lists = len(tuner.incumbent_trajectory), len(tuner.cumulative_runtime), observed
    best = min((record["error"] for record in tuner.records), default=tuner.incumbent_error)
    return lists == (count,) * 3 and tuner.incumbent_error == best


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def undisturbed():
    tuner = make(None)
    finish(tuner)
    return story(tuner)


# What a tuner calls that may fail without having done its work: a disk, a searcher, a worker.
BEFORE = {
    "searcher": lambda tuner: (tuner.scheduler.searcher, "update"),
    "suggest": lambda tuner: (tuner.scheduler, "suggest"),
    "update": lambda tuner: (tuner.scheduler, "update"),
    "objective": lambda tuner: (tuner, "objective"),
    "workers.start": lambda tuner: (tuner._workers, "start"),
    "workers.finished": lambda tuner: (tuner._workers, "finished"),
    "a line on the disk": lambda tuner: (sys.modules["sh_teach.running.journal"], "append_line"),
}


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("place", BEFORE)
def test_after_a_failure_of_any_call_the_run_ends_as_if_undisturbed(
    place, n, tmp_path, undisturbed, monkeypatch
):
    for at in range(1, 4):
        path = tmp_path / f"{at}.jsonl"
        tuner, faults = make(path, n), Faults(at, after=False)
        with monkeypatch.context() as patched:
            faults.watch(patched, *BEFORE[place](tuner))
            with pytest.raises(OwnError):
                tuner.run(EVALUATIONS)
        assert books_agree(tuner)
        finish(tuner)
        assert books_agree(tuner)
        again = make(path, n)  # the journal has the same
        assert story(again) == story(tuner)
        assert sorted(again.scheduler.pending) == sorted(tuner.scheduler.pending)
        if n == 1:  # with more, what had been running starts anew, and ends at other times
            assert story(tuner) == undisturbed


def failed_after(place, at, path, monkeypatch):
    """Return a tuner whose run ended with an exception just after a call had done its work."""
    tuner, faults = make(path), Faults(at, after=True)
    with monkeypatch.context() as patched:
        faults.watch(patched, *BEFORE[place](tuner))
        with pytest.raises(OwnError):
            tuner.run(EVALUATIONS)
    return tuner


@pytest.mark.parametrize("place", ["workers.start", "workers.finished", "a line on the disk"])
def test_an_exception_after_the_work_of_a_call_loses_nothing_either(
    place, tmp_path, undisturbed, monkeypatch
):
    for at in range(1, 9):
        path = tmp_path / f"{at}.jsonl"
        tuner = failed_after(place, at, path, monkeypatch)
        if place == "a line on the disk":  # this tuner cannot know that the line is there
            with pytest.raises(RuntimeError, match="Make a new tuner"):
                finish(tuner)
            tuner = make(path)
        finish(tuner)
        assert story(tuner) == story(make(path)) == undisturbed


@pytest.mark.parametrize("place", ["suggest", "update"])
def test_a_scheduler_that_fails_after_its_work_is_not_continued_in_silence(
    place, tmp_path, undisturbed, monkeypatch
):
    for at in range(1, 9):
        path = tmp_path / f"{at}.jsonl"
        tuner = failed_after(place, at, path, monkeypatch)
        with pytest.raises(ValueError, match=r"make a new scheduler|reported before"):
            finish(tuner)
        tuner = make(path)  # but the journal has all of it
        finish(tuner)
        assert story(tuner) == undisturbed


class Interrupt:
    """Raises KeyboardInterrupt at the line number `at` that the tuner's own files execute."""

    FILES = ("running/tuner.py", "running/ledger.py", "running/journal.py")

    def __init__(self, at):
        self.at, self.came = at, False

    def __enter__(self):
        self._usual = sys.gettrace()
        sys.settrace(self._call)

    def __exit__(self, *_):
        sys.settrace(self._usual)

    def _call(self, frame, event, arg):
        name = frame.f_code.co_filename.replace("\\", "/")
        return self._line if name.endswith(self.FILES) else None

    def _line(self, frame, event, arg):
        if event == "line":
            self.at -= 1
            if self.at == 0:
                self.came = True
                raise KeyboardInterrupt
        return self._line


@pytest.mark.parametrize("with_journal", [False, True])
def test_an_interrupt_at_any_line_loses_nothing_or_the_next_run_says_so(
    with_journal, tmp_path, undisturbed
):
    said, at, interrupt = [], 0, None
    while interrupt is None or interrupt.came:
        at += 3
        path = tmp_path / f"{at}.jsonl" if with_journal else None
        tuner, interrupt = make(path), Interrupt(at)
        with suppress(KeyboardInterrupt), interrupt:
            tuner.run(7)
        try:
            finish(tuner)
        except (ValueError, RuntimeError) as error:
            said.append(str(error))
        else:
            assert story(tuner) == undisturbed
            assert books_agree(tuner)
        if with_journal:
            after = make(path)
            finish(after)
            assert story(after) == undisturbed
    assert all("Ctrl-C" in why or "before" in why or "new tuner" in why for why in said)
    assert len(said) < at / 3 / 5  # of the places that were tried


def test_a_line_that_was_written_twice_counts_once(tmp_path, undisturbed):
    path = tmp_path / "run.jsonl"
    finish(make(path))
    header, *lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(header + b"".join(line + line for line in lines))
    assert story(make(path)) == undisturbed
