"""Grade the notebooks that students handed in: one table, a row for each student.

    python scripts/grade.py FOLDER         write FOLDER/grades.csv and FOLDER/grades.md
    python scripts/grade.py --solutions    try it on the solutions: all of them should be right

In FOLDER, each student has a folder, with the notebooks anywhere below it, or files whose names
begin with the student's: `ada_01_rungs.ipynb`. The names of the notebooks are ours; `01_rungs (1)`
or `01_rungs-Copy1` will do.

Each notebook runs in a process of its own, with limits of time, memory and output. On Linux it has
no network, sees neither the solutions nor the other students' work, and can change no file.
TEACHING.md says what the limits cannot stop: read that before you grade the work of strangers.
"""

import argparse
import ast
import csv
import json
import os
import re
import sys
from collections import defaultdict
from pathlib import Path

from grade_plan import Cell, exercises, names, statements
from grade_run import NOT_ATTEMPTED, RIGHT, Limits, can_fence, grade_notebook
from store_notebooks import NOTEBOOKS

LARGEST = 50_000_000  # bytes; with stored figures, ours have two million at most
LONGEST_REMARK = 200
NO_FENCE = (
    "No fence: this system does not let `unshare` make one, so the notebooks could use the "
    "network, and read and change your files."
)
NO_STUDENT = (
    "was not read: unpack archives, and begin the name of a notebook with the student's, such as "
    "ada_01_rungs.ipynb"
)
NO_NOTEBOOK = "was not read: give it the name that the notebook had, such as 01_rungs.ipynb"
NO_MEMORY_LIMIT = "No limit of memory: only Linux has one that works."


def masters(folder=NOTEBOOKS):
    """Return the cells of each notebook that has exercises, by its name."""
    found = {path.stem: read_cells(path) for path in sorted(folder.glob("*.ipynb"))}
    return {name: cells for name, cells in found.items() if exercises(cells)}


def read_cells(path):
    """Return the cells of a notebook's file; ValueError says why there are none."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"has {path.stat().st_size / 1e6:.0f} MB: it was not read")
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [_cell(**cell) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("is no notebook") from None


def _cell(cell_type, source, id="", **_):
    source = source if isinstance(source, str) else "".join(source)
    return Cell(str(cell_type), source, str(id))


def find_hand_ins(folder, known):
    """Return the paths by student and notebook, and remarks by student."""
    paths, remarks = defaultdict(lambda: defaultdict(list)), defaultdict(list)
    names_in_it = "|".join(map(re.escape, known))
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name in ("grades.csv", "grades.md"):
            continue
        if not entry.is_dir():
            found = re.match(rf"(.+?)[ _-]+({names_in_it})\b.*\.ipynb$", entry.name)
            if found and not entry.is_symlink():
                paths[found[1]][found[2]].append(entry)
            else:
                remarks[entry.name].append((None, NO_STUDENT))
            continue
        remarks[entry.name] += []
        for path in sorted(entry.rglob("*.ipynb")):
            if ".ipynb_checkpoints" in path.parts:
                continue
            found = re.search(rf"(?:^|[ _-])({names_in_it})\b", path.stem)
            if found and path.is_file() and not path.is_symlink():
                paths[entry.name][found[1]].append(path)
            else:
                remarks[entry.name].append((None, f"{path.name} {NO_NOTEBOOK}"))
    return paths, remarks


def grade(folder, known, limits):
    """Return the rows of the table: a student, the results by column, and the remarks."""
    paths, remarks = find_hand_ins(folder, known)
    read = {}  # all of them before any is run
    for student in sorted({*paths, *remarks}):
        for name, files in paths[student].items():
            files.sort(key=lambda path: (path.stem != name, path.name))
            if files[1:]:
                others = ", ".join(path.name for path in files[1:])
                remarks[student].append((None, f"{name}: {others} was not read"))
            try:
                read[student, name] = read_cells(files[0])
            except (ValueError, OSError) as error:
                remarks[student].append((None, f"{name} {error}"))
        if not paths[student] and not remarks[student]:
            remarks[student].append((None, "no notebook was handed in"))
    columns = {name: exercises(cells) for name, cells in known.items()}
    handed_in = {name for _, name in read}
    rows = []
    for student in sorted({*paths, *remarks}):
        results, said = {}, [text for _, text in remarks[student]]
        for name in sorted(handed_in):
            found = dict.fromkeys(columns[name], NOT_ATTEMPTED)
            if (student, name) in read:
                print(f"{student}: {name}", file=sys.stderr)
                found, notes = grade_notebook(known[name], read[student, name], limits)
                said += [f"{column(name, n)}: {text}" for n, text in notes]
            results |= {column(name, n): result for n, result in found.items()}
        rows.append((student, results, said))
    return rows


def column(name, exercise):
    """Return the short name of an exercise: 01-2."""
    number = name.split("_")[0]
    return number if exercise is None else f"{number}-{exercise}"


def write_tables(rows, folder, notes):
    """Write the rows as CSV and as Markdown, and return the text of the latter."""
    columns = list(rows[0][1]) if rows else []
    header = ["student", "right", *columns, "remarks"]
    table = []
    for student, results, said in rows:
        right = sum(result == RIGHT for result in results.values())
        remarks = "; ".join(_plain(text)[:LONGEST_REMARK] for text in said)
        table.append([_plain(student), str(right), *results.values(), remarks])
    new = folder / "grades.csv.new"
    with open(new, "w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([header, *(map(_no_formula, row) for row in table)])
    os.replace(new, folder / "grades.csv")
    lines = [header, ["---"] * len(header), *([_no_markup(x) for x in row] for row in table)]
    text = "\n".join([*(f"{note}\n" for note in notes), *(f"| {' | '.join(x)} |" for x in lines)])
    new = folder / "grades.md.new"
    new.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    os.replace(new, folder / "grades.md")
    return text


def _plain(text):
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _no_formula(text):
    """Keep a spreadsheet from computing what a student wrote."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _no_markup(text):
    return re.sub(r"([\\|<>*_`\[\]])", r"\\\1", text)


