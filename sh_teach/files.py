"""Files that survive a crash: a reader never finds half a file, and a written line is kept."""

import errno
import os


def replace_file(path, content):
    """Write bytes to a file, a Path; if that fails, or meanwhile, the old file is still there."""
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
    """Add bytes to the end of a file, or make it, and return when they are on the disk.

    If they cannot be written (a full disk, say), the file ends where it ended before.
    """
    with open(path, "ab", buffering=0) as file:
        end = file.tell()
        try:
            if file.write(content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(end)
            raise
