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
    """Hold Ctrl-C back, except where it is `allowed`, so that no bookkeeping is cut in half.

    Student code may loop where it is held back. So when that has taken a second, a second Ctrl-C
    gets through; two in quick succession still find the bookkeeping whole.
    """

    def __enter__(self):
        """Take over the signal; only the main thread gets it, and may do so."""
        self._held = 0  # how many were held back
        self._hold = None  # what tells this time from the next
        self._allowed = self._overdue = False
        self._previous = None
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(self, exception_type, *_):
        """Give the signal back, and raise what was held back."""
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
        held, self._held = self._held, 0
        if held and exception_type is None:
            raise KeyboardInterrupt

    def allowed(self):
        """Return a context that lets Ctrl-C through; what was held back is raised at its start."""
        return _Allowed(self)

    def _on_interrupt(self, signal_number, frame):
        if self._allowed:
            raise KeyboardInterrupt
        if self._held and self._overdue:
            self._held = 0
            raise KeyboardInterrupt(CUT_SHORT)
        self._held += 1
        if self._held == 1:
            self._hold, self._overdue = object(), False
            # A threading.Thread takes locks, which the code that was interrupted may hold.
            _thread.start_new_thread(self._lose_patience, (self._hold,))

    def _lose_patience(self, hold):
        time.sleep(PATIENCE_SECONDS)
        if self._held and self._hold is hold:
            self._overdue = True
            if self._held == 1:
                print(HELD_BACK, file=sys.stderr, flush=True)
            elif hasattr(signal, "pthread_kill"):
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            else:
                _thread.interrupt_main()


class _Allowed:
    # A generator would take three times as long, and a simulation enters this a lot.
    def __init__(self, interrupt):
        self._interrupt = interrupt

    def __enter__(self):
        # In this order: a Ctrl-C between the two lines is raised, not held back.
        self._interrupt._allowed = True
        if self._interrupt._held:
            self._interrupt._held = self._interrupt._allowed = False
            raise KeyboardInterrupt

    def __exit__(self, *_):
        self._interrupt._allowed = False
