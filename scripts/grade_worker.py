"""Run the items of one notebook in this process, behind limits: the inner half of grading.

Started by `grade_run.py`. Everything that a student's code prints goes to stderr; what is said
about it goes to a copy of stdout that it does not know, each line with a token that it does not
know either.
"""

import builtins
import ctypes
import json
import linecache
import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

RDONLY, NOSUID_NODEV = 1, 6
MOUNT_SETATTR, AT_RECURSIVE, HERE = 442, 0x8000, -100
SIOCSIFFLAGS, UP = 0x8914, 1


def main():
    """Prepare the place, then start anew with no privileges; the second time, run the items."""
    settings = json.loads(sys.argv[1])
    if settings.get("prepared"):
        return run(json.load(sys.stdin))
    scratch = Path(settings["scratch"])
    if settings["fenced"]:
        fence(scratch)
    for name in settings["copied"]:
        shutil.copy(name, scratch)
    if settings["fenced"]:
        for folder in settings["hidden"]:
            mount_empty(folder, RDONLY, "size=64k")
    limit(settings["megabytes"])
    os.chdir(scratch)
    if not settings["fenced"]:
        return run(json.load(sys.stdin))
    drop = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    os.execvp(drop[0], [*drop, sys.executable, __file__, json.dumps({"prepared": True})])


def fence(scratch):
    """Make all files read-only but those in `scratch`, and open the way to oneself."""
    import fcntl
    import socket
    import struct

    read_only = (ctypes.c_uint64 * 4)(RDONLY, 0, 0, 0)
    system("syscall", MOUNT_SETATTR, HERE, b"/", AT_RECURSIVE, ctypes.byref(read_only), 32)
    mount_empty(scratch, NOSUID_NODEV, "size=512m")
    mount_empty("/dev/shm", NOSUID_NODEV, "size=256m")
    with socket.socket() as unused:  # a cluster on this machine talks to itself
        fcntl.ioctl(unused, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", UP))


def mount_empty(folder, flags, size):
    system("mount", b"none", os.fsencode(folder), b"tmpfs", flags, size.encode())


def system(name, *arguments):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)


def limit(megabytes):
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 500_000_000}
    limits[resource.RLIMIT_DATA] = megabytes * 1_000_000
    for which, value in limits.items():
        resource.setrlimit(which, (value, value))


def run(task):
    """Run the items in order, and say of each that it started, and how it ended."""
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def tell(**what):
        results.write(json.dumps([task["token"], what]) + "\n")
        results.flush()

    # Imported behind the limits, and before any code of a student.
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config, colors="NoColor")
    shell.ask_exit = sys.exit  # for exit() and quit()
    sys.path.insert(0, "")
    imported = {}  # by the master's text
    for number, item in enumerate(task["items"]):
        tell(start=number)
        error, said = "", []
        if item["kind"] == "check":
            shell.user_ns.update(imported)
            shell.user_ns.pop("print", None)
            error = check(item["source"], f"<check {task['token']}>", shell.user_ns, said)
        else:
            error = cell(shell, item["source"])
        if item["kind"] in ("text", "defined"):
            imported |= {name: shell.user_ns.get(name) for name in item["imports"]}
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close("all")
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        tell(done=number, error=error, said=said)
    tell(end=True)
    os._exit(0)  # whatever threads are left


def cell(shell, source):
    try:
        result = shell.run_cell(source)
        error = result.error_before_exec or result.error_in_exec
    except BaseException as raised:
        error = raised
    return described(error)


def check(source, name, namespace, said):
    """Run a check; what it prints itself is noted, not what the code of a student prints."""
    ours = str(Path(find_spec("sh_teach").origin).parent / "classroom")
    usual = builtins.print

    def noting(*values, **options):
        file = sys._getframe(1).f_code.co_filename
        if file == name or file.startswith(ours):
            said.append(" ".join(map(str, values)))
        usual(*values, **options)

    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    code = compile(source, name, "exec")
    builtins.print = noting
    try:
        exec(code, namespace)
    except BaseException as raised:
        return described(raised)
    finally:
        builtins.print = usual
    return ""


def described(error):
    if error is None:
        return ""
    try:
        said = re.sub(r"<ipython-input-[^>]*>, ", "", str(error))
        return f"{type(error).__name__}: {said}".removesuffix(": ")[:300]
    except BaseException:
        return "an error that cannot be described"


if __name__ == "__main__":
    main()
