"""The entry point: the exit codes and messages of errors, whatever the streams of the process are."""

import codecs
import gc
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from maskwright.cli.terminal.next_command import next_line
from maskwright.cli.terminal.streams import (
    complain,
    open_standard_streams,
    print_what_cannot_be_encoded,
    settle_streams,
)
from maskwright.errors import MaskwrightError
from maskwright.interrupts import ending_at_ctrl_c, noted_ctrl_c
from maskwright.parallel.garbage_collection import collector_paused
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
    **dict.fromkeys(("fastapi", "prometheus_client", "python_multipart", "starlette", "uvicorn"), "serve"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 the work failed, 2 wrong usage."""
    set_waiting_policy()
    print_what_cannot_be_encoded()
    with noted_ctrl_c() as pressed:
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
        with collector_paused():
            commands = import_module("maskwright.cli.app").app
        return _called(commands, arguments)
    except MaskwrightError as error:
        first, *more = error.lines or ("",)
        line = next_line(error, arguments)
        complain(f"error: {first}", *more, *([f"next: {line}"] if line is not None else []))
        return error.exit_code
    except OSError as error:
        complain(f"error: {error.filename or 'a file'}: {error.strerror or error}")
        return 1
    except UnicodeEncodeError as error:
        if codecs.lookup(error.encoding) != codecs.lookup(sys.getfilesystemencoding()):
            raise
        remedy = "Set PYTHONUTF8=1, or a locale of UTF-8 such as LC_ALL=C.UTF-8."
        complain(f"error: {error.object}: this locale ({error.encoding}) cannot write the name of the file. {remedy}")
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


def _called(commands: Callable[..., object], arguments: Sequence[str] | None) -> int:
    """Call the command of the ``arguments`` and return its exit code; its errors pass unless Ctrl-C made them."""
    try:
        with ending_at_ctrl_c():
            commands(args=list(arguments) if arguments is not None else None)
        return 0
    except SystemExit as end:
        if end.code == _INTERRUPTED:  # typer's answer to Ctrl-C, which says nothing
            complain("Aborted!")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        complain("Aborted!")
        return _INTERRUPTED


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether Python, NumPy, OpenCV or torch could not get memory; the latter two say so by their text alone."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(said in text for said in _OUT_OF_MEMORY)


_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "insufficient memory", "failed to allocate")


def script() -> None:
    """Run the command line and exit; the entry point of the ``maskwright`` script."""
    open_standard_streams()
    sys.excepthook = print_traceback
    code = settle_streams(main())
    # Python's last search of all objects for garbage takes a tenth of a second. Libraries of torch report what it does
    # not find as leaks of their own.
    if "torch" not in sys.modules:
        gc.freeze()
    sys.exit(code)
