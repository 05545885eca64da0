"""The entry point: the exit codes and messages of errors, whatever the streams of the process are."""

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

from maskwright.cli.terminal.next_command import next_line
from maskwright.cli.terminal.streams import (
    complain,
    open_standard_streams,
    print_what_cannot_be_encoded,
    settle_streams,
)
from maskwright.errors import MaskwrightError
from maskwright.parallel.waiting_threads import set_waiting_policy
from maskwright.printing import print_traceback

_INTERRUPTED = 130  # the exit code of Ctrl-C

# The extra of each package that some commands need and those on data, masks and scores do not.
_EXTRAS = {
    **dict.fromkeys(
        (
            "lightning_fabric",
            "safetensors",
            "segmentation_models_pytorch",
            "tensorboard",
            "timm",
            "torch",
            "torchvision",
        ),
        "train",
    ),
    **dict.fromkeys(("onnx", "onnxruntime"), "export"),
    "openvino": "openvino",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 the work failed, 2 wrong usage."""
    set_waiting_policy()
    print_what_cannot_be_encoded()
    with _ctrl_c() as pressed:
        try:
            return _run(arguments)
        except KeyboardInterrupt:
            pass
        except Exception:
            # Libraries turn a Ctrl-C that reaches them during their import into errors of their own.
            if not pressed:
                raise
    complain("Aborted!")
    return 1


def _run(arguments: Sequence[str] | None) -> int:
    try:
        # Imported here, where Ctrl-C and a missing library are answered.
        commands = import_module("maskwright.cli.app").app
        commands(args=list(arguments) if arguments is not None else None)
    except SystemExit as end:
        if end.code == _INTERRUPTED:  # typer's answer to Ctrl-C, which says nothing
            complain("Aborted!")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except MaskwrightError as error:
        first, *more = error.lines or ("",)
        line = next_line(error, arguments)
        complain(f"error: {first}", *more, *([f"next: {line}"] if line is not None else []))
        return error.exit_code
    except OSError as error:
        complain(f"error: {error.filename or 'a file'}: {error.strerror or error}")
        return 1
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        remedy = f"Install it with: pip install 'maskwright[{extra}]'"
        complain(f"error: this command needs {error.name}, which is not installed. {remedy}")
        return 1
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        first = (str(error) or "it is all in use").splitlines()[0]
        complain(f"error: out of memory ({first:.200}). Give smaller input or batches, or fewer workers.")
        return 1
    return 0


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether Python, NumPy, OpenCV or torch could not get memory; the latter two say so by their text alone."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(said in text for said in _OUT_OF_MEMORY)


_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "insufficient memory", "failed to allocate")


@contextmanager
def _ctrl_c() -> Iterator[list[int]]:
    """Yield a list that Ctrl-C appends to before it raises ``KeyboardInterrupt``.

    Nothing changes in another thread than the main one, and where the process ignores Ctrl-C or answers it otherwise.
    """
    pressed: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        signal.default_int_handler(number, frame)

    main_thread = threading.current_thread() is threading.main_thread()
    answers = main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if answers:
        signal.signal(signal.SIGINT, receive)
    try:
        yield pressed
    finally:
        if answers:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def script() -> None:
    """Run the command line and exit; the entry point of the ``maskwright`` script."""
    open_standard_streams()
    sys.excepthook = print_traceback
    sys.exit(settle_streams(main()))
