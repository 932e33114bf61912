"""Run what a student wrote, whatever it does."""

import linecache
import sys
import traceback

# That one call may execute. Seconds would give another outcome on another machine.
MOST_LINES = 200_000


class Stopped(BaseException):
    """Some code cannot be run any further; its own ``except Exception`` does not catch this."""

    def __init__(self, reason, unwritten=False):
        super().__init__(reason)
        self.unwritten = unwritten


def guarded(name, function, *arguments):
    """Call a student's code; whatever happens in it, end with its result or with `Stopped`."""
    lines = 0

    def count(frame, event, _):
        nonlocal lines
        lines += event == "line"
        if lines > MOST_LINES:
            raise Stopped(f"{name} does not come to an end.{_at(frame, frame.f_lineno)}")
        return count

    usual = sys.gettrace()
    sys.settrace(count)
    try:
        return function(*arguments)
    except NotImplementedError:
        raise Stopped(f"You have not written {name} yet.", True) from None
    except Exception as error:
        sys.settrace(usual)  # because the description runs some lines, too
        raise Stopped(f"{name} raised {described(error)}") from None
    finally:
        sys.settrace(usual)


def described(error):
    """Return in words what was raised, and by which line: the last one of the notebook's own."""
    what = f"{type(error).__name__}: {error}".rstrip(".: ")
    _, *steps = traceback.walk_tb(error.__traceback__)  # but for the call, which is ours
    own = [step for step in steps if step[0].f_globals.get("__name__") == "__main__"]
    where = [_at(*step) for step in own or steps]
    return f"{what}.{where[-1] if where else ''}"


def _at(frame, number):
    line = linecache.getline(frame.f_code.co_filename, number).strip()
    return f" It happened at the line: {line}" if line else ""
