"""The folder of a run's checkpoints, which carries the mark of that run."""

from contextlib import contextmanager

from sh_teach.arguments import path_of
from sh_teach.files import replace_file
from sh_teach.running.journal import locked


class CheckpointFolder:
    """A folder for the checkpoints of one run. Without checkpoints of another, it can be taken."""

    def __init__(self, checkpoint_dir, run_id):
        self.path = None
        if checkpoint_dir is None:
            return
        self.path = path_of("checkpoint_dir", checkpoint_dir)
        self._named = f"checkpoint_dir={str(checkpoint_dir)!r}"
        self._run_id = run_id.encode()
        self._mark = self.path / "sh_teach_run"
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"{self._named}: it is a file. Name a folder")
        try:
            with self._locked():
                self._check()
        except OSError as error:
            raise ValueError(f"{self._named}: it cannot be used: {error.strerror}") from error

    def _locked(self):
        self.path.mkdir(parents=True, exist_ok=True)
        return locked(self._mark, self._named)

    def _check(self):
        owner = self._mark.read_bytes() if self._mark.exists() else None
        if owner != self._run_id and any(self.path.glob("trial-*")):
            raise ValueError(
                f"{self._named}: it holds the checkpoints of another run. Take an empty folder, "
                f"or delete this one if that run is no longer needed"
            )

    @contextmanager
    def in_use(self):
        """Mark the folder, and lock it for a run."""
        if self.path is None:
            yield
            return
        with self._locked():
            self._check()
            replace_file(self._mark, self._run_id)
            yield
