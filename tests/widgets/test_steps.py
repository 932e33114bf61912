"""Runs as lists of steps: what each step holds, and what it says."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from sh_teach import (
    HPOTuner,
    HyperbandScheduler,
    RecordedCurves,
    SimulatedWorkers,
    SuccessiveHalvingScheduler,
)
from sh_teach.schedulers import WaitingLine
from sh_teach.widgets.picture import plot_step
from sh_teach.widgets.steps import record_steps

CURVES = RecordedCurves.load()
WORKERS = 4


def halving(**options):
    return SuccessiveHalvingScheduler(CURVES.searcher(0), eta=2, r_min=2, r_max=10, **options)


class LastFirst(SuccessiveHalvingScheduler):
    """Starts the last of the waiting trials first; `queue` is in the order of service."""

    @property
    def queue(self):
        return super().queue[::-1]

    def suggest(self):
        if not self.waiting:
            new = [self.new_trial(self.rounds, max_epochs=2) for _ in range(self.bracket.n)]
            self.waiting.push(*new)
            self.rounds += 1
        *others, last = self.waiting
        self.waiting = WaitingLine()
        self.waiting.push(*others)
        return self.start(last)


class LastFirstInAList(LastFirst):
    """The same, but `queue` has the next trial at its end, as a list that is popped."""

    @property
    def queue(self):
        return list(self.waiting)


@pytest.fixture(scope="module")
def steps():
    return record_steps(halving(), WORKERS, CURVES)


def sentences(steps, kind=None):
    return [step.sentence for step in steps if kind in (None, step.kind)]


def test_the_steps_are_those_of_the_tuner_on_simulated_workers(steps):
    tuner = HPOTuner(
        halving(),
        CURVES.objective,
        workers=SimulatedWorkers(WORKERS, CURVES.runtime),
        progress=False,
    )
    tuner.run(34)
    ended = [(e.trial.trial_id, e.worker, e.started, e.ends, e.error) for e in steps[-1].done]
    assert ended == [
        (r["trial_id"], r["worker"], r["started"], r["ended"], r["error"])
        for r in tuner.records[: len(ended)]
    ]


def test_two_rounds_are_shown_by_default(steps):
    assert len(steps[-1].done) == 30
    assert len(record_steps(halving(), WORKERS, CURVES, evaluations=5)[-1].done) == 5


def test_no_worker_is_idle_at_the_end_for_want_of_evaluations(steps):
    assert steps[-2].kind == "start"
    assert len(steps[-2].running) == WORKERS


def test_a_step_is_not_changed_by_later_ones():
    scheduler = halving()
    early = record_steps(scheduler, WORKERS, CURVES, evaluations=1)
    late = record_steps(halving(), WORKERS, CURVES, evaluations=20)
    assert early == late[: len(early)]


def test_the_first_sentence_says_that_a_round_starts(steps):
    assert steps[0].sentence == (
        "Worker 0 is free and trains trial 0 of round 0 to 2 epochs: "
        "no trial waits, so round 0 starts."
    )


def test_a_full_rung_names_its_survivors_best_first(steps):
    full = next(step for step in steps if step.promoted)
    survivors = [trial.trial_id for trial, _ in full.rungs()[0, 2][:4]]
    assert [trial.trial_id for trial in full.promoted] == survivors
    *most, last = map(str, survivors)
    assert full.sentence.endswith(
        f"The rung is full: trials {', '.join(most)} and {last} are promoted to 4 epochs."
    )


def test_with_our_scheduler_it_is_always_the_turn_of_the_trial_that_starts(steps):
    hyperband = HyperbandScheduler(CURVES.searcher(0), eta=2, r_min=2, r_max=10)
    certain = halving(promote_when_certain=True)
    for run in (
        steps,
        record_steps(hyperband, 3, CURVES, 60),
        record_steps(certain, 8, CURVES, 60),
        record_steps(halving(overlap_rounds=False), 8, CURVES, 60),
    ):
        assert not [said for said in sentences(run) if "By the rule" in said]
        assert not [said for said in sentences(run) if "several rounds" in said]


def test_a_worker_that_must_wait_is_named():
    run = record_steps(halving(overlap_rounds=False), WORKERS, CURVES)
    assert "Workers 0 and 2 must wait: no rung is full." in sentences(run, "wait")


def test_a_trial_promoted_early_is_said_to_be_certain():
    run = record_steps(halving(promote_when_certain=True), WORKERS, CURVES)
    early = next(step for step in run if step.promoted)
    assert "Before the rung is full, this is certain: trial" in early.sentence


@pytest.mark.parametrize("scheduler_class", [LastFirst, LastFirstInAList])
def test_a_wrong_order_is_described_with_the_right_one(scheduler_class):
    scheduler = scheduler_class(CURVES.searcher(0), eta=2, r_min=2, r_max=10)
    run = record_steps(scheduler, WORKERS, CURVES)
    assert run[1].sentence == (
        "Worker 1 is free and trains trial 6 of round 0 to 2 epochs. "
        "By the rule it is the turn of trial 0 of round 0, to 2 epochs."
    )
    assert [trial.trial_id for trial in run[1].waiting] == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("evaluations", [0, -1])
def test_a_number_of_evaluations_below_one_is_named(evaluations):
    with pytest.raises(ValueError, match=f"evaluations={evaluations}"):
        record_steps(halving(), WORKERS, CURVES, evaluations)


def test_the_picture_shows_workers_queue_and_rungs(steps):
    full = next(step for step in steps if step.promoted)
    figure = plot_step(full, halving().bracket, WORKERS, until=steps[-1].time)
    lanes, waiting, *rungs = figure.axes
    assert [text.get_text() for text in waiting.texts[:2]] == ["4", "to 4"]
    assert len(lanes.get_yticks()) == WORKERS
    assert [ax.get_title().strip() for ax in rungs] == ["round 0", "round 1", "round 2"]
    # Of eight places four are filled with a colour: those of the survivors.
    cells = [bar.get_facecolor() for bar in rungs[0].patches[:8]]
    assert len(set(cells[:4])) == 1
    assert all(cell == (1, 1, 1, 1) for cell in cells[4:])
    plt.close(figure)


def test_the_picture_of_a_long_queue_says_how_many_are_left_out():
    scheduler = halving(prefact=8)
    step = record_steps(scheduler, WORKERS, CURVES, evaluations=1)[0]
    figure = plot_step(step, scheduler.bracket, WORKERS, until=10)
    assert figure.axes[1].texts[-1].get_text() == "and 43 more"
    plt.close(figure)


def test_the_present_is_written_inside_the_picture_up_to_the_end_of_the_run(steps):
    for step in (steps[0], steps[len(steps) // 2], steps[-1]):
        figure = plot_step(step, halving().bracket, WORKERS, until=steps[-1].time)
        figure.canvas.draw()
        (label,) = [t for t in figure.axes[0].texts if "t = " in t.get_text()]
        assert label.get_window_extent().x1 <= figure.bbox.x1


def test_a_step_drawn_over_others_looks_as_on_a_new_figure(steps, pixels):
    used = Figure()
    for step in (steps[0], steps[-1], steps[len(steps) // 2]):
        again, new = (
            pixels(plot_step(step, halving().bracket, WORKERS, steps[-1].time, figure))
            for figure in (used, Figure())
        )
        assert np.array_equal(again, new)
