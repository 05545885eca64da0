"""Signals become stop requests, handlers are restored afterwards, and a second Ctrl-C ends the process."""

import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from maskwright.training.interruption import Interrupted, StopRequest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")

NUMBERS = pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl-C")])


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@NUMBERS
def test_a_signal_is_a_request_with_the_exit_code_of_that_signal(number: int, name: str) -> None:
    with StopRequest().listening() as stop:
        assert not stop()
        send(number)
        assert stop()
    error = stop.interrupted("in epoch 2")
    assert isinstance(error, Interrupted)
    assert error.exit_code == 128 + number
    assert (
        str(error)
        == f"The training was asked to stop ({name}) and has saved its state in epoch 2. Go on with --resume."
    )


def test_the_first_signal_gives_the_exit_code() -> None:
    with StopRequest().listening() as stop:
        send(signal.SIGTERM)
        send(signal.SIGINT)
        assert stop.interrupted("here").exit_code == 143


def test_a_second_ctrl_c_ends_at_once() -> None:
    with StopRequest().listening() as stop:
        send(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)


@NUMBERS
def test_afterwards_a_signal_is_what_it_was_before(number: int, name: str) -> None:
    heard = []
    signal.signal(number, lambda *_: heard.append(name))
    with StopRequest().listening() as stop:
        send(number)
        assert heard == []
    send(number)
    assert heard == [name]
    assert stop()


@NUMBERS
def test_a_signal_that_the_process_was_started_to_ignore_stays_ignored(number: int, name: str) -> None:
    signal.signal(number, signal.SIG_IGN)
    with StopRequest().listening() as stop:
        send(number)
        assert not stop(), name


def test_in_another_thread_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def listen() -> None:
        with StopRequest().listening():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [before]


def test_items_come_up_to_the_request() -> None:
    stop = StopRequest()
    seen = []
    for item in stop.until(range(10)):
        seen.append(item)
        stop.number = signal.SIGTERM if item == 3 else 0
    assert seen == [0, 1, 2, 3]


def test_without_a_signal_of_its_own_a_process_says_that_of_a_cluster() -> None:
    assert StopRequest().interrupted("here").exit_code == 143
