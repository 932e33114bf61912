"""What holding Ctrl-C back promises; test_tuner.py shows what it is good for."""

import os
import signal
import sys
import threading

import pytest

from sh_teach.running.interrupts import DeferredInterrupt


@pytest.fixture(autouse=True)
def not_held_back():
    """Note a Ctrl-C that is not held back, so that a mistake here does not end pytest."""
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("Ctrl-C"))
    yield seen
    signal.signal(signal.SIGINT, before)


def press_ctrl_c():
    if sys.platform == "win32":
        # There os.kill would end the process.
        signal.raise_signal(signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)
    # Long enough for the signal to arrive.
    sum(range(1000))


def events_of(block):
    """Run ``block(interrupt, events)``; return the events, and with what exception it ended."""
    events = []
    try:
        with DeferredInterrupt() as interrupt:
            block(interrupt, events)
    except BaseException as exception:
        events.append(type(exception))
    return events


def test_ctrl_c_is_held_back_until_the_block_ends_and_raised_once(not_held_back):
    def block(interrupt, events):
        press_ctrl_c()
        press_ctrl_c()
        events.append("end of the block")

    assert events_of(block) == ["end of the block", KeyboardInterrupt]
    assert not_held_back == []


def test_ctrl_c_is_raised_at_once_where_it_is_allowed():
    def block(interrupt, events):
        def allowed():
            press_ctrl_c()
            events.append("end of the block")

        interrupt.allow(allowed)

    assert events_of(block) == [KeyboardInterrupt]


def test_ctrl_c_that_was_held_back_is_raised_before_what_is_allowed_begins():
    def block(interrupt, events):
        press_ctrl_c()
        events.append("held back")
        interrupt.allow(lambda: events.append("begun"))

    assert events_of(block) == ["held back", KeyboardInterrupt]


def test_after_what_is_allowed_ctrl_c_is_held_back_again():
    def block(interrupt, events):
        interrupt.allow(lambda: None)
        press_ctrl_c()
        events.append("held back")

    assert events_of(block) == ["held back", KeyboardInterrupt]


def test_ctrl_c_that_was_raised_is_not_raised_again_at_the_end():
    def block(interrupt, events):
        press_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            interrupt.allow(lambda: events.append("begun"))

    assert events_of(block) == []


def test_an_exception_of_the_block_is_not_hidden_by_ctrl_c():
    def block(interrupt, events):
        press_ctrl_c()
        raise ZeroDivisionError

    assert events_of(block) == [ZeroDivisionError]


@pytest.mark.parametrize("ends_with", [None, ZeroDivisionError, KeyboardInterrupt])
def test_after_the_block_ctrl_c_does_what_it_did_before(ends_with, not_held_back):
    def block(interrupt, events):
        if ends_with:
            raise ends_with

    assert events_of(block) == ([ends_with] if ends_with else [])
    press_ctrl_c()
    assert not_held_back == ["Ctrl-C"]


def test_in_another_thread_nothing_is_held_back_and_nothing_fails():
    def block(interrupt, events):
        interrupt.allow(lambda: events.append(signal.getsignal(signal.SIGINT)))

    events = []
    thread = threading.Thread(target=lambda: events.extend(events_of(block)))
    thread.start()
    thread.join()
    assert events == [signal.getsignal(signal.SIGINT)]
