"""Write the student edition to handout/: all that a student needs, without the solutions.

    python scripts/write_handout.py            write it
    python scripts/write_handout.py --check    write nothing, say what is wrong with the exercises

The folder is complete: with it, `make lab` works.
"""

import argparse
import os
import re
import shutil
import sys

from nbformat import v4
from store_notebooks import NOTEBOOKS, dumps, tags

ROOT = NOTEBOOKS.parent
HANDOUT = ROOT / "handout"
FOR_STUDENTS = [
    "sh_teach",
    "img",
    "README.md",
    "LICENSE",
    "NOTICE",
    "Makefile",
    "pyproject.toml",
    "constraints.txt",
    "environment.yml",
]
LEFTOVERS = shutil.ignore_patterns("__pycache__", ".*")
FEWEST = 4
HINTS = re.compile(
    r"<details><summary>Hint 1</summary>.+<details><summary>Hint 2</summary>"
    r".+</details>\s*</details>\s*\Z",
    re.S,
)
FEEDBACK = re.compile(r"\bcheck_\w+\(")


def faults(notebook):
    """List what is wrong with the exercises of a notebook."""
    cells = {cell.id: cell for cell in notebook.cells}
    order = list(cells)
    numbers = [int(id.split("-")[1]) for id in order if re.fullmatch(r"exercise-\d+", id)]
    found = []
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < FEWEST:
        found.append(f"has the exercises {numbers}, not at least {FEWEST}, counted from 1")
    expected = [(f"exercise-{n}-text", f"exercise-{n}", f"solution-{n}") for n in numbers]
    for n, (text, stub, solution) in zip(numbers, expected, strict=True):
        place = order.index(stub)
        if tuple(order[place - 1 : place + 2]) != (text, stub, solution):
            found.append(f"exercise {n}: {text}, {stub} and {solution} should follow each other")
            continue
        found += [f"exercise {n}: {f}" for f in exercise_faults(*map(cells.get, expected[n - 1]))]
    solutions = {id for *_, id in expected}
    for cell in notebook.cells:
        if cell.cell_type == "code" and ("solution" in tags(cell)) != (cell.id in solutions):
            found.append(f"the tag solution belongs to the solutions alone, not to {cell.id}")
    return found


def exercise_faults(text, stub, solution):
    if not re.match(r"### \d+ · \S", text.source):
        yield "its text should start with its number and name"
    if not HINTS.search(text.source):
        yield "two hints are due, the second inside the first"
    if not printed(stub).startswith("not attempted\n"):
        yield 'its stub should say "not attempted"'
    if not FEEDBACK.search(stub.source):
        yield "its stub gives no feedback"
    elif not set(FEEDBACK.findall(stub.source)) & set(FEEDBACK.findall(solution.source)):
        yield "its solution is not checked as its stub is"
    if (
        not all(solution.metadata.get("jupyter", {}).values())
        or "jupyter" not in solution.metadata
    ):
        yield "its solution is not collapsed"
    if "not attempted" in printed(solution).splitlines() or "not yet" in printed(solution):
        yield "its solution is not right"
    if solution.execution_count is None or stub.execution_count is None:
        yield "it was not run"


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def student_edition(notebook):
    """Remove, in place, the solutions and the outputs of the stubs."""
    notebook.cells = [cell for cell in notebook.cells if "solution" not in tags(cell)]
    for cell in notebook.cells:
        if re.fullmatch(r"exercise-\d+", cell.id):
            cell.outputs, cell.execution_count = [], None
    return notebook


def write(folder):
    """Write the student edition; the folder is replaced when the new one is complete."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    (new / "notebooks").mkdir(parents=True)
    for name in FOR_STUDENTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, new / name, ignore=LEFTOVERS)
        else:
            shutil.copy(ROOT / name, new / name)
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        edition = student_edition(v4.reads(path.read_text(encoding="utf-8")))
        target = new / "notebooks" / path.name
        target.write_text(dumps(edition), encoding="utf-8", newline="\n")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(new, folder)


def main(arguments=None):
    """Check the exercises and write the handout; 0 if all went well, otherwise 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, say what is wrong")
    options = parser.parse_args(arguments)
    problems = [
        f"{path}: {fault}"
        for path in sorted(NOTEBOOKS.glob("*.ipynb"))
        for fault in faults(v4.reads(path.read_text(encoding="utf-8")))
    ]
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    if not options.check:
        write(HANDOUT)
        print(f"{HANDOUT}: the student edition, to be copied or zipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
