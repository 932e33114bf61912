"""What a benchmark was measured with: ``python benchmarks/machine.py``."""

import importlib.metadata
import platform
from pathlib import Path


def versions(*packages):
    """Return one line: the versions of Python and of these packages, and the processor."""
    named = [f"{package} {importlib.metadata.version(package)}" for package in packages]
    return ", ".join([f"Python {platform.python_version()}", *named, processor()])


def processor():
    """Return how many processors there are and of which kind, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    print(versions("sh_teach", "torch", "torchvision", "numpy", "scipy", "pandas"))
