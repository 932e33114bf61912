"""Run the notebooks and store their outputs, always in the same form.

    python scripts/store_notebooks.py            run and store all of notebooks/
    python scripts/store_notebooks.py NOTEBOOK   only this one (more may follow)
    python scripts/store_notebooks.py --check    run nothing, say what is wrong

The same form means: only what changes in the notebook changes in the file.
"""

import argparse
import os
import re
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import ValidationError, v4, validate

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
METADATA = {  # no version of Python: it would change from computer to computer
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = {"tags", "jupyter"}
WIDGET = "application/vnd.jupyter.widget-view+json"
MOST_IGNORED = 2


def execute(notebook, folder):
    """Run all cells in place, with this Python as the kernel."""
    os.environ.pop("MPLBACKEND", None)  # the kernel would inherit it and not draw inline
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, kernel_name="python3", resources=where)
    client.record_timing = False
    # Without folders to search, "python3" can only mean the Python that runs this script.
    client.create_kernel_manager().kernel_spec_manager = KernelSpecManager(kernel_dirs=[])
    client.execute()


def normalise(notebook):
    """Remove, in place, all that differs from run to run or from machine to machine."""
    notebook.metadata = METADATA
    notebook.nbformat_minor = 5
    give_ids(notebook.cells)
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in CELL_METADATA & set(cell.metadata)}
        if cell.cell_type != "code":
            continue
        if not cell.source.strip():
            cell.outputs, cell.execution_count = [], None
        cell.outputs = merge_streams(cell.outputs)
        for number, output in enumerate(cell.outputs, start=1):
            if output.output_type == "error":  # the traceback names files of this machine
                output.traceback = [f"{output.ename}: {output.evalue}"]
            if WIDGET in output.get("data", {}):
                output.data[WIDGET]["model_id"] = f"{cell.id}-{number}"
    return notebook


def give_ids(cells):
    """Keep the ids that are valid and unique; make the others from type and position."""
    taken = set()
    for cell in cells:
        if cell.get("id") in taken or not re.fullmatch(r"[\w-]{1,64}", cell.get("id", ""), re.A):
            cell.id = ""
        taken.add(cell.id)
    for position, cell in enumerate(cells, start=1):
        name = f"{cell.cell_type}-{position}"
        while name in taken:
            name += "-again"
        cell.id = cell.id or name
        taken.add(cell.id)


def merge_streams(outputs):
    """Join neighbouring pieces of the same stream: where it was cut is chance."""
    merged = []
    for output in outputs:
        if merged and output.output_type == "stream" and merged[-1].get("name") == output.name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def dumps(notebook):
    """Return the notebook as the text of its file."""
    return v4.writes(notebook, indent=1) + "\n"


def store(path):
    """Run a notebook and replace its file, unless a cell fails."""
    notebook = v4.reads(path.read_text(encoding="utf-8"))
    execute(notebook, path.parent)
    new = path.with_suffix(".new")
    new.write_text(dumps(normalise(notebook)), encoding="utf-8", newline="\n")
    os.replace(new, path)


def faults(text):
    """List what is wrong with the text of a notebook's file."""
    try:
        notebook = v4.reads(text)
        validate(normalise(v4.reads(text)))
    except (ValueError, KeyError, AttributeError, ValidationError) as error:
        return [f"is no valid notebook: {str(error).splitlines()[0]}"]
    found = []
    if dumps(normalise(v4.reads(text))) != text:
        found.append("is not in the stored form: make notebooks")
    if "widgets" in notebook.metadata:
        found.append("stores the state of widgets")
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("was not run from top to bottom, so nbval would compare only parts of it")
    for number, cell in enumerate(code, start=1):
        found += [f"code cell {number} {fault}" for fault in cell_faults(cell)]
    if sum("nbval-ignore-output" in tags(cell) for cell in code) > MOST_IGNORED:
        found.append(f"more than {MOST_IGNORED} cells tagged nbval-ignore-output")
    return [*found, *prose_faults(notebook)]


def cell_faults(cell):
    """Yield each fault of a code cell."""
    if "nbval-skip" in tags(cell):
        yield "is tagged nbval-skip"
    if re.search(r"(?mi)^\s*#\s*(NBVAL_|PYTEST_VALIDATE_)", cell.source):
        yield "has a marker for nbval in a comment: use a tag"
    for output in cell.outputs:
        if output.output_type == "error" and "raises-exception" not in tags(cell):
            yield f"ended with {output.ename} and has no tag raises-exception"
        if output.get("name") == "stderr":
            yield "wrote to stderr"


def prose_faults(notebook):
    """Yield each fault of the titles and images."""
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    prose = re.sub(r"(?ms)^\s*(```|~~~).*?^\s*\1", "", prose)  # a comment in code is no title
    titles = len(re.findall(r"(?mi)^# |<h1|^[^\n]+\n=+ *$", prose))
    if titles != 1:
        yield f"has {titles} titles (H1), not one"
    for image in re.findall(r"!\[\s*\][(\[][^)\]]*.|<img[^>]*>", prose):
        if not re.search(r"""\balt=["']\s*[^\s"']""", image):
            yield f"an image has no alt text: {image}"


def tags(cell):
    return cell.metadata.get("tags", [])


def main(arguments=None):
    """Run or check the notebooks; 0 if all went well, otherwise 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="run nothing, say what is wrong")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of notebooks/")
    options = parser.parse_args(arguments)
    everything = (p for p in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    paths = options.notebooks or sorted(everything)
    problems = [] if paths else [f"no notebooks in {NOTEBOOKS}"]
    for path in paths:
        if options.check:
            problems += [f"{path}: {fault}" for fault in faults(path.read_text(encoding="utf-8"))]
            continue
        try:
            store(path)
            print(f"{path}: stored")
        except (CellExecutionError, DeadKernelError) as error:
            problems.append(f"{path}: not stored, its file is as before\n{error}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
