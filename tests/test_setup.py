"""Installing, checking and storing."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import check_setup
import nbformat
import pytest
import store_notebooks as script
import yaml
from nbformat import v4
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sh_teach.objectives import fashion_mnist

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TEST = PROJECT["optional-dependencies"]["test"]
TOOLS = PROJECT["optional-dependencies"]["tools"]
BROWSER = PROJECT["optional-dependencies"]["browser"]


def python(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300
    )


# --- what is installed ---------------------------------------------------------------------


def test_environment_yml_lists_what_pyproject_lists():
    *packages, pip = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    conda_names = {"torch": "pytorch"}
    wanted = [Requirement(line) for line in PROJECT["dependencies"] + TEST]
    wanted = {f"{conda_names.get(item.name, item.name)}{item.specifier}" for item in wanted}
    assert set(packages) == wanted | {f"python{PROJECT['requires-python']}", "pip"}
    assert pip == {"pip": ["-e ."]}


@pytest.mark.parametrize("line", PROJECT["dependencies"] + TEST + TOOLS + BROWSER)
def test_constraints_pin_each_direct_dependency_within_its_bounds(line):
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(pin.split("==") for pin in lines if not pin.startswith("#"))
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    wanted = Requirement(line)
    assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)])


def test_importing_the_package_loads_nothing_heavy():
    heavy = ["torch", "torchvision", "matplotlib", "distributed", "ipywidgets", "pandas", "scipy"]
    run = python("-c", f"import sh_teach, sys; print([m for m in {heavy} if m in sys.modules])")
    assert run.stdout.strip() == "[]", run.stderr


def test_make_help_has_a_line_for_every_target():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.M)[1].split()
    assert set(targets) == set(re.findall(r"^([a-z-]+):", makefile, re.M))
    assert set(targets) == set(re.findall(r"^## make ([a-z-]+) +\w", makefile, re.M))


def test_no_file_names_a_package_host_or_a_path_of_one_machine():
    if not (shutil.which("git") and (ROOT / ".git").exists()):
        pytest.skip("only git knows which files belong to the project")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    # Cut in two, so that this file does not match.
    hosts = [
        r"py" r"pi\.org",
        r"python" r"hosted\.org",
        r"download\.py" r"torch",
        r"ana" r"conda\.",
    ]
    machine = r"(?<![\w.])/(work|root|home|Users)/"
    forbidden = re.compile("|".join([*hosts, machine]).encode())
    found = [
        (name, match[0])
        for name in names.split("\0")
        if name and (ROOT / name).is_file()
        for match in forbidden.finditer((ROOT / name).read_bytes())
    ]
    assert found == []


# --- scripts/check_setup.py ----------------------------------------------------------------


def test_the_environment_check_finds_nothing_to_fix_here():
    run = python("scripts/check_setup.py")
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert all(re.match(r"(ok   |note ) \S", line) for line in lines)
    for subject in ["Python 3", "numpy", "Fashion-MNIST", "torch on", "processes", "JupyterLab"]:
        assert any(subject in line for line in lines), subject


def lines(capsys, *checks):
    """Return the state and the text of each line that some of the checks print."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check_setup, "CHECKS", {c: check_setup.CHECKS[c] for c in checks})
        check_setup.main()
    return [(line[:5].strip(), line[6:]) for line in capsys.readouterr().out.splitlines()]


def absent(name):
    raise importlib.metadata.PackageNotFoundError(name)


def test_a_missing_dependency_comes_with_the_way_to_fix_it(monkeypatch, capsys):
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["numpy>=2.0"])
    monkeypatch.setattr(importlib.metadata, "version", absent)
    [(state, text)] = lines(capsys, check_setup.check_packages)
    assert state == "FIX"
    assert "numpy" in text
    assert "make lab" in text


def test_a_package_that_is_not_installed_itself_is_to_be_fixed(monkeypatch, capsys):
    monkeypatch.setattr(importlib.metadata, "requires", absent)
    [(state, text)] = lines(capsys, check_setup.check_packages)
    assert state == "FIX"
    assert "sh_teach" in text
    assert "make lab" in text


def test_another_version_than_the_pinned_one_is_only_a_note(monkeypatch, capsys):
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["numpy>=2.0"])
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "2.0.0")
    (state, text), *_ = lines(capsys, check_setup.check_packages)
    assert state == "note"
    assert re.fullmatch(r"numpy 2\.0\.0, notebooks made with 2\.\d+\.\d+", text)


