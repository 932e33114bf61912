"""The folder of a run's checkpoints, with the mark of that run."""

from contextlib import contextmanager

from sh_teach.arguments import path_of
from sh_teach.files import replace_file
from sh_teach.running.journal import locked


class CheckpointFolder:
    """A folder for the checkpoints of one run; its path is ``None`` if there are none."""

    def __init__(self, checkpoint_dir, run_id):
        self.path = None if checkpoint_dir is None else path_of("checkpoint_dir", checkpoint_dir)
        if self.path is None:
            return
        self._named = f"checkpoint_dir={str(checkpoint_dir)!r}"
        self._mark, self._run_id = self.path / "sh_teach_run", run_id.encode()
        if self.path.is_file():
            raise ValueError(f"{self._named}: it is a file. Name a folder")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with locked(self._mark, self._named):
                self._check()
        except OSError as error:
            raise ValueError(f"{self._named}: it cannot be used: {error.strerror}") from error

    def _check(self):
        """Raise if there are checkpoints of another run; a folder without any can be taken."""
        owner = self._mark.read_bytes() if self._mark.exists() else None
        if owner != self._run_id and any(self.path.glob("trial-*")):
            raise ValueError(
                f"{self._named}: it holds the checkpoints of another run. Take an empty folder, "
                f"or delete this one if that run is no longer needed"
            )

    @contextmanager
    def in_use(self):
        """Lock the folder for a run, and mark it as this run's."""
        if self.path is None:
            yield
            return
        with locked(self._mark, self._named):
            self._check()
            replace_file(self._mark, self._run_id)
            yield
