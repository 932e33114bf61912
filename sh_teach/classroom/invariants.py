"""What a scheduler promises, each as a function that looks for a violation in a history.

Such a function returns ``None``, or where the violation is and what is wrong: the index of the
event that shows it, those of events that one must know to see it, and a sentence. Each looks at
the order in which the scheduler did what it did, so that one mistake breaks one promise.
"""

from functools import partial
from typing import NamedTuple

from sh_teach.classroom.experiment import goodness


class Violation(NamedTuple):
    """Where a promise is broken.

    Attributes
    ----------
    at : int
        Index of the event that breaks it.
    because : list of int
        Indices of the events that one must know.
    sentence : str
        What is wrong.
    """

    at: int
    because: list
    sentence: str


def follows_the_plan(history):
    """Find a round with another number of trials on a rung than planned, or a trial that jumps."""
    last = len(history.events) - 1
    bracket = history.bracket
    climbed = {}
    for i, event in enumerate(history.events):
        if event.kind != "sent":
            continue
        k = bracket.levels.index(event.level)
        before = climbed.get(event.draw, -1)
        if k != before + 1:
            due = "it has been there" if k <= before else f"{bracket.levels[before + 1]} are due"
            return Violation(i, [], f"Trial {event.draw} goes out to {event.level} epochs: {due}.")
        climbed[event.draw] = k
    complete = range(last and history.round_of(max(climbed)))
    counts = {key: len(results) for key, results in history.rungs().items()}
    for round in complete:
        for level, size in zip(bracket.levels, bracket.sizes, strict=True):
            count = counts.get((round, level), 0)
            if count != size:
                return Violation(
                    last,
                    [],
                    f"Of round {round}, {_trials(count)} evaluated at {level} epochs; "
                    f"its bracket has {size} there.",
                )
    return None


def first_in_first_out(history):
    """Find a new trial that goes out before one that was drawn earlier."""
    new = [(i, e) for i, e in enumerate(history.events) if e.kind == "sent"]
    new = [(i, e) for i, e in new if e.level == history.bracket.r_min]
    for place, (i, event) in enumerate(new):
        waiting = [e.draw for _, e in new[place:] if e.draw < event.draw]
        if waiting:
            first = min(waiting)
            name = " (the initial configuration)" if first == 0 else ""
            return Violation(
                i, [], f"Trial {event.draw} goes out before trial {first}{name}, drawn earlier."
            )
    return None


def the_best_survive(history, ties=False):
    """Find a trial that is promoted though it is not among the best of its full rung.

    Parameters
    ----------
    history : History
        Where to look.
    ties : bool
        Whether it matters which of those with equal errors is promoted.
    """
    _, full = history.survivors()
    for (draw, level), i in history.sent().items():
        below = _below(history, level)
        rung = history.round_of(draw), below
        if below is None or rung not in full or draw in full[rung][1]:
            continue
        _, best = full[rung]
        results = {event.draw: (j, event) for j, event in history.rungs()[rung]}
        if not ties and goodness(results[draw][1]) == goodness(results[best[-1]][1]):
            continue
        return Violation(
            i,
            [j for j, _ in results.values()],
            f"Trial {draw} is promoted to {level} epochs. By rank it should be {_names(best)}.",
        )
    return None


def best_first(history):
    """Find a survivor that goes out before a better one."""
    certain, full = history.survivors()
    sent = history.sent()
    for (round, level), (_, best) in full.items():
        above = history.bracket.levels[history.bracket.levels.index(level) + 1]
        for place, better in enumerate(best):
            for worse in best[place + 1 :]:
                if (worse, above) not in sent or (better, above) not in sent:
                    continue
                known = certain[better, level] <= certain[worse, level]
                if known and sent[worse, above] < sent[better, above]:
                    results = {e.draw: (j, e) for j, e in history.rungs()[round, level]}
                    (i, one), (j, other) = results[better], results[worse]
                    same = one.error == other.error
                    why = "came earlier and has the same error" if same else "is better"
                    return Violation(
                        sent[worse, above],
                        [i, j],
                        f"Trial {worse} goes out to {above} epochs before trial {better}, "
                        f"which {why}.",
                    )
    return None