def test_a_build_for_one_kind_of_machine_counts_as_the_pinned_version(monkeypatch, tmp_path):
    pins = tmp_path / "constraints.txt"
    pins.write_text("torch==2.6.0\n")
    monkeypatch.setattr(check_setup, "CONSTRAINTS", pins)
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["torch>=2.6"])
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "2.6.0+cpu")
    first, *_ = check_setup.check_packages()
    assert first == ("ok", "torch 2.6.0, notebooks made with 2.6.0")


def test_without_the_full_data_the_sample_is_a_note(monkeypatch, capsys):
    monkeypatch.setattr(fashion_mnist, "find_full_data", lambda: None)
    [(state, text)] = lines(capsys, check_setup.check_images)
    assert state == "note"
    assert "make data" in text


def test_without_any_images_the_check_says_how_to_get_them(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(fashion_mnist, "find_full_data", lambda: None)
    monkeypatch.setattr(fashion_mnist, "SAMPLE_FILE", tmp_path / "gone.npz")
    [(state, text)] = lines(capsys, check_setup.check_images)
    assert state == "FIX"
    assert "make data" in text


def test_unreadable_data_is_named_with_the_way_to_fix_it(monkeypatch, capsys):
    def unreadable():
        raise OSError("images.gz is damaged")

    monkeypatch.setattr(fashion_mnist, "find_full_data", unreadable)
    [(state, text)] = lines(capsys, check_setup.check_images)
    assert state == "FIX"
    assert "images.gz is damaged" in text
    assert "make data" in text


def test_a_kernel_of_another_python_is_to_be_fixed(monkeypatch, tmp_path, capsys):
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [str(tmp_path / "other" / "python"), "-m", "ipykernel_launcher", "-f", "{file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "other"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    [(state, text)] = lines(capsys, check_setup.check_jupyter)
    assert state == "FIX"
    assert "ipykernel install" in text


def test_the_images_are_named_if_all_of_them_are_there(monkeypatch, capsys):
    monkeypatch.setattr(fashion_mnist, "find_full_data", lambda: "a/folder")
    assert lines(capsys, check_setup.check_images) == [("ok", "Fashion-MNIST: a/folder")]


@pytest.mark.parametrize("backend", ["Agg", "agg", "TkAgg", "svg"])
def test_a_backend_that_hides_figures_is_to_be_fixed(backend, monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", backend)
    found = lines(capsys, check_setup.check_python)
    assert (
        "FIX",
        f"MPLBACKEND={backend} can hide all figures: unset it, restart JupyterLab",
    ) in found


@pytest.mark.parametrize("backend", ["inline", "module://matplotlib_inline.backend_inline"])
def test_the_backend_that_jupyter_gives_its_kernels_is_fine(backend, monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", backend)
    assert [state for state, _ in lines(capsys, check_setup.check_python)] == ["ok"]


def test_assertions_that_are_skipped_are_to_be_fixed():
    run = python("-O", "scripts/check_setup.py")
    assert run.returncode == 1
    assert "PYTHONOPTIMIZE skips all assertions" in run.stdout


def test_another_sh_teach_that_hides_this_one_is_to_be_fixed(monkeypatch, tmp_path, capsys):
    other = tmp_path / "sh_teach"
    other.mkdir()
    (other / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    _, (state, text) = lines(capsys, check_setup.check_python)
    assert state == "FIX"
    assert str(other) in text
    assert "unset PYTHONPATH" in text


def test_a_check_that_fails_in_any_way_is_a_line_and_the_next_ones_run(monkeypatch, capsys):
    def check_weather():
        yield "ok", "sunny"
        raise ZeroDivisionError("no clouds")

    checks = {check_weather: "wait", lambda: [("ok", "a"), ("note", "b")]: ""}
    monkeypatch.setattr(check_setup, "CHECKS", checks)
    assert check_setup.main() == 1
    assert capsys.readouterr().out == (
        "FIX   weather (ZeroDivisionError('no clouds')): wait\nok    a\nnote  b\n"
    )


def test_nothing_to_fix_makes_the_exit_code_0(monkeypatch, capsys):
    monkeypatch.setattr(check_setup, "CHECKS", {lambda: [("ok", "a"), ("note", "b")]: ""})
    assert check_setup.main() == 0
    assert capsys.readouterr().out == "ok    a\nnote  b\n"


# --- storing notebooks ---------------------------------------------------------------------


def code(source, count, *outputs, tags=()):
    """Make a code cell as it is stored."""
    metadata = {"tags": list(tags)} if tags else {}
    return v4.new_code_cell(
        source, execution_count=count, outputs=list(outputs), metadata=metadata
    )


def text_of(*cells, title="# Title"):
    """Give the text of a notebook that is in the stored form."""
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell(title), *cells])
    return script.dumps(script.normalise(notebook))


GOOD = text_of(code("print(1)", 1, v4.new_output("stream", text="1\n")), code("", None))
IGNORED = ["nbval-ignore-output"]
ERROR = v4.new_output("error", ename="ValueError", evalue="no", traceback=[])


def test_the_check_accepts_a_stored_notebook():
    assert script.faults(GOOD) == []


def test_the_check_accepts_an_expected_error():
    assert script.faults(text_of(code("1/0", 1, ERROR, tags=["raises-exception"]))) == []


def test_the_check_accepts_a_comment_that_looks_like_a_title():
    assert script.faults(text_of(title="# Title\n\n```\n# no title\n```")) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "no valid notebook"),
        ("{}", "no valid notebook"),
        (GOOD.rstrip(), "stored form"),
        (GOOD.replace('"name": "python3"', '"name": "mine"'), "stored form"),
        (GOOD.replace('"metadata": {}', '"metadata": {"scrolled": true}', 1), "stored form"),
        (GOOD.replace('"metadata": {\n', '"metadata": {"widgets": {},\n'), "state of widgets"),
        (text_of(code("1", None)), "not run from top to bottom"),
        (text_of(code("1", 2), code("2", 1)), "not run from top to bottom"),
        (text_of(code("1", 2)), "not run from top to bottom"),
        (text_of(code("1/0", 1, ERROR)), "no tag raises-exception"),
        (text_of(code("1", 1, v4.new_output("stream", name="stderr", text="!"))), "stderr"),
        (text_of(*(code("1", n, tags=IGNORED) for n in (1, 2, 3))), "more than 2"),
        (text_of(code("1", 1, tags=["nbval-skip"])), "nbval-skip"),
        (text_of(code("# NBVAL_IGNORE_OUTPUT\n1", 1)), "in a comment"),
        (text_of(code("1\n#nbval_skip", 1)), "in a comment"),
        (text_of(title="# Title\n\n![](rungs.png)"), "no alt text"),
        (text_of(title="# Title\n\n![ ][rungs]"), "no alt text"),
        (text_of(title="# Title\n\n<img src='rungs.png'>"), "no alt text"),
        (text_of(title='# Title\n\n<img alt="" src="rungs.png">'), "no alt text"),
        (text_of(title="## Section"), "0 titles"),
        (text_of(title="# One\n\n# Two"), "2 titles"),
        (text_of(title="# One\n\nTwo\n==="), "2 titles"),
    ],
)
def test_the_check_names_each_fault(text, fault):
    assert fault in " | ".join(script.faults(text))


