"""A run on disk: its journal, from which it continues after a crash, and its checkpoints."""

import json
import math
import os
import warnings
from contextlib import contextmanager
from uuid import uuid4

import numpy as np
from filelock import FileLock, Timeout

from sh_teach.arguments import path_of
from sh_teach.files import append_line, replace_file
from sh_teach.running.accepted import settings_of_run
from sh_teach.words import listing

VERSION = 3  # 2 had no run id, and 1 the scheduler's attributes in place of its settings
START = b'{"journal": "sh_teach", '
SUGGESTION = "number", "trial_id", "round", "config"
RESULT = "number", "started", "worker", "ended", "error", "failure"
TORN = "the last line was cut off, as by a crash; the work that it recorded is repeated"


class Journal:
    """A file of JSON lines: the settings of a run, then every suggestion and every result.

    Replaying it through a new scheduler gives the scheduler's state, so nothing else is stored.
    """

    def __init__(self, path, scheduler):
        self.path = path_of("journal", path)
        self._named = f"journal={str(path)!r}"
        if not self.path.parent.is_dir():
            raise ValueError(f"{self._named}: its folder does not exist")
        if self.path.is_dir():
            raise ValueError(f"{self._named}: it is a folder. Name a file in it")
        try:
            self._run = _plain(settings_of_run(scheduler), "settings")
        except ValueError as error:
            raise ValueError(f"{self._named}: {error}") from None
        self.run_id = uuid4().hex  # unless the file has one
        self._size = None  # of what was read or written here

    def entries(self):
        """Return what was written; a last line that was cut off is removed, with a warning."""
        try:
            with locked(self.path, self._named):
                return self._read()
        except OSError as error:
            raise ValueError(f"{self._named}: it cannot be used: {error.strerror}") from error

    def _read(self):
        content = b""
        if self.path.exists():
            with open(self.path, "r+b") as file:  # which fails now if it cannot be written
                content = file.read()
        self._size = len(content)
        lines = content.splitlines(keepends=True)
        entries = [_parse(line) for line in lines]
        cut_header = entries == [None] and START.startswith(lines[0][: len(START)])
        if lines and not cut_header:
            self._check_header(entries[0])
        if lines and entries[-1] is None:
            warnings.warn(f"{self._named}: {TORN}", stacklevel=5)
            self._size -= len(lines[-1])
            os.truncate(self.path, self._size)
            entries.pop()
        if None in entries:
            raise ValueError(f"{self._named}: line {entries.index(None) + 1} is damaged")
        return [entry for entry in entries[1:] if entry]

    def _check_header(self, header):
        """Raise a ValueError unless the header is that of this run; keep its run id."""
        if not header or header.get("journal") != "sh_teach" or "run" not in header:
            raise ValueError(f"{self._named}: line 1 is damaged, or this is no journal in UTF-8")
        if (version := header.get("version", 1)) != VERSION:
            allowed = f"version {VERSION} is read here. Take a new file"
            raise ValueError(f"{self._named}: it has version {version} of the format; {allowed}")
        if difference := _difference(header["run"], self._run):
            raise ValueError(f"{self._named}: it belongs to another run. {difference}")
        self.run_id = header["id"]

    @contextmanager
    def in_use(self):
        """Lock the journal for a run, unless another run has continued it since it was read."""
        with locked(self.path, self._named):
            if self._size != (self.path.stat().st_size if self.path.exists() else 0):
                why = "it is not as this tuner left it; perhaps another run has continued it"
                raise RuntimeError(f"{self._named}: {why}. Make a new tuner")
            yield

    def write(self, evaluation, names):
        """Add a line with these items of an evaluation; after an OSError nothing is written."""
        content = _line(_items(evaluation, names))
        if not self._size:
            run = {"journal": "sh_teach", "version": VERSION, "run": self._run, "id": self.run_id}
            content = _line(run) + content
        append_line(self.path, content)
        self._size += len(content)

    def compare(self, entry, evaluation):
        """Raise a ValueError unless the scheduler suggests again what the journal says."""
        suggested = evaluation and _items(evaluation, SUGGESTION)
        if _line(suggested) != _line(entry):
            why = f"It has {entry}, but the scheduler suggests {suggested}"
            asked = "Has the searcher, or the scheduler's code, changed?"
            raise ValueError(f"{self._named}: it belongs to another run. {why}. {asked}")


class CheckpointFolder:
    """A folder for the checkpoints of one run; its path is ``None`` if there are none."""

    def __init__(self, checkpoint_dir, run_id):
        self.path = None if checkpoint_dir is None else path_of("checkpoint_dir", checkpoint_dir)
        self._named = f"checkpoint_dir={str(checkpoint_dir)!r}"
        self._run_id = run_id.encode()
        if self.path and self.path.is_file():
            raise ValueError(f"{self._named}: it is a file. Name a folder")
        try:
            with self.in_use():
                pass
        except OSError as error:
            raise ValueError(f"{self._named}: it cannot be used: {error.strerror}") from error

    @contextmanager
    def in_use(self):
        """Lock the folder for a run, and mark it as this run's if it has no checkpoints yet."""
        if self.path is None:
            yield
            return
        self.path.mkdir(parents=True, exist_ok=True)
        mark = self.path / "sh_teach_run"
        with locked(mark, self._named):
            owner = mark.read_bytes() if mark.exists() else None
            if owner != self._run_id and any(self.path.glob("trial-*")):
                advice = "Take an empty folder, or delete this one if that run is no longer needed"
                raise ValueError(f"{self._named}: it holds another run's checkpoints. {advice}")
            replace_file(mark, self._run_id)
            yield


def locked(path, named):
    """Return a context in which no other run can use a file or folder, named in the message."""
    try:
        return FileLock(f"{path}.lock", timeout=0).acquire()
    except Timeout:
        raise RuntimeError(f"{named}: another run is using it at this moment") from None


def _items(evaluation, names):
    return _plain({name: evaluation[name] for name in names}, "evaluation")


def _plain(value, where):
    """Return a value as strict JSON has it, the same in every process; raise if it cannot be."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, where) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item(), where)
    if distribution := getattr(value, "dist", None):  # scipy's have a name, others may not
        from scipy import stats

        if type(getattr(stats, distribution.name, None)) is type(distribution):
            return {distribution.name: _plain([*value.args, value.kwds], where)}
    text = repr(value)
    if callable(value) or isinstance(value, set | frozenset) or " at 0x" in text:
        why = f"{where} holds {text}, which has no name that is the same in another process"
        raise ValueError(f"{why}. Use a string, and let the objective look up what it stands for")
    return text


def _difference(theirs, ours):
    """Return the first setting that differs, in words; "" if none does."""
    if list(theirs) != list(ours):
        return f"It has {listing(theirs)}, and here it is {listing(ours)}"
    for name in ours:
        then, now = theirs[name], ours[name]
        if _line(then) != _line(now):
            if isinstance(then, dict) and isinstance(now, dict):
                return f"{name}: {_difference(then, now)}"
            return f"It has {name}={then!r}, and here it is {now!r}"
    return ""


def _line(entry):
    """Return an entry as a line of bytes; the same entry always gives the same line."""
    return (json.dumps(entry) + "\n").encode()


def _parse(line):
    """Return the entry in a line, {} if it is blank, ``None`` if it is damaged or has no end."""
    if line.isspace():
        return {}
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and line.endswith(b"\n") else None
