"""The journal: a run on disk, line by line, from which it goes on after a crash."""

import json
import math
import os
import warnings
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sh_teach.files import append_line

SUGGESTION = ("number", "trial_id", "round", "config")
TORN = "the last line was cut off, as by a crash; what it said is done again"


class Journal:
    """A file of JSON lines: what run it is, then every suggestion and every result, in order.

    Replaying it through a fresh scheduler gives the scheduler's state, so nothing else is stored.

    Parameters
    ----------
    path : str or Path
        The file. Its folder must exist; it itself need not. A lock file is put beside it.
    scheduler : HPOScheduler
        A new one. Its settings stand in the first line, to tell this run from others.

    Examples
    --------
    >>> import tempfile
    >>> from sh_teach import BasicScheduler, HPOTuner, RandomSearcher
    >>> path = Path(tempfile.mkdtemp()) / "run.jsonl"
    >>> for process in 1, 2:
    ...     scheduler = BasicScheduler(RandomSearcher({"x": [3, 4, 5]}, seed=0))
    ...     tuner = HPOTuner(scheduler, lambda x: x**2, journal=path, progress=False)
    ...     before = len(tuner.records)
    ...     tuner.run(number_of_trials=10 * process)
    ...     print(before, len(tuner.records))
    0 10
    10 20
    """

    def __init__(self, path, scheduler):
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise ValueError(f"journal={str(path)!r}: its folder does not exist")
        self._run = {"scheduler": type(scheduler).__name__, **_settings(scheduler)}
        self._header = _line({"journal": "sh_teach", "run": self._run})
        self._named = f"journal={str(path)!r}"
        self._lock = FileLock(f"{self.path}.lock", timeout=0)
        self._size = None  # of what was read or written here

    def entries(self):
        """Return what was written so far, without the header.

        Returns
        -------
        list of dict
            A last line that was cut off is dropped from the file, with a warning.

        Raises
        ------
        ValueError
            If the journal is of another run, or another line than the last is damaged.
        RuntimeError
            If another process runs on it.
        """
        if not self.path.exists():
            self._size = 0
            return []
        with self.locked():
            content = self.path.read_bytes()
            # A crash may have cut the header itself.
            if not (content.startswith(self._header) or self._header.startswith(content)):
                first = _parse(content.splitlines(keepends=True)[0])
                raise ValueError(
                    f"{self._named}: it is of another run, or the scheduler has been used before. "
                    f"It says {first and first.get('run')}, here it is {self._run}"
                )
            lines = content.splitlines(keepends=True)
            entries = [_parse(line) for line in lines]
            if lines and entries[-1] is None:
                warnings.warn(f"{self._named}: {TORN}", stacklevel=4)
                lines.pop()
                entries.pop()
                os.truncate(self.path, sum(map(len, lines)))
            if None in entries:
                damaged = entries.index(None) + 1
                raise ValueError(f"{self._named}: line {damaged} is damaged")
            self._size = sum(map(len, lines))
            return entries[1:]

    def locked(self):
        """Return a context in which no other process or tuner can use this journal."""
        try:
            return self._lock.acquire()
        except Timeout:
            raise RuntimeError(f"{self._named}: another run is using it at this moment") from None

    @contextmanager
    def in_use(self):
        """Keep others out for a run; nobody may have gone on with it since it was read."""
        with self.locked():
            size = self.path.stat().st_size if self.path.exists() else 0
            if size != self._size:
                raise RuntimeError(
                    f"{self._named}: another run has gone on with it; make a new tuner"
                )
            yield

    def suggested(self, evaluation):
        """Write down an evaluation that is about to start.

        Parameters
        ----------
        evaluation : dict
            With ``number``, ``trial_id``, ``round`` and ``config``, which is written as far as
            JSON knows it, and else as its ``repr``.

        Raises
        ------
        OSError
            If it could not be written, say on a full disk. Then nothing of it is in the file.
        """
        self._append({name: evaluation[name] for name in SUGGESTION})

    def ended(self, number, result):
        """Write down a result: the error of evaluation `number`, and when and where it ran.

        Raises
        ------
        OSError
            As for `suggested`.
        """
        error = result["error"]
        # Strict JSON has no nan and no inf.
        written = error if math.isfinite(error) else str(error)
        self._append({"number": number} | result | {"error": written})

    def compare(self, entry, evaluation):
        """Raise a ValueError unless the scheduler suggests again what the journal says."""
        suggested = evaluation and {name: evaluation[name] for name in SUGGESTION}
        if suggested is None or _line(suggested) != _line(entry):
            raise ValueError(
                f"{self._named}: it is of another run. It says {entry}, the scheduler suggests "
                f"{suggested}. Was the searcher made with another seed, or with none?"
            )

    def _append(self, entry):
        content = _line(entry) if self._size else self._header + _line(entry)
        append_line(self.path, content)
        self._size += len(content)


def _settings(scheduler):
    """Return what tells a scheduler from another one before they have suggested anything."""
    return {name: value for name, value in vars(scheduler).items() if _is_plain(value)}


def _is_plain(value):
    return isinstance(value, bool | int | float | str) or (
        isinstance(value, list) and all(_is_plain(item) for item in value)
    )


def _line(entry):
    """Return an entry as a line of bytes; the same entry always gives the same line."""
    return (json.dumps(entry, default=repr) + "\n").encode()


def _parse(line):
    """Return the entry in a line, ``None`` if it is damaged or has no end."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and line.endswith(b"\n") else None