def test_the_check_ends_with_1_and_the_name_of_the_notebook(tmp_path, capsys):
    path = tmp_path / "bad.ipynb"
    path.write_text("{", encoding="utf-8")
    assert script.main(["--check", str(path)]) == 1
    assert str(path) in capsys.readouterr().err


def test_cells_keep_a_valid_id_and_get_a_stable_one_otherwise():
    cells = [v4.new_code_cell() for _ in range(4)]
    for cell, name in zip(cells, ("code-2", "?", "kept", "kept"), strict=True):
        cell.id = name
    script.give_ids(cells)
    assert [cell.id for cell in cells] == ["code-2", "code-2-again", "kept", "code-4"]


def test_pieces_of_one_stream_are_stored_as_one():
    pieces = [v4.new_output("stream", text=text) for text in ("a", "b")]
    merged = script.merge_streams([*pieces, v4.new_output("stream", name="stderr", text="c")])
    assert [(output.name, output.text) for output in merged] == [("stdout", "ab"), ("stderr", "c")]


def write(path, *sources):
    """Write a notebook that was never run, as an editor would."""
    cells = [v4.new_markdown_cell("# Title"), *map(v4.new_code_cell, sources)]
    nbformat.write(v4.new_notebook(cells=cells), path)


def test_storing_twice_gives_the_same_file_and_the_check_accepts_it(tmp_path):
    path = tmp_path / "tiny.ipynb"
    write(path, "import os, sys", "print(1)\nprint(2)", "", "print(os.getcwd(), sys.executable)")
    assert script.main([str(path)]) == 0
    once = path.read_bytes()
    assert script.main([str(path)]) == 0
    assert path.read_bytes() == once
    assert script.main(["--check", str(path)]) == 0
    # It ran in its own folder, and with this Python.
    last = nbformat.read(path, as_version=4).cells[-1].outputs[0].text
    assert last == f"{tmp_path} {sys.executable}\n"


def test_a_failing_cell_leaves_the_file_as_it_was_and_is_shown(tmp_path, capsys):
    path = tmp_path / "failing.ipynb"
    write(path, "1 + 1", "raise ValueError('no such rung')")
    before = path.read_bytes()
    assert script.main([str(path)]) == 1
    assert path.read_bytes() == before
    assert "no such rung" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]
