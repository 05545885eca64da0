"""Validation of the masks of results, before a tool that would hang, crash or draw garbage reads them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from maskwright.masks.rle import BadSegmentation, rasterise
from maskwright.masks.run_lengths import sound_runs
from maskwright.structures import Rle


class CompressedRle(msgspec.Struct, gc=False):
    """A compressed RLE as results hold it, unchecked: ``size`` is ``[H, W]``, ``counts`` is text."""

    size: list[int]
    counts: str


_compressed = msgspec.json.Decoder(CompressedRle)


def checked_masks(
    masks: Mapping[int, tuple[CompressedRle | msgspec.Raw, tuple[int, int]]],
) -> dict[int, Rle | str]:
    """Return the RLE of each segmentation, or a text that says what is wrong with it, by the keys of ``masks``.

    A segmentation is decoded or raw JSON; ``(H, W)`` beside it is the size of its image. Compressed RLEs, of which
    there may be millions, are checked together. Polygons and uncompressed run lengths are drawn one by one.
    """
    checked: dict[int, Rle | str] = {}
    rles: dict[int, Rle] = {}
    for key, (segmentation, (height, width)) in masks.items():
        rle = segmentation if isinstance(segmentation, CompressedRle) else _decoded(segmentation)
        if rle is None:
            checked[key] = _drawn(segmentation, height, width)
        elif rle.size != [height, width]:
            checked[key] = f"has an RLE of size {rle.size} on an image of size {[height, width]}"
        elif rle.counts.isascii():
            rles[key] = {"size": rle.size, "counts": rle.counts.encode("ascii")}
        else:
            checked[key] = _WRONG_COUNTS
    sound = sound_runs(
        [rle["counts"] for rle in rles.values()], [rle["size"][0] * rle["size"][1] for rle in rles.values()]
    )
    wrong = [key for key, right in zip(rles, sound, strict=True) if not right]
    return checked | rles | dict.fromkeys(wrong, _WRONG_COUNTS)


def _decoded(content: msgspec.Raw) -> CompressedRle | None:
    try:
        return _compressed.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


_WRONG_COUNTS = "has an RLE whose counts do not add up to its image's pixels"


def _drawn(content: Any, height: int, width: int) -> Rle | str:
    try:
        return rasterise(content, height, width).rle
    except BadSegmentation as bad:
        return str(bad)
