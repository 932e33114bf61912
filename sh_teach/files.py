"""Files that survive a crash: never half of a new one, never a line that counts and is lost."""

import errno
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


def append_line(path, content):
    """Add `content` to the end of a file, and return when it is on the disk.

    Parameters
    ----------
    path : str or Path
        The file; it is made if it does not exist, but its folder must.
    content : bytes
        One or more lines.

    Raises
    ------
    OSError
        If it cannot be written; the file then ends where it ended before.
    """
    with open(path, "ab", buffering=0) as file:
        end = file.tell()
        try:
            if file.write(content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise
    if not end:
        _sync_folder(Path(path).parent)


def _sync_folder(folder):
    """Put the name of a new file on the disk too; Windows does that by itself."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
