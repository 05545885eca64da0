from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as oracle

from maskwright.masks import run_lengths as module
from maskwright.masks.rle import BadSegmentation, rasterise, run_lengths
from maskwright.masks.run_lengths import measure_run_lengths, run_count, sound_runs

MASKS = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda size: arrays.arrays(np.uint8, size, elements=st.integers(0, 1))
)


@settings(max_examples=80)
@given(st.lists(st.tuples(MASKS, st.booleans(), st.integers(1, 40)), min_size=1, max_size=8))
def test_areas_and_boxes_are_those_of_pycocotools(scenes: list[tuple[npt.NDArray[np.uint8], bool, int]]):
    # Taller images have runs of several code bytes.
    rles = [oracle.encode(np.asfortranarray(np.repeat(mask, scale, axis=0))) for mask, _, scale in scenes]
    counts = [
        rle["counts"] if compressed else run_lengths(rle).tolist()
        for rle, (_, compressed, _) in zip(rles, scenes, strict=True)
    ]
    heights, widths = zip(*(rle["size"] for rle in rles), strict=True)
    found = measure_run_lengths(counts, heights, widths)
    assert found.sound.all()
    assert found.areas.tolist() == oracle.area(rles).tolist()
    boxes = oracle.toBbox(rles)
    boxes[:, 2:] += boxes[:, :2]
    there = found.areas > 0
    np.testing.assert_array_equal(found.bounds[there], boxes[there])


TEXTS = st.text(st.sampled_from("0123456789:;?@ANO\\`ao~ \x00"), min_size=1, max_size=12)
NUMBERS = st.lists(st.integers(-3, 60), min_size=1, max_size=6)


@settings(max_examples=150)
@given(st.lists(TEXTS | NUMBERS, min_size=1, max_size=6), st.integers(1, 6), st.integers(1, 6))
def test_sound_is_what_can_be_drawn(counts: list[str | list[int]], height: int, width: int):
    given_counts: list[Any] = [each.encode() if isinstance(each, str) else each for each in counts]
    sound = measure_run_lengths(given_counts, [height] * len(counts), [width] * len(counts)).sound
    assert sound.tolist() == [is_drawn(each, height, width) for each in counts]


def is_drawn(counts: str | list[int], height: int, width: int) -> bool:
    try:
        rasterise({"size": [height, width], "counts": counts}, height, width)
    except BadSegmentation:
        return False
    return True


@pytest.mark.parametrize("counts", [b"", [], b"o", b"O", b"\xff\x20", b"oooooooooooooooo0", [17], [0, 8]], ids=str)
def test_what_is_no_rle_of_the_image_is_not_sound_and_spoils_no_other(counts: bytes | list[int]):
    found = measure_run_lengths([[4, 8, 4], counts, b"484"], [4] * 3, [4] * 3)
    assert found.sound.tolist() == [True, False, True]
    assert (found.areas[0], found.areas[2]) == (8, 8)


def test_more_rles_than_are_measured_at_once_come_out_in_their_order():
    sizes = [number % 9 for number in range(1200)]
    counts = [[0, size, 9 - size] if size else [9] for size in sizes]
    found = measure_run_lengths(counts, [3] * len(counts), [3] * len(counts))
    assert found.sound.all()
    assert found.areas.tolist() == sizes


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_the_runs_of_a_mask_are_sound_for_its_pixels_only(seed: int, count: int):
    rng = np.random.default_rng(seed)
    masks = [(rng.random(rng.integers(1, 60, 2)) < rng.random()).astype(np.uint8) for _ in range(count)]
    counts = [oracle.encode(np.asfortranarray(mask))["counts"] for mask in masks]
    sizes = np.array([mask.size for mask in masks])
    assert sound_runs(counts, sizes).all()
    assert not sound_runs(counts, sizes + 1).any()


def test_long_runs_and_many_rles_at_once_are_sound(monkeypatch: pytest.MonkeyPatch):
    large = np.zeros((3000, 2500), np.uint8, order="F")
    large[5:2000, 7:2400] = 1
    counts = [oracle.encode(large)["counts"], oracle.encode(np.ones((2, 2), np.uint8, order="F"))["counts"]] * 3
    assert sound_runs(counts, [large.size, 4] * 3).all()
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    assert sound_runs(counts, [large.size, 4] * 3).all()


def test_a_cut_rle_is_not_sound():
    mask = np.zeros((20, 30), np.uint8, order="F")
    mask[3:9, 4:20] = 1
    counts = oracle.encode(mask)["counts"]
    assert not sound_runs([counts[:length] for length in range(len(counts))], [mask.size] * len(counts)).any()


def test_what_is_not_cocos_coding_is_not_sound_and_spoils_no_other():
    good = oracle.encode(np.ones((4, 5), np.uint8, order="F"))["counts"]
    sound = sound_runs([b"", good, b"o", b"\xff\x01", good, b"12\x80"], [20] * 6)
    assert sound.tolist() == [False, True, False, False, True, False]


def test_no_rle_is_neither():
    assert sound_runs([], []).size == 0


def wrapping_runs(pixels: int) -> list[int]:
    """Runs of up to 2⁴⁹ pixels whose sum is 2⁶⁴ plus ``pixels``: in 64 bits it is ``pixels``."""
    step = 2**34 - 1
    background = [step * i for i in range(46_341)]
    missing = 2**64 + pixels - sum(background)
    share, rest = divmod(missing, len(background))
    foreground = [share] * (len(background) - 1) + [share + rest]
    return [run for pair in zip(background, foreground, strict=True) for run in pair]


def coded(runs: list[int]) -> bytes:
    """COCO's coding of ``runs``, each of up to seven groups of five bits."""
    text = bytearray()
    for i, run in enumerate(runs):
        value, more = run - (runs[i - 2] if i > 2 else 0), True
        while more:
            group, value = value & 0x1F, value >> 5
            more = value != (-1 if group & 0x10 else 0)
            text.append(group + 48 + 0x20 * more)
    return bytes(text)


def test_runs_whose_sum_wraps_to_the_number_of_pixels_are_not_sound():
    runs = wrapping_runs(200)
    assert sum(runs) == 2**64 + 200
    assert run_lengths({"size": [10, 20], "counts": coded(runs)}).tolist() == runs
    assert not sound_runs([coded(runs)], [200])[0]
    assert not measure_run_lengths([coded(runs)], [10], [20]).sound[0]
    with pytest.raises(BadSegmentation, match=r"an RLE with a run of \d+ pixels on an image of 200"):
        rasterise({"size": [10, 20], "counts": coded(runs).decode()}, 10, 20)


@given(MASKS, st.integers(1, 400))
def test_runs_are_counted_without_decoding_them(mask: npt.NDArray[np.uint8], scale: int):
    rle = oracle.encode(np.asfortranarray(np.repeat(mask, scale, axis=0)))
    assert run_count(rle) == len(run_lengths(rle))
    assert run_count({**rle, "counts": rle["counts"].decode()}) == len(run_lengths(rle))
