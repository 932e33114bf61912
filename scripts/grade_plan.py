"""Decide what of a notebook that was handed in is run, and in which order.

The cells of a hand-in are matched with those of the master copy: by id, else by source, else by
the title of the exercise, else by the names that its stub defines. The checks and the text are
then the master's. Only the exercises that were attempted are run, and of all other cells only
the statements that they need, so that nobody waits for a training that no exercise asks about.
"""

import ast
import re
from dataclasses import dataclass
from symtable import symtable

from IPython.core.inputtransformer2 import TransformerManager

STUB = re.compile(r"exercise-(\d+)")
CHECK = re.compile(r"exercise-(\d+)-check")
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


@dataclass
class Cell:
    """A cell of a notebook; `id` is empty if it has none."""

    kind: str
    source: str
    id: str = ""

    def same_as(self, other):
        return _lines(self.source) == _lines(other.source)


class Item:
    """A piece of code to run: of a student ("own", "stub") or of the master."""

    def __init__(self, kind, source, cell, exercise=None):
        self.kind, self.source, self.cell, self.exercise = kind, source, cell, exercise
        self.binds, self.uses, self.changes = names(source)
        self.imports = source.startswith(("import ", "from "))
        # A call may need what else its cell does, such as to write a file.
        self.with_its_cell = kind == "text" and _calls(source)


@dataclass
class Plan:
    """The items in order, the exercises to look at, and remarks on what was handed in."""

    items: list
    attempted: list
    remarks: list


def exercises(master):
    """Return the numbers of the exercises of a notebook."""
    return [int(found[1]) for cell in master if (found := STUB.fullmatch(cell.id))]


def make_plan(master, handed_in, everything=False):
    """Plan how to grade a hand-in, a list of cells; with `everything`, run all of the text."""
    matched, own = match(master, handed_in)
    entries, remarks = [], []  # an entry is a place in the master, before or after, and items
    for place, cell in enumerate(master):
        theirs = matched.get(place)
        same = theirs is not None and theirs.same_as(cell)
        if cell.kind != "code" or cell.id.startswith("solution"):
            continue
        if found := STUB.fullmatch(cell.id):
            items = [Item("stub", (theirs or cell).source, cell.id, int(found[1]))]
            if theirs is None:
                remarks.append((int(found[1]), "its cell is missing"))
        elif found := CHECK.fullmatch(cell.id):
            items = [Item("check", cell.source, cell.id, int(found[1]))]
            if not same:
                said = "changed" if theirs else "missing or changed"
                remarks.append((int(found[1]), f"its check is {said}: the master's was used"))
        else:
            items = statements("text", cell.source, cell.id)
            if theirs is not None and not same:
                entries.append((place, -1, statements("own", theirs.source, cell.id)))
        entries.append((place, 0, items))
    for place, cell in own:
        # What a student adds below a check is meant to be seen by it.
        after = place >= 0 and not CHECK.fullmatch(master[place].id)
        entries.append((place, 1 if after else -1, statements("own", cell.source, "")))
    items = [item for *_, group in sorted(entries, key=lambda e: e[:2]) for item in group]
    attempted = [n for n in exercises(master) if is_attempted(n, master, items)]
    return Plan(select(items, attempted, everything), attempted, remarks)


def is_attempted(number, master, items):
    """Return whether the stub was changed, or its names are defined in a cell below it."""
    (stub,) = (cell for cell in master if cell.id == f"exercise-{number}")
    place = [(item.kind, item.exercise) for item in items].index(("stub", number))
    changed = _lines(items[place].source) != _lines(stub.source)
    below = (item for item in items[place + 1 :] if item.kind == "own")
    return changed or any(item.binds & items[place].binds for item in below)


def select(items, attempted, everything):
    """Keep the exercises that were attempted and what they need, up to the last of them."""
    last = max((i for i, item in enumerate(items) if item.exercise in attempted), default=-1)
    pieces = []
    for item in items[: last + 1]:
        if item.exercise is None or item.exercise in attempted:
            pieces.append(item)
        elif item.kind == "check":  # another exercise may need what it defines
            pieces += statements("defined", item.source, item.cell)
    imported = {name for item in pieces if item.imports for name in item.binds}
    kept = {
        i
        for i, item in enumerate(pieces)
        if item.exercise is not None or (everything and item.kind == "text")
    }
    before = set()
    while kept != before:
        before = set(kept)
        needed = set().union(*(pieces[i].uses for i in kept))
        for i, item in enumerate(pieces):
            if (item.binds | item.changes - imported) & needed:
                kept.add(i)
        whole = {pieces[i].cell for i in kept if pieces[i].with_its_cell}
        kept |= {i for i, item in enumerate(pieces) if item.kind == "text" and item.cell in whole}
    return [pieces[i] for i in sorted(kept)]