def older_rounds_first(history):
    """Find a trial that goes out while a survivor of an older round waits."""
    _, full = history.survivors()
    sent = history.sent()
    for (draw, level), i in sent.items():
        below = _below(history, level)
        round = history.round_of(draw)
        if below is None or (round, below) not in full:
            continue
        ready, best = full[round, below]
        if draw not in best:
            continue
        for (other, other_level), j in sent.items():
            if ready < j < i and history.round_of(other) > round:
                return Violation(
                    j,
                    [ready, i],
                    f"Trial {other} of round {history.round_of(other)} goes out to {other_level} "
                    f"epoch{'s' if other_level > 1 else ''}, while trial {draw} of round {round} "
                    f"waits to go on to {level}.",
                )
    return None


def rungs_belong_to_a_round(history):
    """Find a trial that is promoted though its own round's rung does not have it so."""
    certain, full = history.survivors()
    rungs = history.rungs()
    for (draw, level), i in history.sent().items():
        below = _below(history, level)
        if below is None or certain.get((draw, below), i) < i:
            continue
        round = history.round_of(draw)
        before = [j for j, _ in rungs.get((round, below), []) if j < i]
        size = history.bracket.sizes[history.bracket.levels.index(below)]
        if len(before) < size:
            why = f"its rung of round {round} has {len(before)} of {size} results so far"
        else:
            best = full[round, below][1]
            why = f"by rank it should be {_names(best)} of its round"
        others = [j for key, r in rungs.items() if key[1] == below for j, _ in r if j < i]
        return Violation(i, others, f"Trial {draw} is promoted to {level} epochs, but {why}.")
    return None


def workers_get_work(history):
    """Find a worker that gets nothing though somebody waits to be promoted."""
    sent = history.sent()
    _, full = history.survivors()
    for i, event in enumerate(history.events):
        if event.kind != "none":
            continue
        for (_, level), (ready, best) in full.items():
            above = history.bracket.levels[history.bracket.levels.index(level) + 1]
            idle = [draw for draw in best if ready < i < sent.get((draw, above), i)]
            if idle:
                return Violation(
                    i,
                    [ready],
                    f"A worker gets nothing, while trial {idle[0]} may go on to {above}.",
                )
    return None


def nobody_changes_dicts(history):
    """Find a dict of the searcher, or of the caller of `update`, that was changed."""
    if history.changed is None:
        return None
    return Violation(len(history.events) - 1, [], history.changed)


def _below(history, level):
    k = history.bracket.levels.index(level)
    return history.bracket.levels[k - 1] if k else None


def _names(draws):
    *most, last = map(str, draws)
    return f"trials {', '.join(most)} and {last}" if most else f"trial {last}"


def _trials(count):
    return f"{count} trial{' was' if count == 1 else 's were'}"


class Promise(NamedTuple):
    """What a scheduler promises, and how it is checked.

    Attributes
    ----------
    name : str
        In words.
    violations : list of callable
        Each looks for a violation in a history, see promises.py.
    histories : str
        On which ones: with one worker (``"alone"``), with several (``"together"``) or both
        (``"usual"``), or with errors that are equal, ``nan`` or failed.
    needs : str, optional
        The promise without which this one cannot be judged.
    unless : callable, optional
        Histories in which this finds a violation are left out: they would show that one again.
    """

    name: str
    violations: list
    histories: str
    needs: str = None
    unless: callable = None


RUNS = "it runs, whatever the bracket and the number of workers"
PLAN = "a round follows its plan: so many trials on each rung"
SURVIVE = "the best of a rung survive"
BEST_FIRST = "survivors go out best first"
TIES_TOO = partial(the_best_survive, ties=True)
ROUNDS = rungs_belong_to_a_round
PROMISES = [
    Promise(PLAN, [follows_the_plan], "alone"),
    Promise("first in, first out, the initial configuration first", [first_in_first_out], "usual"),
    Promise(SURVIVE, [the_best_survive], "alone", PLAN),
    Promise(BEST_FIRST, [best_first], "usual", SURVIVE, ROUNDS),
    Promise("ties keep their order", [TIES_TOO, best_first], "equal", BEST_FIRST),
    Promise("nan and inf rank last", [the_best_survive], "nan", SURVIVE),
    Promise("a failed evaluation fills its rung all the same", [follows_the_plan], "failed", PLAN),
    Promise("rungs belong to a round", [ROUNDS], "together", SURVIVE),
    Promise("older rounds go first", [older_rounds_first], "together", SURVIVE, ROUNDS),
    Promise("a worker gets work, or waits for a result", [workers_get_work], "usual", SURVIVE),
    Promise("nobody else's dict is changed", [nobody_changes_dicts], "usual"),
]
