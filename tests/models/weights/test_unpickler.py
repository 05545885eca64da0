"""A pickle gives arrays and nothing else: any other name in it is refused before it can run."""

import os
import pickle
import random
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from maskwright.errors import UsageError, WeightsError
from maskwright.models.weights.unpickler import foreign_name, read_pickle

ARRAYS = {
    "float": np.array([[1.5, -0.0, np.nan], [1e-45, np.inf, 3]], np.float32),
    "half": np.arange(5, dtype=np.float16),
    "double": np.array(2.5),
    "bytes": np.arange(6, dtype=np.uint8).reshape(1, 2, 3),
    "integers": np.array([-(2**40), 7], np.int64),
    "truth": np.array([True, False]),
    "empty": np.zeros((0, 4), np.float32),
    "columns first": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
}


class Calls:
    """A value whose pickle calls ``function`` with ``arguments`` when it is read."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def write(path: Path, value: Any, protocol: int = 3) -> Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays_come_to_the_bit_from_every_protocol(protocol: int, tmp_path: Path) -> None:
    found = read_pickle(write(tmp_path / "a.pkl", {"model": OrderedDict(ARRAYS), "__author__": "somebody"}, protocol))
    assert found["__author__"] == "somebody"
    assert list(found["model"]) == list(ARRAYS)
    for name, tensor in found["model"].items():
        assert isinstance(tensor, torch.Tensor)
        assert tensor.shape == ARRAYS[name].shape
        assert tensor.numpy().dtype == ARRAYS[name].dtype
        assert tensor.numpy().tobytes() == np.ascontiguousarray(ARRAYS[name]).tobytes()


def test_the_other_byte_order_gives_the_same_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pkl", {"a": np.array([1.5, -2.0], ">f4")})
    assert read_pickle(path)["a"].tolist() == [1.5, -2.0]


def test_numbers_of_numpy_and_of_python_are_plain(tmp_path: Path) -> None:
    found = read_pickle(write(tmp_path / "a.pkl", {"step": np.int64(7), "rate": np.float32(0.5), "list": [1, ("a",)]}))
    assert found == {"step": 7, "rate": 0.5, "list": [1, ("a",)]}


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Calls(os.mkdir, "made"), r"(posix|nt)\.mkdir"),
        (Calls(eval, "__import__('os').mkdir('made')"), r"builtins\.eval"),
        (Calls(getattr, "a", "upper"), r"builtins\.getattr"),
        (Fraction(1, 2), r"fractions\.Fraction"),
        ({"a": torch.zeros(2)}, r"torch\._utils\."),
        ({"a": np.array([{}], object)}, "plain numbers"),
        ({"a": np.zeros(2, [("x", "f4")])}, "plain numbers"),
        ({"a": np.array(["text"])}, "plain numbers"),
        ({"a": np.float32}, r"numpy\.float32"),
        (complex(1, 2), r"builtins\.complex"),
        ({1, 2}, r"builtins\.set"),
        (Calls(bytes, 10**12), r"builtins\.bytes"),
    ],
)
def test_anything_else_is_refused_and_named_and_does_nothing(
    value: Any, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=rf"a\.pkl: holds .*{named}.*Nothing in the file was run"):
        read_pickle(write(tmp_path / "a.pkl", {"model": {"a": value}}))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.pkl"]


def test_a_pickle_cannot_change_what_reads_the_next(tmp_path: Path) -> None:
    # Names numpy.ndarray and sets attributes on what stands for it (BUILD), as object.__setstate__ would.
    content = b"\x80\x03cnumpy\nndarray\n}X\x04\x00\x00\x00nameX\x03\x00\x00\x00badsb."
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(WeightsError, match=r"a change of numpy\.ndarray"):
        read_pickle(tmp_path / "a.pkl")


def test_a_reference_to_something_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"Pstorage\n.")
    with pytest.raises(WeightsError, match="outside the file"):
        read_pickle(tmp_path / "a.pkl")


def with_shape(array: np.ndarray, shape: tuple[Any, ...]) -> Calls:
    """Return an array whose pickle claims another ``shape`` than its bytes have."""
    rebuild, start, state = array.__reduce__()
    value = Calls(rebuild, *start)
    value.reduced = (*value.reduced, (state[0], shape, *state[2:]))  # type: ignore[assignment]
    return value


@pytest.mark.parametrize("shape", [(3,), (2, 2), (10**12,), (2**40, 2**40), (-1,), (2.0,), ()])
def test_an_array_whose_bytes_are_not_those_of_its_shape_is_refused(shape: tuple[Any, ...], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"an array of (the )?shape"):
        read_pickle(write(tmp_path / "a.pkl", {"a": with_shape(np.zeros(2, np.float32), shape)}))


def test_a_file_cut_anywhere_is_refused_with_the_remedy(tmp_path: Path) -> None:
    whole = pickle.dumps({"model": ARRAYS}, 3)
    for length in range(0, len(whole) - 1, 7):
        (tmp_path / "a.pkl").write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r"a\.pkl: .*(Download|again)"):
            read_pickle(tmp_path / "a.pkl")


def test_a_place_in_the_memo_that_takes_all_memory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x03}r\xff\xff\xff\x7f.")
    with pytest.raises(WeightsError, match="place 2147483647 of its memo"):
        read_pickle(tmp_path / "a.pkl")


def test_damaged_bytes_never_raise_anything_but_a_weights_error(tmp_path: Path) -> None:
    whole = pickle.dumps({"model": ARRAYS}, 3)
    chance = random.Random(0)
    refused = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        (tmp_path / "a.pkl").write_bytes(damaged)
        try:
            read_pickle(tmp_path / "a.pkl")
        except WeightsError:
            refused += 1
    assert refused > 100


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_pickle(tmp_path / "a.pkl")


def test_what_a_pickle_names_besides_arrays_is_told_without_running_it(tmp_path: Path) -> None:
    made = tmp_path / "made"
    path = write(tmp_path / "a.pkl", {"model": ARRAYS, "more": Calls(os.mkdir, str(made))}, 4)
    assert foreign_name(path) == f"{os.mkdir.__module__}.mkdir"
    assert not made.exists()
    assert foreign_name(write(tmp_path / "b.pkl", ARRAYS)) is None
    (tmp_path / "c.pkl").write_bytes(b"no pickle")
    assert foreign_name(tmp_path / "c.pkl") is None


def repeated_array(times: int) -> bytes:
    """A pickle in which one memoised content of 100,000 bytes is the state of ``times`` arrays."""
    new = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    kind = b"cnumpy\ndtype\n(S'u1'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntb"
    content = b"B" + (100_000).to_bytes(4, "little") + bytes(100_000)
    state = b"(I1\n(I100000\nt" + kind + b"I0\n" + content + b"tp9\n"
    return b"\x80\x03(d" + b"S'first'\n" + new + state + b"bs" + (b"S'x'\n" + new + b"g9\nbs") * times + b"."


@pytest.mark.parametrize("step", [b"\x8f", b"}", b"]", b")0", b"(0"], ids=["sets", "dicts", "lists", "tuples", "marks"])
def test_a_pickle_of_a_million_containers_is_refused_before_one_is_made(step: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04" + step * 1_000_000 + b".")
    with pytest.raises(WeightsError, match=r"more than 500,000 steps .*--limit pickle-steps"):
        read_pickle(tmp_path / "a.pkl")


def test_the_same_bytes_for_many_arrays_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(repeated_array(2))
    read_pickle(tmp_path / "a.pkl")
    (tmp_path / "a.pkl").write_bytes(repeated_array(10_000))  # a gigabyte
    with pytest.raises(WeightsError, match="the same bytes for many values"):
        read_pickle(tmp_path / "a.pkl")
    text = (
        b"\x80\x03]X\xa0\x86\x01\x00"
        + b"x" * 100_000
        + b"q\x010"
        + (b"c_codecs\nencode\n(h\x01S'latin1'\ntRa" * 10_000)
    )
    (tmp_path / "b.pkl").write_bytes(text + b".")
    with pytest.raises(WeightsError, match="the same bytes for many values"):
        read_pickle(tmp_path / "b.pkl")
