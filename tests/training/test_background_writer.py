"""What is written beside the training: in order, one at a time, and with its errors."""

import threading

import pytest

from maskwright.training.background_writer import BackgroundWriter


def test_it_writes_while_the_caller_goes_on_and_one_at_a_time() -> None:
    writer, done, go = BackgroundWriter(), [], threading.Event()

    def first() -> None:
        assert go.wait(30)
        done.append(("first", threading.current_thread() is threading.main_thread()))

    writer.submit(first)
    writer.raise_error()  # which does not wait
    assert done == []
    threading.Timer(0.05, go.set).start()
    writer.submit(lambda: done.append(("second", False)))
    assert done[0] == ("first", False)
    writer.wait()
    assert done == [("first", False), ("second", False)]


@pytest.mark.parametrize("ask", ["raise_error", "wait", "submit"])
def test_an_error_is_raised_once_in_the_thread_that_asked(ask: str) -> None:
    writer, failed = BackgroundWriter(), threading.Event()

    def fail() -> None:
        failed.set()
        raise OSError("disk full")

    writer.submit(fail)
    assert failed.wait(30)
    while writer._pending is not None and not writer._pending.done():
        pass
    with pytest.raises(OSError, match="disk full"):
        writer.submit(lambda: None) if ask == "submit" else getattr(writer, ask)()
    writer.raise_error()
    writer.wait()


def test_settling_waits_and_drops_the_error() -> None:
    writer, done = BackgroundWriter(), []
    writer.submit(lambda: done.append(1 / 0))
    writer.settle()
    writer.wait()
    writer.submit(lambda: done.append(1))
    writer.settle()
    assert done == [1]