def match(master, handed_in):
    """Return the cell of the hand-in for each place in the master, and the student's own cells."""
    code = [place for place, cell in enumerate(handed_in) if cell.kind == "code"]
    found = {}  # from the place in the master to the place in the hand-in

    def pair(place, candidates):
        free = [c for c in candidates if c not in found.values()]
        if place not in found and free:
            found[place] = free[0]

    places = [place for place, cell in enumerate(master) if cell.kind == "code"]
    for place in places:
        pair(place, [c for c in code if handed_in[c].id == master[place].id])
    for place in places:
        pair(place, [c for c in code if handed_in[c].same_as(master[place])])
    stubs = [place for place in places if STUB.fullmatch(master[place].id)]
    for place in stubs:
        title = _title(master[place - 1])
        below = [c + 1 for c, cell in enumerate(handed_in) if title and _title(cell) == title]
        pair(place, [c for c in below if c in code])
    for place in stubs:
        binds, *_ = names(master[place].source)
        pair(place, [c for c in code if binds and binds <= names(handed_in[c].source)[0]])
    own, anchor, places_of = [], -1, {c: place for place, c in found.items()}
    for c in code:
        if c in places_of:
            anchor = places_of[c]
        elif handed_in[c].source.strip():
            own.append((anchor, handed_in[c]))
    return {place: handed_in[c] for place, c in found.items()}, own


def statements(kind, source, cell):
    """Return the statements of a cell as items; none if it is no Python."""
    source = _without_magics(source)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = source.splitlines()
    spans = []
    for node in tree.body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        if spans and first <= spans[-1][1]:  # after a semicolon
            spans[-1][1] = node.end_lineno
        else:
            spans.append([first, node.end_lineno])
    pieces = ["\n".join(lines[first - 1 : last]) for first, last in spans]
    return [Item(kind, piece, cell) for piece in pieces]


def names(source):
    """Return the names that some code binds, uses and may change."""
    source = _without_magics(source)
    try:
        table, tree = symtable(source, "", "exec"), ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set(), set()
    top = table.get_symbols()
    binds = {s.get_name() for s in top if s.is_assigned() or s.is_imported()}
    loops = (node.target for node in ast.walk(tree) if isinstance(node, ast.For))
    in_loops = {node.id for target in loops for node in ast.walk(target) if hasattr(node, "id")}
    uses = {s.get_name() for s in top if s.is_referenced()} - in_loops
    inner = table.get_children()
    while inner:
        scope = inner.pop()
        inner += scope.get_children()
        outside = [s for s in scope.get_symbols() if s.is_global()]
        binds |= {s.get_name() for s in outside if s.is_assigned()}
        uses |= {s.get_name() for s in outside}
    return binds, uses, set(_changed(tree))


def _changed(tree):
    """Yield the objects of assignments such as `a[0] = 1`, and of calls without a result."""
    for node in _outside_functions(tree):
        changed = []
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed = [node]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            changed = [call.func, *call.args] if isinstance(call.func, ast.Attribute) else []
        yield from filter(None, map(_base, changed))


def _calls(source):
    """Return whether a statement calls anything when it is run."""
    return any(isinstance(node, ast.Call) for node in _outside_functions(ast.parse(source)))


def _outside_functions(tree):
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, FUNCTION):
            waiting += ast.iter_child_nodes(node)
            yield node


def _base(node):
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _title(cell):
    first = cell.source.strip().split("\n")[0].strip()
    return first if cell.kind == "markdown" and re.match(r"### \d+ ", first) else ""


def _lines(source):
    return [line.rstrip() for line in source.strip().splitlines()]


def _without_magics(source):
    try:
        return TransformerManager().transform_cell(source)
    except SyntaxError:
        return source
