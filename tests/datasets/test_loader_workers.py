"""Errors and settings of data-loading processes; their signals and ends are tested in ``tests/drills``."""

import signal
from collections.abc import Iterator

import pytest
from torch._utils import ExceptionWrapper
from torch.utils.data import DataLoader

from maskwright.datasets.loader_workers import ignore_signals, stop_workers, unwrap_worker_errors
from maskwright.errors import DataError, MaskwrightError

MESSAGE = "image.jpg: cannot be read.\nTake it out, or train without it."


def raised_there(error: Exception) -> Iterator[int]:
    """Batches of which the second failed in a loading process: torch carries the error over as text."""
    yield 1
    try:
        raise error
    except Exception:
        carried = ExceptionWrapper(where="in DataLoader worker process 0")
    carried.reraise()


def test_an_error_of_ours_comes_out_of_a_loading_process_as_it_went_in() -> None:
    batches = unwrap_worker_errors(raised_there(DataError(MESSAGE)))
    assert next(batches) == 1
    with pytest.raises(DataError) as caught:
        next(batches)
    assert str(caught.value) == MESSAGE
    assert caught.value.exit_code == DataError("").exit_code


def test_an_error_of_this_process_and_one_of_others_are_left_alone() -> None:
    with pytest.raises(MaskwrightError, match=r"^raised here$"):
        list(unwrap_worker_errors(_raising(MaskwrightError("raised here"))))
    with pytest.raises(ValueError, match="Caught ValueError in DataLoader worker process 0"):
        list(unwrap_worker_errors(raised_there(ValueError("not ours"))))


def _raising(error: Exception) -> Iterator[int]:
    yield 1
    raise error


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this platform has no signal masks")
def test_processes_started_within_are_deaf_and_this_one_hears_again_even_after_an_error() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    def start() -> None:
        with ignore_signals():
            assert signal.pthread_sigmask(signal.SIG_BLOCK, []) >= {signal.SIGINT, signal.SIGTERM}
            raise OSError

    with pytest.raises(OSError, match=r"^$"):
        start()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_ending_what_loads_in_this_process_changes_nothing() -> None:
    loader = DataLoader([1, 2, 3])  # type: ignore[arg-type]
    stop_workers(loader)
    batches = iter(loader)
    next(batches)
    stop_workers(loader)
    assert len(list(loader)) == 3
