"""The folder of a run's checkpoints."""

import inspect
from pathlib import Path


def checkpoint_folder(checkpoint_dir, objective, continues):
    """Return the folder; raise if the objective takes no checkpoint, or if another run uses it."""
    if checkpoint_dir is None:
        return None
    accepted = inspect.signature(objective).parameters.values()
    if not any(p.name == "checkpoint" or p.kind is p.VAR_KEYWORD for p in accepted):
        raise TypeError(
            f"checkpoint_dir={str(checkpoint_dir)!r}: the objective takes no argument checkpoint"
        )
    folder = Path(checkpoint_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("trial-*")) and not continues:
        raise ValueError(
            f"checkpoint_dir={str(checkpoint_dir)!r}: it holds the checkpoints of another run; "
            f"take an empty folder"
        )
    return folder
