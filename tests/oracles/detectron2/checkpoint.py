"""Checkpoints as Detectron2's model zoo writes them, with pseudo-random weights that are the same everywhere.

A manifest says for every tensor how its values are drawn. The bits of a tensor come from PCG64, seeded by the seed and
the tensor's name; sums are of integers, so that no value depends on the order of a sum or on the version of NumPy.
"""

import hashlib
import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np

Entry = dict[str, Any]
Weights = dict[str, np.ndarray]

UNIFORM_BITS = 53  # a double holds integers up to 2**53 exactly
SUMMED = 4  # 16-bit numbers whose sum stands for one normal draw
# Mean and standard deviation of that sum.
MEAN = SUMMED * (2**16 - 1) // 2
DEVIATION = math.sqrt(SUMMED * (2**32 - 1) / 12)
HERE = Path(__file__).parent


def read_manifest(kind: str) -> dict[str, Any]:
    """The manifest of ``kind``: ``tensors``, ``extra_tensors``, ``legacy_names`` and the digest by seed."""
    return json.loads((HERE / f"{kind}.json").read_text(encoding="utf-8"))


def weights(kind: str, seed: int = 0, *, legacy_names: bool = False, extra_keys: bool = False) -> Weights:
    """Return the float32 arrays of ``kind`` by name.

    ``legacy_names`` are PointRend's of before July 2020; ``extra_keys`` adds the buffers that old files carry.
    """
    manifest = read_manifest(kind)
    entries = manifest["tensors"] | (manifest["extra_tensors"] if extra_keys else {})
    renamed = manifest["legacy_names"] if legacy_names else []
    return {old_name(name, renamed): drawn(entry, name, seed) for name, entry in entries.items()}


def old_name(name: str, renamed: list[list[str]]) -> str:
    """``name`` with its beginning replaced by the first pair (new, old) that fits."""
    for new, old in renamed:
        if name.startswith(new):
            return old + name.removeprefix(new)
    return name


def drawn(entry: Entry, name: str, seed: int) -> np.ndarray:
    """Return the tensor ``name``, drawn as its entry says."""
    values = KINDS[entry["kind"]](entry, name, seed)
    return np.ascontiguousarray(np.broadcast_to(values, entry["shape"]), "<f4")


def constant(entry: Entry, name: str, seed: int) -> np.ndarray:
    """Return one value for each row."""
    return by_row(entry["value"], entry["shape"])


def anchors(entry: Entry, name: str, seed: int) -> np.ndarray:
    """Return the cell anchors of one size, (ratios, 4), xyxy around 0."""
    widths = np.array([math.sqrt(entry["size"] ** 2 / ratio) for ratio in entry["ratios"]])
    corner = np.stack([widths, widths * entry["ratios"]], 1) / 2
    return np.concatenate([-corner, corner], 1)


def uniform(entry: Entry, name: str, seed: int) -> np.ndarray:
    """Return values between ``low`` and ``high``."""
    fractions = (bits(entry, name, seed) >> np.uint64(64 - UNIFORM_BITS)).astype(np.float64) / 2**UNIFORM_BITS
    return (fractions * (entry["high"] - entry["low"]) + entry["low"]).reshape(entry["shape"])


def normal(entry: Entry, name: str, seed: int) -> np.ndarray:
    """Return nearly normal values of standard deviation ``scale`` around ``offset``.

    With ``zero_sum`` the values of a row add up to 0; ``diag`` is (column, value): value is added at [i, column + i].
    """
    parts = bits(entry, name, seed).view(np.uint16).reshape(-1, SUMMED)
    sums, scale = parts.sum(1, dtype=np.int64) - MEAN, entry["scale"] / DEVIATION
    if entry.get("zero_sum"):
        rows = sums.reshape(entry["shape"][0], -1)
        # Times the row's length, so that subtracting its mean stays in integers.
        sums, scale = rows * rows.shape[1] - rows.sum(1, keepdims=True), scale / rows.shape[1]
    values = (sums * scale).reshape(entry["shape"]) + by_row(offset(entry, seed), entry["shape"])
    if "diag" in entry:
        column, value = entry["diag"]
        rows = np.arange(len(values))
        values[(rows, rows + column)] += value
    return values


def offset(entry: Entry, seed: int) -> Any:
    """The offset of an entry: a number, one for each row, or either by seed."""
    found = entry.get("offset", 0)
    return found["per_seed"].get(str(seed), 0) if isinstance(found, dict) else found


def bits(entry: Entry, name: str, seed: int) -> np.ndarray:
    """Return 64 random bits for each value of the tensor ``name``."""
    start = hashlib.sha256(f"{seed}:{name}".encode()).digest()[:16]
    return np.random.PCG64(int.from_bytes(start, "little")).random_raw(math.prod(entry["shape"]))


def by_row(values: Any, shape: list[int]) -> np.ndarray:
    """``values``, one or one for each row, in a form that spreads over ``shape``."""
    return np.asarray(values, np.float64).reshape(-1, *[1] * (len(shape) - 1))


KINDS = {"const": constant, "anchors": anchors, "uniform": uniform, "normal": normal}


def digest(arrays: Weights) -> str:
    """Return the SHA-256 of all names, types, shapes and values, as manifests record it."""
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name}|{array.dtype.str}|{list(array.shape)}|".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def write_checkpoint(path: Path, arrays: Weights) -> None:
    """Write ``arrays`` as a file of the zoo: a pickle of protocol 3."""
    content = {"model": arrays, "__author__": "Detectron2 Model Zoo"}
    # The zoo's files name NumPy's constructor as NumPy 1 did. Protocol 3 writes a name as text ended by a newline.
    written = pickle.dumps(content, protocol=3).replace(b"cnumpy._core.", b"cnumpy.core.")
    path.write_bytes(written)
