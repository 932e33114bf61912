"""Check that this computer is ready for the notebooks: ``python -m sh_teach``.

Each line starts with ``ok``, ``note`` (good to know) or ``FIX`` (what the notebooks still need).
"""

import importlib.metadata
import multiprocessing
import os
import re
import sys
from pathlib import Path

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
INSTALL = "run `make lab`, or `pip install -e .` in the project's folder"


def check_python():
    """Compare the version of Python with the oldest that is enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one can still run this file
        yield "FIX", f"Python {version}: install 3.11 or newer, then {INSTALL}"
    else:
        yield "ok", f"Python {version} in {sys.prefix}"


def check_packages():
    """Compare each package that the project asks for with its pin."""
    pins = {}
    if CONSTRAINTS.exists():  # it is beside the package only if that is installed with -e
        pins = dict(re.findall(r"^([\w.-]+)==(\S+)", CONSTRAINTS.read_text("utf-8"), re.M))
    try:
        required = importlib.metadata.requires("sh_teach") or []
    except importlib.metadata.PackageNotFoundError:
        yield "FIX", f"sh_teach is not installed, notebooks will not find it: {INSTALL}"
        return
    for name in (re.match(r"[\w.-]+", line)[0] for line in required if "extra ==" not in line):
        try:
            version = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            yield "FIX", f"{name} is missing: {INSTALL}"
            continue
        if pins.get(name, version) != version:
            yield "note", f"{name} {version}, the notebooks were made with {pins[name]}"
        else:
            yield "ok", f"{name} {version}{', as pinned' if name in pins else ''}"


def check_data():
    """Say which images the training will use."""
    try:
        from sh_teach.objectives import fashion_mnist

        folder = fashion_mnist.find_full_data(folder=None)
    except (ImportError, OSError, ValueError) as error:
        yield "FIX", f"the images cannot be read ({error}): get them again with `make data`"
        return
    if folder:
        yield "ok", f"all of Fashion-MNIST in {folder}"
    elif fashion_mnist.SAMPLE_FILE.exists():
        yield "note", "Fashion-MNIST: the included sample; `make data` gets all of it"
    else:
        yield "FIX", f"no images, not even {fashion_mnist.SAMPLE_FILE}: get them with `make data`"


def check_torch():
    """Say what the training will run on."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library of torch does not load
        yield "FIX", f"torch cannot be imported ({error}): {INSTALL}"
        return
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    # On Linux, a container or a cluster may allow fewer cores than there are.
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    yield "ok", f"torch on {device}; {cores} cores, {torch.get_num_threads()} torch threads"


def check_processes():
    """Start a local process that computes something."""
    try:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.apply_async(pow, (2, 5)).get(timeout=60)
        yield "ok", "local processes can be started"
    except (ImportError, OSError, RuntimeError, multiprocessing.TimeoutError) as error:
        reason = f"{type(error).__name__} {error}".strip()
        yield "FIX", f"no local process starts ({reason}): free memory, or keep to `workers=1`"


def check_jupyter():
    """Find JupyterLab, and see whether its kernel is the Python that runs this."""
    install_kernel = "run `python -m ipykernel install --sys-prefix` with this Python"
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

        lab = importlib.metadata.version("jupyterlab")
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except ImportError:  # also a package that is not installed
        yield "FIX", f"JupyterLab is missing: {INSTALL}"
    except NoSuchKernel:
        yield "FIX", f"JupyterLab has no kernel python3: {install_kernel}"
    else:
        # Jupyter takes a bare "python" to mean the one that it runs with itself.
        if Path(command).parent in (Path(), Path(sys.executable).parent):
            yield "ok", f"JupyterLab {lab}, kernel python3 is this Python"
        else:
            yield "FIX", f"the kernel python3 is another Python, {command}: {install_kernel}"


CHECKS = (check_python, check_packages, check_data, check_torch, check_processes, check_jupyter)


def main():
    """Print a line for each thing checked; return the exit code, 1 if there is one to fix."""
    states = set()
    for check in CHECKS:
        for state, text in check():
            print(f"{state:<5} {text}", flush=True)
            states.add(state)
    return int("FIX" in states)


if __name__ == "__main__":
    sys.exit(main())
