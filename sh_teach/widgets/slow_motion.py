"""A scheduler in slow motion, and the game in which you are the scheduler.

All of it works with the keyboard alone: Tab goes from one control to the next.
"""

import ipywidgets
from matplotlib.figure import Figure

from sh_teach.widgets.game import Game
from sh_teach.widgets.html import WIDE, image, spoken
from sh_teach.widgets.picture import plot_step
from sh_teach.widgets.steps import record_steps

PLAY_MILLISECONDS = 1500


def step_through(scheduler, workers, curves):
    """Show a run in slow motion, event by event.

    Parameters
    ----------
    scheduler : SuccessiveHalvingScheduler or dict of str to SuccessiveHalvingScheduler
        New ones; several can be chosen by name. One of your own will do if it has `queue`.
    workers : int
        How many simulated workers.
    curves : RecordedCurves
        What is trained.

    Returns
    -------
    ipywidgets.VBox
        Buttons, what just happened and why, and the picture of `plot_step`.
    """
    schedulers = scheduler if isinstance(scheduler, dict) else {"": scheduler}
    brackets = {name: scheduler.bracket for name, scheduler in schedulers.items()}
    runs = {name: record_steps(s, workers, curves) for name, s in schedulers.items()}
    choice = ipywidgets.Dropdown(options=list(runs), description="scheduler", **WIDE)
    event = ipywidgets.IntSlider(0, 0, len(runs[choice.value]) - 1, description="event", **WIDE)
    play = ipywidgets.Play(max=event.max, interval=PLAY_MILLISECONDS)
    back = ipywidgets.Button(description="back", tooltip="One event back")
    forward = ipywidgets.Button(description="next event", tooltip="One event on")
    to_promotion = ipywidgets.Button(
        description="to the next promotion",
        tooltip="On to the next full rung",
        layout={"width": "auto"},
    )
    words, picture = ipywidgets.HTML(), ipywidgets.HTML()
    figure = Figure(figsize=(10, 5.6), facecolor="white")

    def show(_=None):
        steps = runs[choice.value]
        step, until = steps[event.value], steps[-1].time
        words.value = spoken(f"t = {step.time:.1f} s. {step.sentence}")
        drawn = plot_step(step, brackets[choice.value], workers, until, figure)
        picture.value = image(drawn, describe_step(step))

    def go(by):
        event.value = min(max(event.value + by, 0), event.max)

    def go_to_promotion(_):
        later = range(event.value + 1, event.max + 1)
        steps = runs[choice.value]
        event.value = next((i for i in later if steps[i].promoted), event.max)

    def change_scheduler(_):
        last = len(runs[choice.value]) - 1
        event.max = play.max = last
        if event.value == 0:
            show()
        event.value = 0

    back.on_click(lambda _: go(-1))
    forward.on_click(lambda _: go(1))
    to_promotion.on_click(go_to_promotion)
    event.observe(show, names="value")
    choice.observe(change_scheduler, names="value")
    ipywidgets.link((play, "value"), (event, "value"))
    show()
    controls = [forward, back, to_promotion, play]
    several = [choice] if len(runs) > 1 else []
    return ipywidgets.VBox(
        [ipywidgets.HBox(controls), ipywidgets.HBox([event, *several]), words, picture]
    )


def describe_step(step):
    """Return what the picture of a step shows, in words, for those who do not see it.

    Parameters
    ----------
    step : Step
        From `record_steps`.

    Returns
    -------
    str
    """
    at_work = [
        f"worker {worker} trains trial {e['trial'].trial_id} until {e['ends']:.1f} s"
        for worker, e in sorted(step.running.items())
    ]
    waiting = [f"{trial.trial_id}" for trial in step.waiting]
    rungs = [
        f"round {round}, {level} epochs: "
        + ", ".join(f"{trial.trial_id} ({error:.2f})" for trial, error in observed)
        for (round, level), observed in step.rungs().items()
    ]
    return (
        f"At {step.time:.1f} s, {'; '.join(at_work) or 'nobody works'}. "
        f"Trials that wait, next first: {', '.join(waiting) or 'none'}. "
        f"Results, best first: {'; '.join(rungs) or 'none'}."
    )


def be_the_scheduler(curves, workers=4, eta=2, r_min=2, r_max=8, seed=0):
    """Let somebody decide what each free worker does, and say what it costs.

    Parameters
    ----------
    curves : RecordedCurves
        What is trained.
    workers : int
        How many simulated workers.
    eta, r_min, r_max : int
        The bracket of each round.
    seed : int
        Fixes which configurations are drawn.

    Returns
    -------
    ipywidgets.VBox
        The choices, what the last one cost, and the picture of `plot_step`.
    """
    game = Game(curves, workers, eta, r_min, r_max, seed)
    options = ipywidgets.Select(rows=5, description="choice", **WIDE)
    decide = ipywidgets.Button(description="do it", tooltip="Carry out the selected choice")
    back = ipywidgets.Button(description="take it back", tooltip="Undo the last choice")
    words, picture = ipywidgets.HTML(), ipywidgets.HTML()
    figure = Figure(figsize=(10, 5.6), facecolor="white")

    def show(said):
        choices = game.options()
        options.options = list(choices)
        options.index = 0 if choices else None
        decide.disabled, back.disabled = not choices, not game.choices
        time = game.steps[-1].time if game.steps else 0.0
        free = min(set(range(workers)) - set(game.steps[-1].running)) if game.steps else 0
        asks = f"t = {time:.1f} s: worker {free} is free. What shall it do?"
        words.value = spoken(f"{said} {game.summary() or asks}")
        if game.steps:
            step, until = game.steps[-1], 1.3 * max(game.by_rule, time)
            drawn = plot_step(step, game.bracket, workers, until, figure)
            picture.value = image(drawn, describe_step(step))

    def carry_out(_):
        if options.value is not None:
            show(game.choose(game.options()[options.value]))

    def take_back(_):
        game.take_back()
        show("Taken back.")

    decide.on_click(carry_out)
    back.on_click(take_back)
    show("")
    return ipywidgets.VBox([words, ipywidgets.HBox([options, decide, back]), picture])
