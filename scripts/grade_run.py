"""Run one notebook of a student in a process of its own, with limits: the outer half of grading.

If a limit stops the process, or a cell ends it, it is started again without that cell: one endless
loop costs one exercise. The verdicts come from the checks of the master copy alone; they are
reported on a channel of their own, with a token, so no print can forge them.
"""

import json
import os
import queue
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from grade_plan import exercises, make_plan
from store_notebooks import NOTEBOOKS

RIGHT, NOT_YET, NOT_ATTEMPTED = "right", "not yet", "not attempted"
WORKER = Path(__file__).with_name("grade_worker.py")
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--ipc", "--pid"]
UNSHARE += ["--fork", "--kill-child", "--mount-proc"]
KEPT = ["PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV", "SH_TEACH_DATA"]
DID_NOT_START = "did not start"
MOST_STARTS = 6
TO_IMPORT = 120  # seconds, on a busy machine
FOR_THE_TEXT = 5  # times as long as a student's cell has: some of the text trains a network


@dataclass
class Limits:
    """What each notebook may use; the folders that it must not see; whether there is a fence."""

    seconds: float = 60
    megabytes: int = 2000
    printed: int = 10_000_000
    hidden: list = field(default_factory=list)
    fenced: bool = True


def can_fence(limits):
    """Return whether this system lets us shut a process in; some, and most containers, do not."""
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        return False
    return not run_once([], limits)[1]


def grade_notebook(master, handed_in, limits):
    """Return the result of each exercise, and remarks: pairs of an exercise, or None, and a text.

    Both notebooks are lists of cells.
    """
    plan = make_plan(master, handed_in)
    results = dict.fromkeys(exercises(master), NOT_ATTEMPTED)
    results |= dict.fromkeys(plan.attempted, NOT_YET)
    remarks, left_out, everything = list(plan.remarks), [], False
    for _ in range(MOST_STARTS if plan.items else 0):
        items = [item for item in plan.items if (item.cell, item.source) not in left_out]
        # Without its stub, there is nothing to check.
        stubs = {item.exercise for item in items if item.kind == "stub"}
        items = [item for item in items if item.kind != "check" or item.exercise in stubs]
        reports, stopped = run_once(items, limits)
        if stopped == DID_NOT_START:
            remarks.append((None, "could not be run: is the limit of memory too low?"))
            break
        if stopped and len(reports) < len(items):
            item = items[len(reports)]
            left_out.append((item.cell, item.source))
            remarks.append((item.exercise, f"{place_of(item)} {stopped}: left out"))
        elif not everything and text_failed(items, reports):
            # What was left out of the text is needed after all.
            everything, plan = True, make_plan(master, handed_in, everything=True)
        else:
            break
    else:
        if plan.items:
            remarks.append((None, "stopped too often: the rest was not run"))
    failed = {exercise for exercise, _ in remarks[len(plan.remarks) :]}
    for item, report in zip(items, reports, strict=False) if plan.items else ():
        if item.kind == "check":
            results[item.exercise] = verdict(report["said"])
        if not report["error"] or item.kind in ("text", "defined"):
            continue
        # A check whose stub has failed has nothing to add.
        if item.kind != "check" or item.exercise not in failed:
            remarks.append((item.exercise, f"{place_of(item)} ended with {report['error']}"))
        failed.add(item.exercise)
    return results, sorted(dict.fromkeys(remarks), key=lambda remark: remark[0] or 0)


def place_of(item):
    return {"stub": "its cell", "check": "its check"}.get(item.kind, "a cell")


def text_failed(items, reports):
    """Return whether the master's text failed before any exercise."""
    for item, report in zip(items, reports, strict=True):
        if item.kind == "stub":
            return False
        if item.kind == "text" and report["error"]:
            return True
    return False


