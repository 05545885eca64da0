"""Ctrl-C that reaches a library, which may turn it into an error of its own or lose it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noted_ctrl_c() -> Iterator[list[int]]:
    """Yield a list that Ctrl-C appends to before it is answered as it was.

    Nothing changes in another thread than the main one, and where Ctrl-C is ignored or not answered by Python.
    """
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield pressed
        return

    def receive(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        before(number, frame)

    signal.signal(signal.SIGINT, receive)
    try:
        yield pressed
    finally:
        if signal.getsignal(signal.SIGINT) is receive:
            signal.signal(signal.SIGINT, before)


@contextmanager
def ending_at_ctrl_c() -> Iterator[None]:
    """Let a Ctrl-C end the block with ``KeyboardInterrupt``, whatever the libraries in it make of one.

    Code in C that calls Python may answer it with an error of its own. Who takes that error for a fact about the data,
    and goes on another way, would do something else than without the Ctrl-C, and say nothing.

    Raises ``KeyboardInterrupt`` at the end of a block in which Ctrl-C was pressed.
    """
    with noted_ctrl_c() as pressed:
        try:
            yield
        except Exception as error:
            if pressed:
                raise KeyboardInterrupt from error
            raise
        if pressed:
            raise KeyboardInterrupt
