"""Check that this computer is ready for the notebooks: ``python scripts/check_setup.py``.

Each line starts with ``ok``, ``note`` (good to know) or ``FIX`` (what the notebooks still need).
"""

import multiprocessing
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
INSTALL = "run `make lab`, or `pip install -e .` in the project's folder"


def check_python():
    """Compare the version with the oldest that is enough, and find what disturbs notebooks."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one can still run this file
        raise RuntimeError(f"{sys.version}: the notebooks need 3.11 or newer")
    yield "ok", f"Python {sys.version.split()[0]} in {sys.prefix}"
    backend = os.environ.get("MPLBACKEND", "inline")
    if "inline" not in backend:  # Jupyter's own, which a notebook's cell has as well
        yield "FIX", f"MPLBACKEND={backend} can hide all figures: unset it, restart JupyterLab"
    if not __debug__:
        yield "FIX", "PYTHONOPTIMIZE skips all assertions: unset it, restart JupyterLab"
    anywhere = [sys.executable, "-P", "-c", "import sh_teach; print(sh_teach.__path__[0])"]
    found = subprocess.run(anywhere, capture_output=True, text=True).stdout.strip()
    if found and not (ROOT / "sh_teach").samefile(found):
        yield "FIX", f"notebooks import another sh_teach, {found}: unset PYTHONPATH, or {INSTALL}"


def check_packages():
    """Compare each package that the project asks for with its pin, and see whether torch loads."""
    from torch import cuda

    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", CONSTRAINTS.read_text("utf-8"), re.M))
    required = [line for line in metadata.requires("sh_teach") or [] if "extra ==" not in line]
    for name in (re.match(r"[\w.-]+", line)[0] for line in required):
        version = metadata.version(name).partition("+")[0]
        pin = pins.get(name, version)
        yield "ok" if version == pin else "note", f"{name} {version}, notebooks made with {pin}"
    yield "ok", f"torch on {cuda.get_device_name() if cuda.is_available() else 'cpu'}"


def check_images():
    """Say which images the training will use."""
    from sh_teach.objectives.fashion_mnist import SAMPLE_FILE, find_full_data

    SAMPLE_FILE.stat()  # raises an exception if it is not there
    folder = find_full_data()
    found = folder or "the included sample; `make data` gets all of it"
    yield "ok" if folder else "note", f"Fashion-MNIST: {found}"


def check_processes():
    """Start a local process that computes something."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply_async(pow, (2, 5)).get(timeout=60)
    yield "ok", "local processes can be started"


def check_jupyter():
    """Find JupyterLab, and see whether its kernel is the Python that runs this."""
    from jupyter_client.kernelspec import KernelSpecManager

    python = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    # Jupyter takes a bare "python" to mean the one that it runs with itself.
    if python.parent not in (Path(), Path(sys.executable).parent):
        raise RuntimeError(f"the kernel python3 is another Python, {python}")
    yield "ok", f"JupyterLab {metadata.version('jupyterlab')}, kernel python3 is this Python"


CHECKS = {
    check_python: INSTALL,
    check_packages: INSTALL,
    check_images: "get them with `make data`",
    check_processes: "free memory, or keep to `workers=1`",
    check_jupyter: f"{INSTALL}, or `python -m ipykernel install --sys-prefix` with this Python",
}


def main():
    """Print a line for each thing checked; return the exit code, 1 if there is one to fix."""
    states = set()
    for check, remedy in CHECKS.items():
        try:
            lines = list(check())
        except Exception as error:
            lines = [("FIX", f"{check.__name__[6:]} ({error!r}): {remedy}")]
        for state, text in lines:
            print(f"{state:<5} {text}", flush=True)
            states.add(state)
    return int("FIX" in states)


if __name__ == "__main__":
    sys.exit(main())
