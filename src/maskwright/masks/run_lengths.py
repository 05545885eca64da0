"""Validity, areas and boxes of many RLEs at once, computed from their run lengths; nothing is decoded to pixels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.structures import Rle

Integers = npt.NDArray[np.int64]

# RLEs decoded at once: few enough that their runs stay in the processor's cache.
_AT_ONCE = 500
# Groups of 5 bits: seven hold 32 bits and a sign.
_MOST_GROUPS = 7
# The code of -1, which no run may be.
_NEGATIVE_RUN = b"O"


@dataclass(frozen=True)
class RunLengthMeasures:
    """Measures of N masks: ``sound`` ``(N,)`` bool, ``areas`` ``(N,)`` and ``bounds`` ``(N, 4)`` xyxy in pixels.

    The areas and bounds of an RLE that is not sound mean nothing, and neither do the bounds of an empty mask.
    """

    sound: npt.NDArray[np.bool_]
    areas: Integers
    bounds: Integers


def measure_run_lengths(
    counts: Sequence[bytes | Sequence[int]], heights: npt.ArrayLike, widths: npt.ArrayLike
) -> RunLengthMeasures:
    """Return the measures of N RLEs given by their ``counts``, on images of ``heights`` × ``widths`` ``(N,)`` pixels.

    Counts are compressed (bytes) or lists of integers under 2³² in size. An RLE is sound when its counts follow COCO's
    coding, are not negative, and sum to height × width.
    """
    height, width = (np.asarray(values, np.int64).reshape(-1) for values in (heights, widths))
    runs = RunLengthMeasures(
        np.zeros(len(counts), np.bool_), np.zeros(len(counts), np.int64), np.zeros((len(counts), 4), np.int64)
    )
    for which, lengths, starts in _decoded(counts):
        runs.sound[which] = _sound(lengths, starts, height[which] * width[which])
        runs.areas[which], runs.bounds[which] = _measured(lengths, starts, height[which])
    return runs


def run_count(rle: Rle) -> int:
    """Return the number of runs of a compressed RLE: the time of its IoU with another grows with them."""
    counts: Any = rle["counts"]
    codes = np.frombuffer(counts.encode("ascii") if isinstance(counts, str) else counts, np.uint8)
    # A group of five bits that another follows has a sixth.
    return int(np.count_nonzero((codes - 48) & 0x20 == 0))


def sound_runs(counts: Sequence[bytes | Sequence[int]], pixels: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return which of N RLEs are sound, ``(N,)`` bool, on images of ``pixels`` ``(N,)``.

    See :func:`measure_run_lengths` for what is sound.

    COCO's tools read an RLE that is too short without an error and draw garbage.
    """
    expected, sound = np.asarray(pixels, np.int64).reshape(-1), np.zeros(len(counts), np.bool_)
    for which, lengths, starts in _decoded(counts):
        sound[which] = _sound(lengths, starts, expected[which])
    return sound


def _decoded(counts: Sequence[bytes | Sequence[int]]) -> Iterator[tuple[npt.NDArray[np.intp], Integers, Integers]]:
    """Yield groups of the RLEs that are not empty: their positions, all run lengths, and where each RLE starts."""
    for kind, decode in ((bytes, _decompressed), (list, _listed)):
        of_kind = [i for i, each in enumerate(counts) if isinstance(each, kind) and len(each)]
        for start in range(0, len(of_kind), _AT_ONCE):
            which = of_kind[start : start + _AT_ONCE]
            yield np.array(which), *decode([counts[i] for i in which])


def _sound(lengths: Integers, starts: Integers, pixels: Integers) -> npt.NDArray[np.bool_]:
    # A sum alone may wrap: four runs of 2**62 pixels sum to 0. Runs within the image cannot reach 2**63.
    within = (np.minimum.reduceat(lengths, starts) >= 0) & (np.maximum.reduceat(lengths, starts) <= pixels)
    return within & (np.add.reduceat(lengths, starts) == pixels)


