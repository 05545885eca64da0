import json
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.annotations.checks import measurements as shapes
from maskwright.annotations.checks.measurements import annotation_batches, measure_annotations
from maskwright.annotations.coco.file import CocoAnnotation, read_coco
from maskwright.masks.rle import BadSegmentation, rasterise

H, W = 12, 16
COORDINATES = st.integers(-8, 80).map(lambda quarter: quarter / 4)
PART = st.lists(COORDINATES, max_size=9)
RUNS = st.lists(st.integers(-2, H * W), max_size=4)
SEGMENTATIONS = (
    st.lists(PART, max_size=3)
    | PART
    | st.none()
    | st.builds(lambda size, counts: {"size": size, "counts": counts}, st.sampled_from([[H, W], [W, H], None]), RUNS)
    | st.builds(lambda runs: {"size": [H, W], "counts": [*runs, H * W - sum(runs)]}, RUNS)
    | st.text(st.sampled_from("0148`oO"), max_size=6).map(lambda counts: {"size": [H, W], "counts": counts})
)


def annotation(segmentation: Any, identity: int = 1) -> CocoAnnotation:
    return CocoAnnotation(identity, 1, 1, msgspec.Raw(json.dumps(segmentation).encode()))


def code_of_drawing(segmentation: Any) -> str | None:
    try:
        drawn = rasterise(msgspec.Raw(json.dumps(segmentation).encode()), H, W)
    except BadSegmentation as bad:
        return bad.code
    return "dropped_parts" if drawn.dropped_parts else None


@settings(max_examples=150)
@given(st.lists(SEGMENTATIONS, min_size=1, max_size=6))
def test_an_annotation_is_usable_if_and_only_if_it_can_be_drawn(segmentations: list[Any]):
    batch = measure_annotations([annotation(each, number) for number, each in enumerate(segmentations)], {1: (H, W)})
    found = {position: fault.code for position, fault in batch.faults}
    expected = {position: code for position, each in enumerate(segmentations) if (code := code_of_drawing(each))}
    assert found == expected
    undrawn = [position for position, code in expected.items() if code != "dropped_parts"]
    assert np.flatnonzero(np.isnan(batch.areas)).tolist() == undrawn


@settings(max_examples=60)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=9).filter(lambda runs: sum(runs) <= H * W))
def test_bounds_and_areas_of_an_rle_are_those_of_pycocotools(runs: list[int]):
    rle = oracle.frPyObjects({"size": [H, W], "counts": [*runs, H * W - sum(runs)]}, H, W)
    compressed = {"size": [H, W], "counts": rle["counts"].decode()}
    for segmentation in (compressed, {"size": [H, W], "counts": [*runs, H * W - sum(runs)]}):
        batch = measure_annotations([annotation(segmentation)], {1: (H, W)})
        assert batch.areas.tolist() == [oracle.area(rle)]
        x, y, width, height = oracle.toBbox(rle).tolist()
        if batch.areas[0]:
            assert batch.bounds[0].tolist() == [x, y, x + width, y + height]


def test_the_parts_of_an_object_are_measured_together():
    batch = measure_annotations(
        [annotation(None), annotation([[1, 1, 3, 1, 3, 3, 1, 3], [5, 2, 8, 2, 8, 6]])], {1: (H, W)}
    )
    assert np.isnan(batch.bounds[0]).all()
    assert batch.bounds[1].tolist() == [1, 1, 8, 6]
    assert (batch.areas[1], batch.lengths[1]) == (4 + 6, 8 + 3 + 4 + 5)
    assert batch.owners.tolist() == [1, 1]


def test_a_fault_names_its_annotation_and_image():
    batch = measure_annotations([annotation([[1, 2]], 77)], {1: (H, W)})
    ((_, fault),) = batch.faults
    assert str(fault).startswith("annotation 77 (image 1) has no polygon of at least three points")


@pytest.mark.parametrize(
    "segmentation",
    [
        [[0, 0, 1e12, 0, 1e12, 5, 0, 5]],
        [[1e308, 0, -1e308, 0, 0, 5]],
        [[0, 0, 3e6, 0, 3e6, 5, 0, 5], [0, 0, 3e6, 0, 3e6, 5, 0, 5]],
        [[0.5, 0.5] * 2_000_000],
        {"size": [H, W], "counts": [0, 2**40]},
        {"size": [H, W], "counts": [2**70]},
        {"size": [10**9, 10**9], "counts": [10**18]},
        {"size": [H, W], "counts": "o" * 1000 + "0"},
    ],
    ids=lambda value: str(value)[:40],
)
def test_bombs_are_refused_before_they_take_time_or_memory(segmentation: Any):
    batch = measure_annotations([annotation(segmentation)], {1: (H, W)})
    ((_, fault),) = batch.faults
    assert fault.code in ("polygon_bomb", "rle_counts", "rle_size")


def test_an_outline_that_is_long_but_can_be_drawn_is_measured_by_its_pixels():
    batch = measure_annotations([annotation([[0, 0, 1.5e6, 0, 1.5e6, 5, 0, 5]])], {1: (H, W)})
    assert batch.faults == []
    assert (batch.bounds[0].tolist(), batch.areas[0]) == ([0, 0, W, 5], 5 * W)


@pytest.mark.parametrize(("annotations", "size"), [(3, 1 << 20), (2048, 40)])
def test_batches_hold_every_annotation_once_in_file_order(
    coco: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, annotations: int, size: int
):
    monkeypatch.setattr(shapes, "_ANNOTATIONS_AT_ONCE", annotations)
    monkeypatch.setattr(shapes, "_BYTES_AT_ONCE", size)
    read = read_coco(coco(*({} for _ in range(10)), images=[{}]))
    found = [each.id for batch in annotation_batches(read) for each in batch.annotations]
    assert found == list(range(1, 11))
    assert len(list(annotation_batches(read))) > 2


def test_a_file_without_annotations_has_no_batches(coco: Callable[..., Any]):
    assert list(annotation_batches(read_coco(coco()))) == []
