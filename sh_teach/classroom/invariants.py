"""The rules of a scheduler, each a function that yields its violations in an observation.

Each looks at the order in which the scheduler did what it did, so that one mistake breaks one
rule. The report shows the violation that can be seen first.
"""

from collections.abc import Sequence
from functools import partial
from itertools import combinations, product
from typing import NamedTuple

from sh_teach.classroom.experiment import Experiment
from sh_teach.schedulers.bracket import Bracket
from sh_teach.words import listing, plural


class Violation(NamedTuple):
    """Where a rule is broken, and how."""

    at: int  # index of the event that shows it
    sentence: str
    because: Sequence = ()  # indices of the earlier events that explain it


def it_runs(seen):
    """Find the event after which the scheduler's code cannot be run any further."""
    if seen.stopped:
        yield Violation(len(seen.events) - 1, str(seen.stopped))


def follows_the_plan(seen):
    """Find a trial that skips or repeats a rung, or a rung with another number than planned."""
    levels = seen.experiment.bracket.levels
    reached = {}  # trial id -> number of rungs
    for i, trial in seen.starts():
        k, due = levels.index(trial["max_epochs"]), reached.get(trial.trial_id, 0)
        if k > due:
            due = plural(levels[due], "epoch")
            yield Violation(i, f"{_trained(trial)}, but the rung of {due} is due.")
        elif k < due:
            yield Violation(i, f"{_trained(trial)}, but it has been there.")
        reached[trial.trial_id] = k + 1
    for rung in seen.rungs:
        count = len(rung.results)
        if rung.round < seen.rungs[-1].round and count != rung.size:
            sentence = (
                f"Round {rung.round} has evaluated {plural(count, 'trial')} to "
                f"{plural(rung.level, 'epoch')}; its bracket plans {rung.size}."
            )
            yield Violation(len(seen.events) - 1, sentence)


def first_in_first_out(seen):
    """Find a new trial that starts before one that was drawn earlier."""
    lowest = seen.experiment.bracket.r_min
    new = [(i, trial) for i, trial in seen.starts() if trial["max_epochs"] == lowest]
    for place, (i, trial) in enumerate(new):
        first = min(later.trial_id for _, later in new[place:])
        if first < trial.trial_id:
            name = " (the initial configuration)" if first == 0 else ""
            sentence = f"{_trained(trial)} before trial {first}{name}, which was drawn earlier."
            yield Violation(i, sentence)


def the_best_survive(seen, ties=True):
    """Find a promoted trial that was not sure to be among the best; without `ties`, or as good."""
    for rung in seen.rungs:
        for trial_id, i in rung.promoted.items():
            as_good = rung.best and rung.errors.get(trial_id) == rung.errors[rung.best[-1]]
            if rung.certain.get(trial_id, i) < i or (as_good and not ties):
                continue
            count = sum(result < i for result in rung.results.values())
            if count < rung.size:
                why = f"its rung of round {rung.round} has {count} of {rung.size} results so far"
            else:
                trials = "trials" if len(rung.best) > 1 else "trial"
                why = f"by rank it should be {trials} {listing(rung.best)} of its round"
            sentence = f"Trial {trial_id} is promoted to {rung.above} epochs, but {why}."
            same_level = (other for other in seen.rungs if other.level == rung.level)
            yield Violation(i, sentence, [end for r in same_level for end in r.results.values()])


def the_best_start_first(seen):
    """Find a survivor that starts before a better one."""
    for rung in seen.rungs:
        promoted = [trial_id for trial_id in rung.best if trial_id in rung.promoted]
        for better, worse in combinations(promoted, 2):
            known = rung.certain[better] <= rung.certain[worse]
            if known and rung.promoted[worse] < rung.promoted[better]:
                equal = rung.errors[worse] == rung.errors[better]
                why = "has the same error and is older" if equal else "is better"
                before = f"before trial {better}, which {why}"
                sentence = f"Trial {worse} is promoted to {rung.above} epochs {before}."
                because = rung.results[better], rung.results[worse]
                yield Violation(rung.promoted[worse], sentence, because)


def survivors_go_first(seen, kind):
    """Find a worker that starts a newer round, or has to wait, while a survivor waits."""
    for rung in seen.rungs:
        for survivor in rung.best:
            waits = f"trial {survivor} of round {rung.round} waits to be promoted to {rung.above}"
            for i in range(rung.filled + 1, rung.promoted.get(survivor, 0)):
                event = seen.events[i]
                if event.kind == kind and (kind == "wait" or event.trial.round > rung.round):
                    did = "A worker is idle" if kind == "wait" else _trained(event.trial)
                    yield Violation(i, f"{did}, while {waits}.", [rung.filled])


def dicts_stay_unchanged(seen):
    """Find a dict of the searcher, or of the caller of `update`, that was changed."""
    if seen.changed:
        yield Violation(len(seen.events) - 1, seen.changed)


def _trained(trial):
    epochs = plural(trial["max_epochs"], "epoch")
    return f"Trial {trial.trial_id} of round {trial.round} is trained to {epochs}"


class Rule(NamedTuple):
    """A rule in words, and how it is checked."""

    name: str
    violations: list  # functions that find them
    experiments: list  # from small to large
    needs: str | None = None  # the rule without which this one cannot be checked
    unless: callable = None  # observations with this violation would show it again: left out


def _experiments(workers, seeds, errors="distinct"):
    return [Experiment(*what) for what in product(SMALL, workers, [errors], range(seeds))]


SMALL = [Bracket(1, 2, 2), Bracket(1, 4, 2), Bracket(1, 3, 3), Bracket(1, 9, 3), Bracket(2, 10, 2)]
# In floating-point numbers, log(243) / log(3) is below 5.
ALONE = [*_experiments([1], 3), Experiment(Bracket(1, 243, 3), rounds=1)]
TOGETHER = _experiments([2, 3, 4, 8], 8)
USUAL = ALONE + TOGETHER
EQUAL, NAN = _experiments([1], 5, "equal"), _experiments([1], 5, "nan")

RUNS = "it runs with every bracket and any number of workers"
PLAN = "a round has the planned number of trials on each rung"
SURVIVE = "the best of a rung survive"
BEST_FIRST = "survivors start best first"
BUT_FOR_TIES = partial(the_best_survive, ties=False)
NO_NEWER, NO_WAIT = (partial(survivors_go_first, kind=kind) for kind in ("start", "wait"))
RULES = [
    Rule(RUNS, [it_runs], USUAL),
    Rule(PLAN, [follows_the_plan], ALONE),
    Rule("first in, first out, the initial configuration first", [first_in_first_out], USUAL),
    Rule(SURVIVE, [BUT_FOR_TIES], ALONE, PLAN),
    Rule(BEST_FIRST, [the_best_start_first], USUAL, SURVIVE, the_best_survive),
    Rule("ties keep their order", [the_best_survive, the_best_start_first], EQUAL, BEST_FIRST),
    Rule("nan and inf rank last", [BUT_FOR_TIES], NAN, SURVIVE),
    Rule("a rung fills even if an evaluation fails", [follows_the_plan], NAN, PLAN),
    # With several workers rounds overlap, so a trial can be promoted among those of another one.
    Rule("rungs belong to a round", [the_best_survive], TOGETHER, SURVIVE),
    Rule("older rounds go first", [NO_NEWER], TOGETHER, SURVIVE, the_best_survive),
    Rule("no worker is idle while a survivor waits", [NO_WAIT], USUAL, SURVIVE),
    Rule("the dicts of searcher and caller stay unchanged", [dicts_stay_unchanged], USUAL),
]
ONCE = "a result is counted once"
