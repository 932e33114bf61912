"""Files that are either the old one or the new one, whatever happens in between."""

import os
from pathlib import Path


def replace_file(path, content):
    """Write `content` to `path` so that a reader, or a crash, never meets half of it.

    Parameters
    ----------
    path : str or Path
        The file; its folder must exist.
    content : bytes
        All of it.

    Raises
    ------
    OSError
        If it cannot be written (a full disk, say); the old file is then still there.
    """
    path = Path(path)
    # The process number keeps two processes from writing into the same partial file.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
