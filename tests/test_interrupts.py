"""Ctrl-C ends what it interrupts, also where a library turns it into an error or loses it."""

import signal
import threading
import time
from contextlib import suppress

import pytest

from maskwright.interrupts import ending_at_ctrl_c, noted_ctrl_c


def turned() -> None:
    """Answer a Ctrl-C with another error, as code in C does that calls Python."""
    try:
        press()
    except KeyboardInterrupt:
        raise ValueError("could not determine the shape of an object") from None


def lost() -> None:
    with suppress(KeyboardInterrupt):
        press()


def press() -> None:
    signal.raise_signal(signal.SIGINT)
    time.sleep(1)


@pytest.mark.parametrize("library", [press, turned, lost])
def test_a_ctrl_c_ends_the_block_whatever_a_library_makes_of_it(library) -> None:
    with pytest.raises(KeyboardInterrupt), ending_at_ctrl_c(), ending_at_ctrl_c():
        library()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_without_a_ctrl_c_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="damaged"), ending_at_ctrl_c():
        raise ValueError("damaged")
    with ending_at_ctrl_c():
        pass


def test_who_answers_ctrl_c_otherwise_still_does() -> None:
    answered = []
    before = signal.signal(signal.SIGINT, lambda number, _: answered.append(number))
    try:
        with noted_ctrl_c() as pressed:
            signal.raise_signal(signal.SIGINT)
        assert answered == pressed == [signal.SIGINT]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with noted_ctrl_c() as pressed:
            signal.raise_signal(signal.SIGINT)
        assert pressed == []
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_than_the_main_one_changes_nothing() -> None:
    handlers = []

    def work() -> None:
        with ending_at_ctrl_c():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
