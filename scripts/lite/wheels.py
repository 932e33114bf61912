"""The wheels of the browser edition that Pyodide lacks, and what its list has to say of them."""

import re
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

ROOT = Path(__file__).resolve().parents[2]
# What the wheels need, in Pyodide's names. Their own lists name more, such as torch.
NEEDS = {
    "sh-teach": "numpy scipy pandas matplotlib tqdm platformdirs filelock cloudpickle ipywidgets",
    "ipywidgets": "comm ipython traitlets",
    "pyodide-kernel": "ipykernel ipython jedi comm traitlets",
    "piplite": "micropip",
}


def pack(folder):
    """Write what is ours into a folder as wheels: the images come only where they are used.

    The modules beside the notebooks are one, too. By http from another machine, as in a classroom,
    a browser has no service worker, and without one the kernel does not see the files of the site.
    """
    module = (ROOT / "sh_teach" / "__init__.py").read_text("utf-8")
    version = re.search('__version__ = "(.+)"', module).group(1)
    files = [path for path in sorted((ROOT / "sh_teach").rglob("*")) if path.is_file()]
    files = [path for path in files if "__pycache__" not in path.parts]
    images = [path for path in files if path.name.startswith("fashion_mnist_sample")]
    others = [path for path in files if path not in images]
    return [
        write_wheel(folder, f"sh_teach-{version}", others),
        write_wheel(folder, f"sh_teach_images-{version}", images),
        write_wheel(folder, f"sh_teach_notebooks-{version}", beside_notebooks(), "notebooks"),
    ]


def beside_notebooks():
    return sorted((ROOT / "notebooks").glob("*.py"))


def write_wheel(folder, name, files, base=""):
    path = folder / f"{name}-py3-none-any.whl"
    about = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n".format(*name.split("-"))
    with ZipFile(path, "w", ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{name}.dist-info/METADATA", about)
        wheel.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        for file in files:
            wheel.write(file, file.relative_to(ROOT / base))
    return path


def imports(name, wheel):
    """Return the imports in a cell that make Pyodide load a wheel."""
    if name == "sh-teach-images":  # those of the modules beside the notebooks that read them
        return [p.stem for p in beside_notebooks() if "fashion_mnist" in p.read_text("utf-8")]
    with ZipFile(wheel) as files:
        tops = {file.split("/")[0] for file in files.namelist()}
    return sorted(top for top in tops if top.isidentifier())


def described(wheel):
    """Return what Pyodide's list of packages says of a wheel."""
    name, version = wheel.name.split("-")[:2]
    name = name.lower().replace("_", "-")
    return {
        "name": name,
        "version": version,
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": imports(name, wheel),
        "depends": NEEDS.get(name, "").split(),
        "unvendored_tests": False,
    }