def verdict(said):
    """Return the result that a check came to: the last one that it printed."""
    for text in reversed(said):
        if text.startswith(NOT_ATTEMPTED):
            return NOT_ATTEMPTED
        if text.startswith(NOT_YET):
            return NOT_YET
        last = text.splitlines()[-1] if text else ""
        if re.match(r"right\b", text) or re.fullmatch(r"\d+ passed", last):
            return RIGHT
        if re.search(r"\d+ failed\b", last):
            return NOT_YET
    return NOT_YET


def run_once(items, limits):
    """Run the items in a new process; return a report of each that ended, and why it stopped."""
    token, events = secrets.token_hex(), queue.Queue()
    with tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as scratch:
        process = start(scratch, limits)
        readers = [
            Thread(target=read_results, args=(process.stdout, token, limits, events), daemon=True),
            Thread(target=read_printed, args=(process.stderr, limits, events), daemon=True),
        ]
        for reader in readers:
            reader.start()
        task = [
            {
                "kind": item.kind,
                "source": item.source,
                "imports": sorted(item.binds) if item.imports else [],
            }
            for item in items
        ]
        try:
            with process.stdin as stdin:
                stdin.write(json.dumps({"token": token, "items": task}).encode())
        except OSError:  # it has ended; the events say so
            pass
        try:
            return watch(items, limits, events)
        finally:
            stop(process)
            for reader in readers:
                reader.join(timeout=10)  # without a fence, what it started may hold the pipe


def start(scratch, limits):
    beside = [path for path in NOTEBOOKS.iterdir() if path.suffix in (".py", ".md")]
    settings = {
        "scratch": scratch,
        "fenced": limits.fenced,
        "hidden": [str(Path(folder).resolve()) for folder in limits.hidden],
        "megabytes": limits.megabytes,
        "copied": [str(path) for path in [*beside, *font_lists()]],
    }
    own = dict.fromkeys(["HOME", "TMPDIR", "TEMP", "USERPROFILE", "MPLCONFIGDIR"], scratch)
    own |= {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(NOTEBOOKS.parent)}
    command = [sys.executable, str(WORKER), json.dumps(settings)]
    return subprocess.Popen(
        [*UNSHARE, *command] if limits.fenced else command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: os.environ[name] for name in KEPT if name in os.environ} | own,
        cwd=scratch,
        start_new_session=True,
    )


def font_lists():
    """Return the files in which matplotlib remembers the fonts: finding them takes seconds."""
    import matplotlib.font_manager

    return Path(matplotlib.get_cachedir()).glob("fontlist*.json")


def stop(process):
    """End a process and all that it started, as far as the system can find it."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def read_results(pipe, token, limits, events):
    """Pass on the lines with the token; any other was written by a student's code."""
    strange = 0
    with pipe:
        while line := pipe.readline(1_000_000):
            try:
                sender, event = json.loads(line)
            except (ValueError, TypeError, RecursionError):
                sender = None
            if sender == token:
                events.put(event)
            elif (strange := strange + len(line)) > limits.printed:
                events.put({"stopped": "printed too much"})
                return
    events.put({"stopped": "ended the process"})


def read_printed(pipe, limits, events):
    """Count what is printed, and keep none of it."""
    printed = 0
    with pipe:
        while piece := pipe.read1(65536):
            printed += len(piece)
            if printed > limits.printed:
                events.put({"stopped": "printed too much"})
                return


def watch(items, limits, events):
    """Return the reports of the items, and why no more came: nothing if all of them ended."""
    reports, seconds, started = [], TO_IMPORT, False
    while True:
        try:
            event = events.get(timeout=seconds)
        except queue.Empty:
            return reports, f"did not end within {seconds:g} s"
        if "stopped" in event:
            return reports, event["stopped"] if started else DID_NOT_START
        if "end" in event:
            return reports, ""
        if "start" in event:
            started = True
            text = items[event["start"]].kind in ("text", "defined")
            seconds = limits.seconds * (FOR_THE_TEXT if text else 1)
        else:
            reports.append(event)