def _measured(lengths: Integers, starts: Integers, height: Integers) -> tuple[Integers, Integers]:
    sums = np.cumsum(lengths)
    ones = np.flatnonzero((_positions(starts, lengths.size) % 2 == 1) & (lengths > 0))
    begins = np.searchsorted(ones, starts)
    numbers = np.diff(begins, append=ones.size)
    before = np.repeat(sums[starts] - lengths[starts], numbers)
    stop = sums[ones] - before
    rows = np.repeat(height, numbers)
    left, top = np.divmod(stop - lengths[ones], rows)
    right, bottom = np.divmod(stop - 1, rows)
    # A run that goes on into the next column touches the last row of one and the first of the other.
    several = left != right
    top[several], bottom[several] = 0, rows[several] - 1

    least = [_reduced(np.minimum, values, begins) for values in (left, top)]
    greatest = [_reduced(np.maximum, values, begins) + 1 for values in (right, bottom)]
    covered = np.concatenate(([0], np.cumsum(lengths[ones])))
    areas = covered[begins + numbers] - covered[begins]
    return areas, np.stack([*least, *greatest], axis=1)


def _reduced(reduce: np.ufunc, values: Integers, begins: Integers) -> Integers:
    """Return ``values`` reduced from each of ``begins`` to the next; an empty range gives any value."""
    # One more value, because an empty range at the end begins behind the last one.
    return reduce.reduceat(np.append(values, values[-1:] if values.size else 0), begins)


def _listed(counts: Sequence[Any]) -> tuple[Integers, Integers]:
    """Return the run lengths of all RLEs in one array, and where each RLE starts."""
    lengths = np.fromiter(chain.from_iterable(counts), np.int64)
    return lengths, _starts([len(each) for each in counts])


def _decompressed(counts: Sequence[Any]) -> tuple[Integers, Integers]:
    """Decode COCO's run coding of many RLEs at once, as :func:`maskwright.masks.rle.run_lengths` does for one.

    Counts that do not follow the coding get a run of length -1.
    """
    # Counts that end within a run would continue into the next RLE.
    codes = np.frombuffer(b"".join(each if _whole(each) else _NEGATIVE_RUN for each in counts), np.uint8) - np.uint8(48)
    last = np.flatnonzero(codes & 0x20 == 0)
    first = np.concatenate(([0], last[:-1] + 1))
    values = _values(codes, first, last)
    sizes = [len(each) if _whole(each) else len(_NEGATIVE_RUN) for each in counts]
    starts = np.searchsorted(last, _starts(sizes))
    position = _positions(starts, values.size)
    # From the fourth on a run is coded relative to the run two before: two sums, over odd and even ones but the first.
    for parity in (1, 0):
        every_second = np.flatnonzero((position % 2 == parity) & (position > 0))
        sums = np.cumsum(values[every_second])
        begins = np.searchsorted(every_second, starts)
        before = np.where(begins > 0, sums[begins - 1], 0) if sums.size else begins
        values[every_second] = sums - np.repeat(before, np.diff(begins, append=sums.size))
    values[starts[np.maximum.reduceat(codes, _starts(sizes)) > 63]] = -1
    return values, starts


def _whole(counts: bytes) -> bool:
    return not counts[-1] - 48 & 0x20


def _starts(sizes: Sequence[int]) -> Integers:
    return np.concatenate(([0], np.cumsum(sizes)[:-1]))


def _values(codes: npt.NDArray[np.uint8], first: Integers, last: Integers) -> Integers:
    """Return the signed numbers of 5-bit groups, low first; a number with more groups than a run has becomes -1."""
    groups = last - first + 1
    values = (codes[first] & 0x1F).astype(np.int64)
    for place in range(1, min(int(groups.max()), _MOST_GROUPS)):
        longer = np.flatnonzero(groups > place)
        values[longer] += (codes[first[longer] + place] & 0x1F).astype(np.int64) << 5 * place
    negative = np.flatnonzero(codes[last] & 0x10)
    values[negative] -= np.int64(1) << 5 * np.minimum(groups[negative], _MOST_GROUPS)
    values[groups > _MOST_GROUPS] = -1
    return values


def _positions(starts: Integers, size: int) -> Integers:
    """Return the position of each of ``size`` runs within its RLE."""
    return np.arange(size) - np.repeat(starts, np.diff(starts, append=size))
