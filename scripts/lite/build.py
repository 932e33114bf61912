"""Build the browser edition: a folder that any static file server can serve.

    python scripts/lite/build.py TARGET WHEELS               Pyodide comes from its public CDN
    python scripts/lite/build.py TARGET WHEELS --pyodide P   from a folder, copied into the site,
                                                             or from another address

WHEELS is a folder with the packages that Pyodide lacks. Needs scripts/lite/requirements.txt.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import nbformat
from wheels import described, pack

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension/static"
# JupyterLite reads the settings for all pages from this one.
ENTRANCE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=lab/index.html?path=notebooks/00_start_here.ipynb">
<title>sh_teach</title>
<script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{}</script>
<a href="lab/index.html?path=notebooks/00_start_here.ipynb">Open the first notebook</a>
</html>
"""
# Loaded while Pyodide starts. The first ones are what the kernel would ask an index for.
AT_START = "ssl sqlite3 micropip piplite ipykernel comm pyodide_kernel jedi ipython"
AT_START += " sh-teach sh-teach-notebooks"
PROCESSES = "07_scaling_out.ipynb"
READ_ONLY = """> **To read.** This notebook starts processes, which a browser tab cannot do. \
Here you can read it with its stored outputs. To run it, install the course: `make lab`."""
CORE = ["pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip"]


def copy_contents(folder):
    """Copy what the file browser of the site shows."""
    leftovers = shutil.ignore_patterns(".*", "__pycache__")
    for name in ("notebooks", "img"):
        shutil.copytree(ROOT / name, folder / name, ignore=leftovers)
    cards = folder / "sh_teach" / "data"
    cards.mkdir(parents=True)
    for card in (ROOT / "sh_teach" / "data").glob("*.md"):
        shutil.copy(card, cards)
    for path in (folder / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, 4)  # joins lines, as a Jupyter server does for JupyterLab
        if path.name == PROCESSES:
            note = {"cell_type": "markdown", "id": "to-read", "metadata": {}, "source": READ_ONLY}
            notebook["cells"].insert(1, note)
        path.write_text(json.dumps(notebook, ensure_ascii=False), "utf-8")


def public_address():
    """Return the address from which JupyterLite's kernel by itself would load Pyodide."""
    for script in sorted(Path(sys.prefix, EXTENSION).glob("*.js")):
        found = re.search(r"https://[^\"']+/full/(?=pyodide\.js)", script.read_text("utf-8"))
        if found:
            return found.group()
    raise LookupError("JupyterLite's kernel no longer names where Pyodide is")


def packages_needed(lock, wheels):
    """Return those packages of Pyodide's that are loaded at the start, with all they need."""
    entries = lock["packages"] | {wheel["name"]: wheel for wheel in wheels}
    wanted, found = AT_START.split(), {}
    while wanted:
        name = wanted.pop().lower().replace("_", "-")
        if name not in found:
            found[name] = entries[name]
            wanted += entries[name]["depends"]
    ours = {wheel["name"] for wheel in wheels}
    return {name: entry for name, entry in found.items() if name not in ours}


def copy_pyodide(source, target, wheels):
    """Copy what the site needs of a Pyodide; say what is missing or not as its list says."""
    lock = json.loads((source / "pyodide-lock.json").read_text("utf-8"))
    series = re.search(r"pyodide/v(\d+\.\d+)\.", public_address()).group(1)
    version = lock["info"]["version"]
    if not version.startswith(f"{series}."):
        raise SystemExit(f"{source} is Pyodide {version}; this JupyterLite needs {series}")
    lock["packages"] = packages_needed(lock, wheels)
    files = {entry["file_name"]: entry["sha256"] for entry in lock["packages"].values()}
    missing = [name for name in [*CORE, *files] if not (source / name).is_file()]
    if missing:
        raise SystemExit(f"{source} is no whole Pyodide {version}: it lacks {', '.join(missing)}")
    for name, sum_ in files.items():
        if sha256((source / name).read_bytes()).hexdigest() != sum_:
            raise SystemExit(f"{source / name} is damaged: the list has another checksum")
    target.mkdir(parents=True)
    for name in [*CORE, *files]:
        shutil.copy(source / name, target)
    (target / "pyodide-lock.json").write_text(json.dumps(lock), "utf-8")


