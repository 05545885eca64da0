"""Reading of a pickle of NumPy arrays as tensors without running code in it.

A pickle names the functions that rebuild its values. Here NumPy's are replaced by functions that only check and copy;
every other name is refused. NumPy itself never receives unchecked values from the file.
"""

import math
import os
import pickle
import pickletools
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import torch

from maskwright.errors import WeightsError, require_file
from maskwright.limits import beyond_limit, input_limit

_NUMBERS = re.compile(r"[?bBiuf](1|2|4|8)?")


class Refused(Exception):
    """An error for a pickle that holds something other than arrays of numbers in plain containers."""


class _Rule:
    """A replacement for a function or type that a pickle names; a pickle can call it, but not change it."""

    __slots__ = ("_run", "name")

    def __init__(self, name: str, run: Callable[..., Any]) -> None:
        self.name, self._run = name, run

    def __call__(self, *arguments: Any) -> Any:
        return self._run(*arguments)

    def __setstate__(self, state: object) -> None:
        raise Refused(f"a change of {self.name}")


class _NumberType:
    """A NumPy data type as a pickle describes it: a code such as ``f4``, and the byte order that follows."""

    __slots__ = ("code", "order")

    def __init__(self, code: object, align: object = False, copy: object = False) -> None:
        if not isinstance(code, str) or not _NUMBERS.fullmatch(code):
            raise Refused(f"an array of the type {code!r}, which is not of plain numbers")
        self.code = code
        self.order: Literal["<", ">", "=", "|"] = "="

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) >= 2 else None
        if order not in ("<", ">", "=", "|"):
            raise Refused(f"a number type with the state {state!r}")
        self.order = order

    def numpy(self) -> np.dtype[Any]:
        """Return the NumPy type, which is one of plain numbers."""
        return np.dtype(self.code).newbyteorder(self.order)


class _Array:
    """An array under reconstruction: empty until its state is set, which is checked first."""

    __slots__ = ("_charge", "value")

    def __init__(self, charge: Callable[[object], None]) -> None:
        self._charge = charge
        self.value: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise Refused("an array with an unknown kind of state")
        _, shape, number_type, fortran, content = state
        self._charge(content)
        self.value = _array(content, number_type, shape, "F" if fortran else "C")


def _array(content: object, number_type: object, shape: object, order: object) -> np.ndarray:
    """Return the array of ``content`` bytes; raise :class:`Refused` unless type, shape and length agree."""
    if isinstance(content, list):
        raise Refused("an array of objects")
    if not isinstance(number_type, _NumberType) or not isinstance(content, bytes | bytearray):
        raise Refused("an array without a type or without bytes")
    if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
        raise Refused(f"an array of the shape {shape!r}")
    dtype = number_type.numpy()
    expected = math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise Refused(f"an array of shape {shape} with {len(content)} bytes instead of {expected}")
    flat = np.frombuffer(content, dtype).astype(dtype.newbyteorder("="))
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _scalar(number_type: object, content: object) -> float | int | bool:
    """Return the one number that ``content`` holds."""
    return _array(content, number_type, (), "C").item()


