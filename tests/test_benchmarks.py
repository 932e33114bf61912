"""The benchmarks take too long to be tested, but each of them can start."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("script", sorted(path.stem for path in FOLDER.glob("[!_]*.py")))
def test_a_benchmark_finds_all_that_it_imports(script):
    for tool in ("optuna", "syne_tune", "playwright"):
        pytest.importorskip(tool)
    command = [sys.executable, "-c", f"import {script}"]
    run = subprocess.run(command, cwd=FOLDER, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 0, run.stderr
