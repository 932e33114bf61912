"""A scheduler in slow motion, and the game in which you are the scheduler.

All of it works with the keyboard alone: Tab goes from one control to the next.
"""

from sh_teach.widgets.game import Game
from sh_teach.widgets.html import WIDE, Panel, ipywidgets
from sh_teach.widgets.picture import check_lanes, plot_step
from sh_teach.widgets.steps import plans, record_steps


def step_through(scheduler, workers, curves):
    """Show a run in slow motion, event by event.

    Parameters
    ----------
    scheduler : SuccessiveHalvingScheduler or dict of str to SuccessiveHalvingScheduler
        New ones; several can be chosen by name. See `record_steps` for one of your own.
    workers : int
        How many simulated workers, at most 16.
    curves
        As for `record_steps`.

    Returns
    -------
    ipywidgets.VBox
        Buttons, what just happened and why, and the picture of `plot_step`.

    Raises
    ------
    TypeError, ValueError
        If a scheduler has no `queue`, or has been used before; see `record_steps`.
    """
    check_lanes(workers)
    schedulers = scheduler if isinstance(scheduler, dict) else {"": scheduler}
    if not schedulers:
        raise ValueError("scheduler={}: it must have at least one scheduler")
    runs = {name: record_steps(s, workers, curves) for name, s in schedulers.items()}
    choice = ipywidgets.Dropdown(options=list(runs), description="scheduler", **WIDE)
    event = ipywidgets.IntSlider(description="event", **WIDE)

    def change_scheduler(_=None):
        event.value, event.max = 0, len(runs[choice.value]) - 1
        show()

    def show(_=None):
        steps, plan_of = runs[choice.value], plans(schedulers[choice.value])
        step = steps[event.value]
        panel.say(f"t = {step.time:.1f} s. {step.sentence}")
        plot_step(step, plan_of, workers, steps[-1].time, panel.figure)
        panel.draw(describe_step(step))

    def go(events):
        event.value += events  # the slider keeps it in its range

    def go_to_promotion():
        later = enumerate(runs[choice.value][event.value + 1 :], start=event.value + 1)
        event.value = next((i for i, step in later if step.promoted), event.max)

    buttons = [
        _button("next event", "One event on", lambda: go(1)),
        _button("back", "One event back", lambda: go(-1)),
        _button("to the next promotion", "On to the next full rung", go_to_promotion),
    ]
    panel = Panel(buttons, [event, choice] if len(runs) > 1 else [event], figsize=(10, 5.6))
    event.observe(show, names="value")
    choice.observe(change_scheduler, names="value")
    change_scheduler()
    return panel


def be_the_scheduler(curves, workers=4, eta=2, r_min=2, r_max=8, seed=0):
    """Let you decide what each free worker does, and say what it costs.

    Parameters
    ----------
    curves : RecordedCurves
        What is trained.
    workers : int
        How many simulated workers, at most 16.
    eta, r_min, r_max : int
        The bracket of each round.
    seed : int
        Fixes which configurations are drawn.

    Returns
    -------
    ipywidgets.VBox
        The choices, what the last one cost, and the picture of `plot_step`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, see `Bracket` and `record_steps`.
    """
    check_lanes(workers)
    game = Game(curves, workers, eta, r_min, r_max, seed)
    options = ipywidgets.Select(rows=5, description="choice", **WIDE)

    def show(said):
        choices = game.options()
        options.options = list(choices)
        options.index = 0 if choices else None
        decide.disabled, undo.disabled = not choices, not game.choices
        step = game.step
        free = min(set(range(workers)) - set(step.running))
        asks = f"t = {step.time:.1f} s: worker {free} is free. What should it do?"
        panel.say(f"{said} {game.summary() or asks}")
        until = 1.3 * max(game.by_rule, step.time)
        plot_step(step, game.bracket, workers, until, panel.figure)
        panel.draw(describe_step(step))

    def carry_out():
        if options.value is not None:
            show(game.choose(game.options()[options.value]))

    decide = _button("do it", "Carry out the selected choice", carry_out)
    undo = _button("undo", "Undo the last choice", lambda: show(game.undo()))
    panel = Panel([options, decide, undo], figsize=(10, 5.6))
    show("")
    return panel


def _button(description, tooltip, action):
    layout = {"width": "auto"}
    button = ipywidgets.Button(description=description, tooltip=tooltip, layout=layout)
    button.on_click(lambda _: action())
    return button


def describe_step(step):
    """Return what the picture of a step shows, in words, for those who do not see it."""
    busy = [
        f"worker {worker} trains trial {start.trial.trial_id} until {start.ends:.1f} s"
        for worker, start in sorted(step.running.items())
    ]
    waiting = [str(trial.trial_id) for trial in step.waiting]
    rungs = []
    for (round, level), observed in step.rungs().items():
        results = ", ".join(f"{trial.trial_id} ({error:.2f})" for trial, error in observed)
        rungs.append(f"round {round}, {level} epochs: {results}")
    return (
        f"At {step.time:.1f} s, {'; '.join(busy) or 'all workers are idle'}. "
        f"Trials that wait, next first: {', '.join(waiting) or 'none'}. "
        f"Results, best first: {'; '.join(rungs) or 'none'}."
    )
