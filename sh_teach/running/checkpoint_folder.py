"""The folder of a run's checkpoints."""

import inspect
from pathlib import Path


def checkpoint_folder(checkpoint_dir, objective, continues):
    """Return the folder; raise if the objective takes no checkpoint, or if another run uses it."""
    if checkpoint_dir is None:
        return None
    named = f"checkpoint_dir={str(checkpoint_dir)!r}"
    accepted = inspect.signature(objective).parameters.values()
    if not any(p.name == "checkpoint" or p.kind is p.VAR_KEYWORD for p in accepted):
        raise TypeError(f"{named}: the objective takes no argument checkpoint")
    folder = Path(checkpoint_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("trial-*")) and not continues:
        raise ValueError(f"{named}: it holds the checkpoints of another run; take an empty folder")
    return folder
