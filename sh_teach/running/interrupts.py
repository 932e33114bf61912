"""Ctrl-C at a safe moment."""

import _thread
import signal
import sys
import threading
import time

PATIENCE_SECONDS = 1.0
HELD_BACK = "Ctrl-C waits for a safe moment. Another one cuts short what runs now."
CUT_SHORT = "what ran at the last Ctrl-C was cut short; the results so far are kept"


class DeferredInterrupt:
    """Hold Ctrl-C back, except where we `allow` it, so that no bookkeeping is cut in half.

    Student code may loop where it is held back. So when that has taken a second, the next Ctrl-C
    gets through; several in quick succession still find the bookkeeping whole.
    """

    def __enter__(self):
        self._since = None  # when the first one came that is held back
        self._allowed = False
        self._previous = None
        if threading.current_thread() is threading.main_thread():  # no other one gets signals
            self._previous = signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(self, exception_type, *_):
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
        since, self._since = self._since, None
        if since is not None and exception_type is None:
            raise KeyboardInterrupt

    def allow(self, function):
        """Call a function that Ctrl-C may cut short; one that was held back is raised before."""
        try:
            self._allowed = True  # first: a Ctrl-C before the next line is raised, too
            if self._since is not None:
                self._since = None
                raise KeyboardInterrupt
            return function()
        finally:
            self._allowed = False

    def _on_interrupt(self, *_):
        if self._allowed:
            raise KeyboardInterrupt
        if self._since is None:
            self._since = time.monotonic()
            # A threading.Thread takes locks, which the code that was interrupted may hold.
            _thread.start_new_thread(self._say_so, (self._since,))
        elif time.monotonic() - self._since >= PATIENCE_SECONDS:
            self._since = None
            raise KeyboardInterrupt(CUT_SHORT)

    def _say_so(self, since):
        time.sleep(PATIENCE_SECONDS)
        if self._since == since:  # else it was raised
            print(HELD_BACK, file=sys.stderr, flush=True)
