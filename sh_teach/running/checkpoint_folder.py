"""The folder of a run's checkpoints, with the mark of that run."""

from contextlib import contextmanager

from sh_teach.arguments import path_of
from sh_teach.files import replace_file
from sh_teach.running.journal import locked


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
                raise ValueError(
                    f"{self._named}: it holds the checkpoints of another run. Take an empty "
                    f"folder, or delete this one if that run is no longer needed"
                )
            replace_file(mark, self._run_id)
            yield
