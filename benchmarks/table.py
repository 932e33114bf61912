"""The table that all benchmarks print, and what it was measured with."""

import importlib.metadata
import platform
from pathlib import Path


def row(what, figure, against="", ratio="", target=""):
    """Return a row of the table; a ratio compares two figures measured in the same run."""
    names = ("what", "figure", "compared with", "ratio", "target")
    return dict(zip(names, (what, figure, against, ratio, target), strict=True))


def markdown(rows):
    """Return dicts with the same keys as a table in Markdown."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(row.values() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show(rows, *packages, note=""):
    """Print the table, a note, and the versions of Python and of these packages."""
    named = [f"{package} {importlib.metadata.version(package)}" for package in packages]
    made_with = ", ".join([f"Python {platform.python_version()}", *named, processor()])
    print(markdown(rows), f"{note} {made_with}".lstrip(), sep="\n\n")


def processor():
    """Return how many processors there are and of which kind, if the system says so."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor() or platform.machine()
