"""Ctrl-C at a safe moment."""

import signal
import threading
from contextlib import contextmanager


class DeferredInterrupt:
    """Hold Ctrl-C back, except where it is `allowed`, so that no bookkeeping is cut in half.

    Examples
    --------
    >>> with DeferredInterrupt() as interrupt:
    ...     books = "in order"  # Ctrl-C waits here
    ...     with interrupt.allowed():
    ...         pass  # and is raised here
    """

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

    @contextmanager
    def allowed(self):
        """Let Ctrl-C through in this block, and raise at its start what was held back."""
        self._allowed = True
        try:
            if self._held:
                self._held = False
                raise KeyboardInterrupt
            yield
        finally:
            self._allowed = False

    def _on_interrupt(self, signal_number, frame):
        if self._allowed:
            raise KeyboardInterrupt
        self._held = True
