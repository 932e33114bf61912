"""Write the student edition to handout/: all that a student needs, without the solutions.

    python scripts/write_handout.py            write it
    python scripts/write_handout.py --check    write nothing, say what is wrong with the questions

An exercise is four cells: a text, a stub to work on, the check of the stub, and a solution. The
check is a cell of its own so that nobody reads the answer by accident, and that a teacher can run
it on a stub from elsewhere. A prediction is a text, a guess and its reveal.

The folder is complete: `make lab` works in it, and Binder can open it. If it is a git repository
when it is written again, it stays that repository.
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
    "scripts/check_setup.py",
    "scripts/get_data.py",
    "img",
    ".binder",
    ".gitignore",
    "LICENSE",
    "NOTICE",
    "Makefile",
    "pyproject.toml",
    "constraints.txt",
    "environment.yml",
]
README = ROOT / "scripts" / "handout.md"
COMMANDS = ("lab", "data", "clean", "help")  # the others need files that students do not have
LEFTOVERS = shutil.ignore_patterns("__pycache__", ".*")
FEWEST = 4
HINTS = re.compile(
    r"<details><summary>Hint 1</summary>.+<details><summary>Hint 2</summary>"
    r".+</details>\s*</details>\s*\Z",
    re.S,
)
FEEDBACK = re.compile(r"\bcheck_\w+\(")


def faults(notebook):
    """List what is wrong with the exercises and the predictions of a notebook."""
    return [*exercise_faults(notebook), *prediction_faults(notebook)]


def exercise_faults(notebook):
    """Yield each fault of the exercises."""
    cells = {cell.id: cell for cell in notebook.cells}
    order = list(cells)
    numbers = [int(id.split("-")[1]) for id in order if re.fullmatch(r"exercise-\d+", id)]
    fewest = 1 if "map-text" in cells else FEWEST  # the first notebook only shows how it is done
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < fewest:
        yield f"has the exercises {numbers}, not at least {fewest}, counted from 1"
    solutions = set()
    for n in numbers:
        ids = [f"exercise-{n}-text", f"exercise-{n}", f"exercise-{n}-check", f"solution-{n}"]
        solutions.add(ids[-1])
        place = order.index(ids[1])
        if order[place - 1 : place + 3] != ids:
            yield f"exercise {n}: {', '.join(ids[:-1])} and {ids[-1]} should follow each other"
            continue
        for fault in faults_of_one(*map(cells.get, ids)):
            yield f"exercise {n}: {fault}"
    for cell in notebook.cells:
        if cell.cell_type == "code" and ("solution" in tags(cell)) != (cell.id in solutions):
            yield f"the tag solution belongs to the solutions alone, not to {cell.id}"


def faults_of_one(text, stub, check, solution):
    if not re.match(r"### \d+ · ★{1,3} \S", text.source):
        yield "its text should start with its number, its stars and its name"
    if not HINTS.search(text.source):
        yield "two hints are due, the second inside the first"
    if stub.outputs or FEEDBACK.search(stub.source):
        yield "its stub should hold what a student edits, and leave the check to the next cell"
    if not printed(check).startswith("not attempted\n"):
        yield 'its check should say "not attempted"'
    if not hidden(check, "source"):
        yield "the source of its check is not collapsed"
    if not FEEDBACK.search(check.source):
        yield "its check gives no feedback"
    elif not set(FEEDBACK.findall(check.source)) & set(FEEDBACK.findall(solution.source)):
        yield "its solution is not checked as its stub is"
    if not (hidden(solution, "source") and hidden(solution, "outputs")):
        yield "its solution is not collapsed"
    if "not attempted" in printed(solution).splitlines() or "not yet" in printed(solution):
        yield "its solution is not right"
    if None in (stub.execution_count, check.execution_count, solution.execution_count):
        yield "it was not run"


def prediction_faults(notebook):
    """Yield each fault of the predictions: an answer must not lie open below its question."""
    for text, guess, reveal in zip(*(notebook.cells[i:] for i in range(3)), strict=False):
        if text.cell_type != "markdown" or "**Predict.**" not in text.source:
            continue
        name = guess.id.removeprefix("guess-")
        if (guess.id, reveal.id) != (f"guess-{name}", f"reveal-{name}"):
            yield f"{text.id}: a guess and its reveal should follow, not {guess.id}, {reveal.id}"
            continue
        variable = f"guess_{name.replace('-', '_')}"
        if not re.fullmatch(rf"{variable} = None( *#.*)?", guess.source):
            yield f"{guess.id}: it should be {variable} = None, and may say what to write"
        if f"reveal({variable}," not in re.sub(r"\s", "", reveal.source):
            yield f"{reveal.id}: it should call reveal({variable}, ...)"
        if "says=" not in reveal.source:
            yield f"{reveal.id}: it answers no guess that students commonly make"
        if not hidden(reveal, "source"):
            yield f"{reveal.id}: its source is not collapsed"
    for cell in notebook.cells:
        if "answer" in tags(cell) and not (hidden(cell, "source") and hidden(cell, "outputs")):
            yield f"{cell.id}: it gives an answer away and is not collapsed"


def hidden(cell, part):
    """Return whether the source or the outputs of a cell are stored collapsed."""
    return cell.metadata.get("jupyter", {}).get(f"{part}_hidden", False)


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def student_edition(notebook):
    """Remove, in place, the solutions and the outputs that depend on the student."""
    notebook.cells = [cell for cell in notebook.cells if "solution" not in tags(cell)]
    for cell in notebook.cells:
        theirs = re.match("(exercise|reveal)-", cell.id) or "answer" in tags(cell)
        if cell.cell_type == "code" and theirs:
            cell.outputs, cell.execution_count = [], None
    return notebook


def write(folder):
    """Write the student edition; it replaces what is in the folder when it is complete."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    for name in ("notebooks", "scripts"):
        (new / name).mkdir(parents=True)
    for name in FOR_STUDENTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, new / name, ignore=LEFTOVERS)
        else:
            shutil.copy(ROOT / name, new / name)
    shutil.copy(README, new / "README.md")
    makefile = (new / "Makefile").read_text(encoding="utf-8")
    rest = rf"(?m)^## make (?!({'|'.join(COMMANDS)}) ).*\n"  # what `make help` lists
    (new / "Makefile").write_text(re.sub(rest, "", makefile), encoding="utf-8", newline="\n")
    answers = NOTEBOOKS / "claims.md"
    for path in {*NOTEBOOKS.glob("*.py"), *NOTEBOOKS.glob("*.md")} - {answers}:
        shutil.copy(path, new / "notebooks")
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        edition = student_edition(v4.reads(path.read_text(encoding="utf-8")))
        target = new / "notebooks" / path.name
        target.write_text(dumps(edition), encoding="utf-8", newline="\n")
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name == ".git":
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in new.iterdir():
        os.replace(path, folder / path.name)
    new.rmdir()


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
        print(f"{HANDOUT}: the student edition, to be zipped, or to be published with git")
    return 0


if __name__ == "__main__":
    sys.exit(main())
