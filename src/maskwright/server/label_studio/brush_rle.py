"""The run lengths of Label Studio's brush masks: a stream of bits, of an image of four channels by rows.

The format is that of the package ``@thi.ng/rle-pack``. 32 bits are the number of values, 5 bits the width of a value
less one, four times 4 bits the widths of the run lengths less one. Then follow tokens: a bit that says whether one
value is repeated, 2 bits that choose the width of the length, the length less one, and the repeated value, or as many
values as the length says. Each pixel is four equal values, 0 or 255.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.errors import DataError
from maskwright.limits import beyond_limit, input_limit
from maskwright.structures import Rle

_CHANNELS, _OPAQUE = 4, 255
_VALUE_BITS = 8
_LENGTH_BITS = np.array([3, 4, 8, 16])
_LONGEST = 1 << 16
_HEAD_BITS = 32 + 5 + 4 * 4

Numbers = npt.NDArray[np.int64]


def encode_brush(rle: Rle) -> list[int]:
    """Return the mask as Label Studio's ``rle``, a list of bytes."""
    pixels = np.ascontiguousarray(coco_mask.decode(rle)).ravel()
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    starts = np.concatenate(([0], changes))
    lengths = _CHANNELS * np.diff(np.concatenate((starts, [pixels.size])))
    values = np.where(pixels[starts] != 0, _OPAQUE, 0)
    # A longer run is several.
    pieces = -(-lengths // _LONGEST)
    values = np.repeat(values, pieces)
    short = np.full(len(values), _LONGEST)
    short[np.cumsum(pieces) - 1] = lengths - (pieces - 1) * _LONGEST
    choice = np.searchsorted(1 << _LENGTH_BITS, short)
    width = _LENGTH_BITS[choice]
    tokens = ((((1 << 2) | choice) << width | (short - 1)) << _VALUE_BITS) | values
    head = [(_CHANNELS * pixels.size, 32), (_VALUE_BITS - 1, 5), *((int(bits) - 1, 4) for bits in _LENGTH_BITS)]
    numbers = np.concatenate(([number for number, _ in head], tokens)).astype(np.int64)
    widths = np.concatenate(([bits for _, bits in head], 3 + width + _VALUE_BITS)).astype(np.int64)
    return _packed(numbers, widths)


def _packed(numbers: Numbers, widths: Numbers) -> list[int]:
    """Return the bytes of ``numbers`` with so many bits each, highest bit first, and zeros up to a whole byte."""
    ends = np.cumsum(widths)
    token = np.repeat(np.arange(len(numbers)), widths)
    place = np.arange(ends[-1]) - (ends - widths)[token]
    bits = (numbers[token] >> (widths[token] - 1 - place)) & 1
    return np.packbits(bits.astype(np.uint8)).tolist()


def decode_brush(content: Sequence[int], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return the mask ``(H, W)`` of ``size`` in Label Studio's ``rle``, a list of bytes: where the last channel is set.

    Raises ``DataError`` when the bytes are not those of an image of this size, or of more pixels than the limit
    ``image-pixels``.
    """
    count = _CHANNELS * size[0] * size[1]
    if count > _CHANNELS * input_limit("image-pixels"):
        raise DataError(f"The brush mask has {size[1]}×{size[0]} pixels; {beyond_limit('image-pixels')}.")
    try:
        bits = _Bits(bytes(content))
    except ValueError as error:
        raise DataError(f"The brush mask is no list of bytes ({error}); expected numbers from 0 to 255.") from error
    if bits.left < _HEAD_BITS:
        raise _cut(size)
    found, width = bits.read(32), bits.read(5) + 1
    length_bits = [bits.read(4) + 1 for _ in range(4)]
    if found != count:
        expected = f"expected {count}, four for each pixel of {size[1]}×{size[0]}"
        raise DataError(f"The brush mask has {found} values; {expected}. Give the size of its image.")
    values = np.zeros(count, np.uint32)
    done = 0
    while done < count:
        if bits.left < 3:
            raise _cut(size)
        repeated, choice = bits.read(1), bits.read(2)
        if bits.left < length_bits[choice]:
            raise _cut(size)
        length = bits.read(length_bits[choice]) + 1
        if bits.left < width * (1 if repeated else length):
            raise _cut(size)
        if done + length > count:
            raise DataError(f"The brush mask has a run beyond its {count} values. Export it again.")
        values[done : done + length] = bits.read(width) if repeated else [bits.read(width) for _ in range(length)]
        done += length
    return (values.reshape(-1, _CHANNELS)[:, -1] != 0).reshape(size)


def _cut(size: tuple[int, int]) -> DataError:
    return DataError(f"The brush mask ends before the last of its {size[1]}×{size[0]} pixels. Export it again.")


class _Bits:
    """Bits of a content, read in their order."""

    def __init__(self, content: bytes) -> None:
        self._content, self._place = content, 0

    @property
    def left(self) -> int:
        return 8 * len(self._content) - self._place

    def read(self, count: int) -> int:
        first, last = self._place // 8, (self._place + count + 7) // 8
        number = int.from_bytes(self._content[first:last], "big") >> (8 * last - self._place - count)
        self._place += count
        return number & ((1 << count) - 1)
