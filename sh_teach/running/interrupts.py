"""Ctrl-C at a safe moment."""

import _thread
import signal
import sys
import threading
import time

PATIENCE_SECONDS = 1.0
HELD_BACK = "Ctrl-C waits for a safe moment. A second one cuts short what runs now."
CUT_SHORT = "what ran at the second Ctrl-C was cut short; the results so far are kept"


class DeferredInterrupt:
    """Hold Ctrl-C back, except where we `allow` it, so that no bookkeeping is cut in half.

    Student code may loop where it is held back. So when that has taken a second, a second Ctrl-C
    gets through; two in quick succession still find the bookkeeping whole.
    """

    def __enter__(self):
        self._held = 0  # how many were held back
        self._since = None  # when the first of them came
        self._allowed = False
        self._previous = None
        if threading.current_thread() is threading.main_thread():  # no other one gets signals
            self._previous = signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(self, exception_type, *_):
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
        held, self._held = self._held, 0
        if held and exception_type is None:
            raise KeyboardInterrupt

    def allow(self, function):
        """Call a function that Ctrl-C may cut short; one that was held back is raised before."""
        try:
            self._allowed = True  # first: a Ctrl-C before the next line is raised, too
            if self._held:
                self._held = 0
                raise KeyboardInterrupt
            return function()
        finally:
            self._allowed = False

    def _on_interrupt(self, *_):
        if self._allowed:
            raise KeyboardInterrupt
        if self._held and time.monotonic() - self._since >= PATIENCE_SECONDS:
            self._held = 0
            raise KeyboardInterrupt(CUT_SHORT)
        self._held += 1
        if self._held == 1:
            self._since = time.monotonic()
            # A threading.Thread takes locks, which the code that was interrupted may hold.
            _thread.start_new_thread(self._lose_patience, (self._since,))

    def _lose_patience(self, since):
        time.sleep(PATIENCE_SECONDS)
        if self._since != since:
            return  # those were raised, and others came
        if self._held == 1:
            print(HELD_BACK, file=sys.stderr, flush=True)
        elif self._held and hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        elif self._held:
            _thread.interrupt_main()