def add_loader(site, wheels, pyodide):
    """Put the wheels and the script that loads Pyodide into a site."""
    folder = site / "static" / "sh_teach"
    folder.mkdir(parents=True)
    for wheel in wheels:
        shutil.copy(wheel, folder)
    described_wheels = [described(wheel) for wheel in wheels]
    (folder / "wheels.json").write_text(json.dumps(described_wheels, indent=1), "utf-8")
    if pyodide and not pyodide.startswith("http"):
        copy_pyodide(Path(pyodide), folder / "pyodide", described_wheels)
        pyodide = "pyodide/"
    loader = (Path(__file__).parent / "pyodide.js").read_text("utf-8")
    loader = loader.replace("{{PYODIDE}}", pyodide or public_address())
    (folder / "pyodide.js").write_text(loader, "utf-8")


def configuration():
    """Return what JupyterLite is told."""
    kernel = {
        "pyodideUrl": "./static/sh_teach/pyodide.js",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": AT_START.split()},
    }
    data = {
        "appName": "sh_teach",
        "exposeAppInBrowser": True,
        "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


def leave_arrow_keys_to_sliders(site):
    """Keep JupyterLab from taking the arrow keys of a slider for a move to another cell."""
    schemas = site / "build" / "schemas" / "all.json"
    plugins = json.loads(schemas.read_text("utf-8"))
    changed = 0
    for plugin in plugins:
        for shortcut in plugin["schema"].get("jupyter.lab.shortcuts", []):
            focus = shortcut["selector"].endswith(" :focus")
            if focus and "".join(shortcut["keys"]).startswith("Arrow"):
                shortcut["selector"] += ":not([role=slider])"
                changed += 1
    if changed != 4:
        raise LookupError(f"{changed} in place of 4 shortcuts of JupyterLab take an arrow key")
    schemas.write_text(json.dumps(plugins), "utf-8")


def settings():
    """Return what differs from JupyterLab's own settings."""
    return {
        "@jupyterlab/docmanager-extension:plugin": {
            "defaultViewers": {"markdown": "Markdown Preview"}
        },
    }


def build(site, wheels, pyodide=None):
    """Build the site in a folder that is replaced."""
    site.parent.mkdir(parents=True, exist_ok=True)
    # On the same disk, so that the site is there as a whole or not at all.
    with tempfile.TemporaryDirectory(dir=site.resolve().parent) as temporary:
        lite, new = Path(temporary, "lite"), Path(temporary, "site")
        copy_contents(lite / "contents")
        (lite / "jupyter-lite.json").write_text(json.dumps(configuration()), "utf-8")
        (lite / "overrides.json").write_text(json.dumps(settings()), "utf-8")
        command = [sys.executable, "-m", "jupyterlite_core", "build", "--apps=lab"]
        command += ["--no-sourcemaps", "--no-unused-shared-packages", "--no-libarchive"]
        command += [f"--lite-dir={lite}", f"--output-dir={new}", f"--contents={lite / 'contents'}"]
        done = subprocess.run(command, cwd=temporary, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        wheels = [*wheels, *Path(sys.prefix, EXTENSION, "pypi").glob("[!w]*.whl"), *pack(lite)]
        add_loader(new, wheels, pyodide)
        leave_arrow_keys_to_sliders(new)
        (new / "index.html").write_text(ENTRANCE, "utf-8")
        shutil.rmtree(site, ignore_errors=True)
        new.rename(site)


def main():
    """Build, then say how large the site is and how it is opened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("--pyodide")
    options = parser.parse_args()
    build(options.site, sorted(options.wheels.glob("*.whl")), options.pyodide)
    size = sum(path.stat().st_size for path in options.site.rglob("*") if path.is_file())
    print(f"{options.site}: {size / 1e6:.0f} MB. Open it with a static file server, such as")
    print(f"python -m http.server --directory {options.site}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