def _latin(text: object, encoding: object) -> bytes:
    """Return bytes from ``text``, as pickle protocol 2 stores them."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise Refused(f"text to be encoded as {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """Return empty bytes, as pickle protocol 2 stores them."""
    return b""


def _ordered(*items: Any) -> "OrderedDict[Any, Any]":
    """Return an ordered dictionary of ``items``."""
    return OrderedDict(*items)


def _rebuilt(charge: Callable[[object], None], *_: Any) -> _Array:
    """Return an array to be filled; ``charge`` counts its bytes."""
    return _Array(charge)


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _rebuilt,
    ("numpy", "dtype"): _NumberType,
    ("collections", "OrderedDict"): _ordered,
    ("_codecs", "encode"): _latin,
    ("__builtin__", "bytes"): _no_bytes,
    # NumPy 2 renamed its inner modules; old files have the old name, new ones the new.
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _rebuilt for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _array for core in ("core", "_core")},
}


# The bytes that a pickle may copy into values, by the bytes of its file. Protocol 2 needs two copies of each.
_MOST_COPIES = 4


class _Unpickler(pickle.Unpickler):
    """A pickle reader that resolves only the names of ``_KNOWN``.

    A pickle can make many values of the same bytes. All together they are at most four times ``size``, the bytes of the
    file.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        super().__init__(file, encoding="latin1")
        self._left = _MOST_COPIES * size

    def find_class(self, module: str, name: str, /) -> Any:
        """Return the replacement of a name in the pickle; raise :class:`Refused` for any other name."""
        if (module, name) not in _KNOWN:
            raise Refused(f"{module}.{name}")
        run = _KNOWN[module, name]
        return _Rule(f"{module}.{name}", partial(run, self._charge) if run is _rebuilt else self._charging(run))

    def _charging(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def charged(*arguments: Any) -> Any:
            for each in arguments:
                self._charge(each)
            return run(*arguments)

        return charged

    def _charge(self, content: object) -> None:
        """Subtract the length of bytes or text from what may be copied; raise :class:`Refused` when it is used up."""
        if isinstance(content, bytes | bytearray | str):
            self._left -= len(content)
        if self._left < 0:
            raise Refused("the same bytes for many values, which together are far more than the file")

    def persistent_load(self, pid: Any, /) -> Any:
        """Raise :class:`Refused`: a reference to a value outside the file is not followed."""
        raise Refused(f"a reference to something outside the file ({pid!r})")


def read_pickle(path: Path) -> Any:
    """Return the value in the pickle at ``path`` without running code in it.

    The value is of plain containers of numbers, text and arrays. Arrays become tensors of the same type in native byte
    order. They are found where checkpoints have them: in a dictionary, or in dictionaries inside one.

    Raises ``UsageError`` when the file is missing. Raises ``WeightsError`` when the file holds any other value (which
    the message names), when the bytes of an array are not those of its shape, or when the file is damaged or ends too
    early.
    """
    require_file(path, "weights")
    with path.open("rb") as file:
        try:
            return _plain(_load(file))
        except Refused as refused:
            raise WeightsError(
                f"{path}: holds {refused}; expected arrays of numbers in plain containers alone. Nothing in the file "
                "was run. Get the file from its publisher again, or ask for it as safetensors."
            ) from refused
        except (EOFError, ValueError, pickle.UnpicklingError) as error:
            raise WeightsError(
                f"{path}: is no pickle, or ends too early ({error}); expected a whole Detectron2 checkpoint. "
                "Download it again."
            ) from error
        except OSError:
            raise
        except Exception as error:  # damaged bytes make the reader raise almost anything: IndexError, MemoryError …
            raise WeightsError(
                f"{path}: is damaged ({type(error).__name__}: {error}); expected a Detectron2 checkpoint. "
                "Download it again."
            ) from error


def foreign_name(path: Path) -> str | None:
    """Return the name of the first value in the pickle at ``path`` that is neither an array nor a plain container.

    Nothing in the file runs. The result is None where there is no such value, or no pickle.
    """
    with path.open("rb") as file:
        try:
            _load(file)
        except Refused as refused:
            return str(refused)
        except Exception:  # as in read_pickle; the caller refuses the file in any case
            return None
    return None


def _load(file: IO[bytes]) -> Any:
    """Return the value of the pickle, with :class:`_Array` for arrays."""
    require_few_steps(file)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return _Unpickler(file, size).load()


def require_few_steps(file: IO[bytes]) -> None:
    """Read the steps of the pickle that ``file`` stands at, without doing them.

    Raises :class:`Refused` for more than the limit ``pickle-steps``: one byte is a step that can make a container of
    200 bytes. Raises ``pickle.UnpicklingError`` for memo indices that were never reached, before which a reader would
    allocate all others and fill the memory. This is also the first check that notices a cut file.
    """
    for count, (opcode, argument, _) in enumerate(_steps(file), start=1):
        if count > input_limit("pickle-steps"):
            raise Refused(
                f"values built in more than {input_limit('pickle-steps'):,} steps ({beyond_limit('pickle-steps')})"
            )
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and (argument or 0) > count:
            raise pickle.UnpicklingError(f"place {argument} of its memo after {count} steps")


def _steps(file: IO[bytes]) -> Iterator[tuple[Any, Any, Any]]:
    try:
        yield from pickletools.genops(file)
    except (MemoryError, OverflowError) as error:  # a length that no file has is read at once
        raise pickle.UnpicklingError("a value longer than any file") from error


def _plain(value: Any) -> Any:
    """Return ``value`` with tensors in place of arrays, two dictionaries deep."""
    if not isinstance(value, Mapping):
        return _tensor(value)
    return {
        key: {inner: _tensor(item) for inner, item in entry.items()} if isinstance(entry, Mapping) else _tensor(entry)
        for key, entry in value.items()
    }


def _tensor(value: Any) -> Any:
    """Return an array as a tensor, and any other value as it is."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if not isinstance(value, _Array):
        return value
    if value.value is None:
        raise Refused("an array without content")
    return torch.from_numpy(value.value)