def solved(master):
    """Return the master's cells with the answers of its solutions in the stubs."""
    cells = {cell.id: cell for cell in master}
    answers = {}
    for n in exercises(master):
        check, solution = cells[f"exercise-{n}-check"], cells[f"solution-{n}"]
        target, function = _call_of_check(ast.parse(check.source))
        answer, _ = _call_of_check(ast.parse(solution.source), function)
        needed, kept = names(answer)[1], []
        for item in reversed(statements("own", f"{check.source}\n{solution.source}", "")):
            if item.binds & needed or (item.changes & needed and "check_" not in item.source):
                kept.insert(0, item.source)
                needed |= item.uses
        kept = [cells[f"exercise-{n}"].source, *kept, f"{target} = {answer}"]
        answers[f"exercise-{n}"] = "\n".join(kept)
    return [Cell(c.kind, answers.get(c.id, c.source), c.id) for c in master]


def _call_of_check(tree, function=None):
    """Return what the last call of a check at the top level is given, and the function."""
    calls = [
        node
        for statement in tree.body
        if isinstance(statement, ast.Expr | ast.Assign)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and re.match(function or "check_", ast.unparse(node.func))
    ]
    return ast.unparse(calls[-1].args[0]), ast.unparse(calls[-1].func)


def main(arguments=None):
    """Grade a folder; 0 if the tables were written, otherwise 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="what was handed in")
    parser.add_argument("--solutions", action="store_true", help="try it on the solutions")
    parser.add_argument("--seconds", type=float, default=60, help="for each cell, default 60")
    parser.add_argument("--megabytes", type=int, default=2000, help="of memory, default 2000")
    options = parser.parse_args(arguments)
    known = masters()
    limits = Limits(options.seconds, options.megabytes)
    if options.solutions:
        limits.fenced = can_fence(limits)
        return try_solutions(known, limits)
    if not options.folder or not options.folder.is_dir():
        print("Name the folder with what was handed in: make grade FOLDER=...", file=sys.stderr)
        return 1
    folder = options.folder.resolve()
    if NOTEBOOKS.is_relative_to(folder) or folder.is_relative_to(NOTEBOOKS):
        print(f"{folder}: keep what was handed in out of this project", file=sys.stderr)
        return 1
    limits.hidden = [folder, NOTEBOOKS]
    if (NOTEBOOKS.parent / ".git").is_dir():
        limits.hidden.append(NOTEBOOKS.parent / ".git")
    limits.fenced = can_fence(limits)
    notes = [] if limits.fenced else [NO_FENCE]
    notes += [] if sys.platform == "linux" else [NO_MEMORY_LIMIT]
    print(write_tables(grade(folder, known, limits), folder, notes))
    print(f"\n{folder / 'grades.csv'} and grades.md are written", file=sys.stderr)
    return 0


def try_solutions(known, limits):
    wrong = 0
    for name, master in known.items():
        results, remarks = grade_notebook(master, solved(master), limits)
        print(name, *results.values(), *(f"{n}: {text}" for n, text in remarks), sep=", ")
        wrong += sum(result != RIGHT for result in results.values())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
