"""Ctrl-C at a safe moment."""

import signal
import threading


class DeferredInterrupt:
    """Hold Ctrl-C back, except where it is `allowed`, so that no bookkeeping is cut in half."""

    def __enter__(self):
        """Take over the signal; only the main thread gets it, and may do so."""
        self._held = self._allowed = False
        self._previous = None
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(self, exception_type, *_):
        """Give the signal back, and raise what was held back."""
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
        if self._held and exception_type is None:
            raise KeyboardInterrupt

    def allowed(self):
        """Return a context that lets Ctrl-C through; what was held back is raised at its start."""
        return _Allowed(self)

    def _on_interrupt(self, signal_number, frame):
        if self._allowed:
            raise KeyboardInterrupt
        self._held = True


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
