"""The house: who imports whom, how long things are, and that a wheel has all of it."""

import ast
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sh_teach"
FILES = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
HALL = {"arguments", "files", "words"}  # all may import these, and they import nothing of ours
MAY_IMPORT = {
    "schedulers": set(),
    "running": {"schedulers"},
    "objectives": {"schedulers"},
    "plots": {"schedulers"},
    "widgets": {"schedulers", "running", "objectives", "plots"},
    "classroom": {"schedulers", "running", "plots"},
}
CORE = {name for name in FILES if name.startswith("schedulers/")}
CORE |= {f"running/{name}.py" for name in ("tuner", "ledger", "workers", "simulated")}
CORE |= {f"objectives/{name}.py" for name in ("lenet", "checkpoint")}
CORE |= {f"plots/{name}.py" for name in ("rungs", "style")}
FOLDERS = {"sh_teach", "notebooks", "img", "tests", "scripts", "benchmarks"}


def lines(names):
    return {name: len(FILES[name].read_text("utf-8").splitlines()) for name in names}


def imports(path):
    """Return the full name of each module or object that a file imports, also in functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: line {node.lineno} is a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_imported(path):
    named = (name.split(".") for name in imports(path))
    return {parts[1] for parts in named if parts[0] == "sh_teach" and len(parts) > 1}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_itself_the_hall_and_the_rooms_below_it(room):
    allowed = MAY_IMPORT[room] | HALL | {room}
    found = {p.name: rooms_imported(p) - allowed for p in (PACKAGE / room).glob("*.py")}
    assert {name: rooms for name, rooms in found.items() if rooms} == {}


def test_the_hall_imports_no_room():
    assert [name for name in HALL if rooms_imported(PACKAGE / f"{name}.py") - HALL] == []


def test_the_algorithm_needs_numpy_at_most():
    heavy = {"torch", "pandas", "matplotlib", "distributed", "ipywidgets", "tqdm"}
    found = {path.name: imports(path) for path in (PACKAGE / "schedulers").glob("*.py")}
    tops = {name: {full.split(".")[0] for full in names} for name, names in found.items()}
    assert {name: top & heavy for name, top in tops.items() if top & heavy} == {}


def test_no_file_has_more_than_250_lines():
    assert {name: count for name, count in lines(FILES).items() if count > 250} == {}


def test_the_core_has_at_most_1700_lines_and_the_package_5000():
    core = lines(CORE)
    assert sum(core.values()) <= 1700, core
    assert sum(lines(FILES).values()) <= 5000


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_the_docstring_of_a_room_names_its_files_and_no_others(room):
    docstring = ast.get_docstring(ast.parse(FILES[f"{room}/__init__.py"].read_text("utf-8")))
    files = {path.stem for path in (PACKAGE / room).glob("*.py")} - {"__init__"}
    assert set(re.findall(r"``(\w+)``", docstring)) == files


def test_only_rooms_hold_code_and_each_has_a_folder_of_tests():
    assert {name.split("/")[0] for name in FILES if "/" in name} == set(MAY_IMPORT)
    assert [room for room in MAY_IMPORT if not any((ROOT / "tests" / room).glob("*.py"))] == []


def test_there_is_no_other_visible_folder_at_the_top():
    rules = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    ignored = [".*", *(rule.strip("/") for rule in rules if rule.endswith("/"))]
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    folders = {name for name in folders if not any(fnmatch(name, rule) for rule in ignored)}
    assert folders == FOLDERS


def private_names():
    names = set()
    for path in FILES.values():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names |= {getattr(node, field, None) for field in ("id", "attr", "name", "arg")}
    return {name for name in names if isinstance(name, str) and re.match("_[a-zA-Z]", name)}


def test_no_text_for_students_uses_a_private_name():
    from nbformat import NO_CONVERT, read

    texts = {name: (ROOT / name).read_text("utf-8") for name in ("README.md", "TEACHING.md")}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        texts[path.name] = "\n".join(cell.source for cell in read(path, NO_CONVERT).cells)
    private = private_names()
    used = {name: set(re.findall(r"\b_\w+", text)) & private for name, text in texts.items()}
    assert {name: found for name, found in used.items() if found} == {}


# --- the wheel -----------------------------------------------------------------------------

IMPORT_EVERYTHING = """
import sys
import sh_teach
heavy = {"hpo_objective_lenet", "load_fashion_mnist"}
sys.modules["torch"] = None  # as where it is not installed: an import of it fails
for name in set(sh_teach.__all__) - heavy:
    getattr(sh_teach, name)
assert len(sh_teach.RecordedCurves.load().table) > 1000
del sys.modules["torch"]
for name in heavy:
    getattr(sh_teach, name)
assert len(sh_teach.load_fashion_mnist("sample").train_images) == 10_000
for name, module in sys.modules.items():
    if name.split(".")[0] == "sh_teach":
        print(module.__file__)
"""


def test_a_wheel_holds_every_room_and_the_data_and_can_be_imported(tmp_path):
    tree, installed = tmp_path / "tree", tmp_path / "installed"
    shutil.copytree(PACKAGE, tree / "sh_teach", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tree)

    def python(*arguments, path=""):
        run = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(path), "PIP_NO_INDEX": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    # Without isolation, setuptools is the one that torch has brought along: nothing is fetched.
    python("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, tree)
    (wheel,) = tmp_path.glob("*.whl")
    python("-m", "pip", "install", "--no-deps", "--no-compile", "--target", installed, wheel)
    expected = {p.relative_to(tree) for p in (tree / "sh_teach").rglob("*") if p.is_file()}
    arrived = {p.relative_to(installed) for p in (installed / "sh_teach").rglob("*.*")}
    assert arrived == expected
    imported = python("-c", IMPORT_EVERYTHING, path=installed).splitlines()
    assert len(imported) > 20
    assert [file for file in imported if not Path(file).is_relative_to(installed)] == []
