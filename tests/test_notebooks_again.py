"""After Run All, each cell can be run again; and everything but the live cells needs no torch.

Both are checked in one run: the kernel cannot import torch, as where it is not installed.
"""

import asyncio
import os
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import v4

ROOT = Path(__file__).parents[1]
FOLDER = str(ROOT / "notebooks")  # where the kernels run
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
NEEDED = {"07_scaling_out": {"distributed"}}  # a cluster is its subject
LONGEST = 600  # seconds of a cell on a busy machine
# Python runs a file of this name when it starts. The finder then finds no module of these names.
MISSING = {"torch", "torchvision", "distributed"}
FINDS_NO = """
from importlib.machinery import PathFinder
def find_spec(name, path=None, target=None, found=PathFinder.find_spec):
    missing = name.partition(".")[0] in {names}
    return None if missing else found(name, path, target)
PathFinder.find_spec = find_spec
"""


async def execute(notebook, order, **kernel):
    """Run the cells with these indexes, in this order."""
    client = NotebookClient(notebook, timeout=LONGEST, resources={"metadata": {"path": FOLDER}})
    async with client.async_setup_kernel(**kernel):
        for index in order:
            await client.async_execute_cell(notebook.cells[index], index)


def run_again(notebook, folder, missing=MISSING):
    """Run all cells, and then each of them from the last to the first."""
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    (folder / "sitecustomize.py").write_text(FINDS_NO.format(names=missing), "utf-8")
    places = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    environment["PYTHONPATH"] = os.pathsep.join(places)
    asyncio.run(execute(notebook, [*code, *reversed(code)], env=environment))


def notebook_of(*sources):
    return v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])


@pytest.mark.parametrize("name", NAMES)
def test_each_cell_runs_again_from_the_last_to_the_first_without_torch(name, tmp_path):
    path = ROOT / "notebooks" / f"{name}.ipynb"
    run_again(v4.reads(path.read_text("utf-8")), tmp_path, MISSING - NEEDED.get(name, set()))


@pytest.mark.parametrize("module", ["torch", "torchvision", "distributed.client"])
def test_the_kernel_of_this_test_finds_no(module, tmp_path):
    with pytest.raises(CellExecutionError, match="ModuleNotFoundError"):
        run_again(notebook_of(f"import {module}"), tmp_path)


def test_a_name_that_is_defined_twice_is_noticed(tmp_path):
    notebook = notebook_of("half = lambda x: x / 2", "half(8)", "half = half(4)")
    with pytest.raises(CellExecutionError, match="not callable"):
        run_again(notebook, tmp_path)
