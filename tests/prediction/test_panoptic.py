"""Panoptic prediction: the library's own result on the same logits, in chunks of queries."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from maskwright.errors import NotFinite, UsageError
from maskwright.images.resize import InputSize
from maskwright.prediction import panoptic
from maskwright.prediction.panoptic import PanopticThresholds, merge_queries, predict_panoptic_maps, require_plain
from maskwright.prediction.test_time_augmentation import Views
from maskwright.structures import ClassTable, PanopticMap
from tests.models.transformers.small_queries import small_eomt, small_model

transformers = pytest.importorskip("transformers")

TABLE = ClassTable.from_names(["car", "person", "road", "sky"]).with_stuff(["road", "sky"])
SIDE = 64


def blobs(seed: int, queries: int = 7) -> dict[str, torch.Tensor]:
    """Return logits of smooth masks that share the image and overlap, with sure and unsure classes."""
    generator = torch.Generator().manual_seed(seed)
    owner = torch.randint(queries, (4, 4), generator=generator)
    coarse = 8.0 * (owner == torch.arange(queries)[:, None, None]) - 4
    coarse = coarse + 2 * torch.randn(queries, 4, 4, generator=generator)
    masks = torch.nn.functional.interpolate(coarse[None], (SIDE // 4, SIDE // 4), mode="bilinear")[0]
    classes = 4 * torch.randn(queries, len(TABLE) + 1, generator=generator)
    sizes = {"padded": torch.tensor((SIDE, SIDE)), "seen": torch.tensor((SIDE, SIDE))}
    return {"class_logits": classes, "mask_logits": masks, **sizes}


def of_the_library(found: dict[str, torch.Tensor], threshold: float) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Return the ids ``(H, W)``, 0 for void, and the segments ``(id, label)`` of EoMT's own processor."""
    processor = transformers.EomtImageProcessor(size={"shortest_edge": SIDE, "longest_edge": SIDE})
    outputs = SimpleNamespace(
        masks_queries_logits=found["mask_logits"][None], class_queries_logits=found["class_logits"][None]
    )
    stuff = [c.index - 1 for c in TABLE if c.stuff]
    (result,) = processor.post_process_panoptic_segmentation(
        outputs, [(SIDE, SIDE)], threshold=threshold, stuff_classes=stuff
    )
    return result["segmentation"].numpy() + 1, [(s["id"] + 1, s["label_id"] + 1) for s in result["segments_info"]]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("threshold", [0.3, 0.8])
def test_the_map_is_that_of_the_library_on_the_same_logits(seed: int, threshold: float) -> None:
    found = blobs(seed)
    expected_ids, expected_segments = of_the_library(found, threshold)
    merged = merge_queries(found, (SIDE, SIDE), TABLE, PanopticThresholds(score=threshold))
    assert [(segment.id, segment.label) for segment in merged.segments] == expected_segments
    assert np.array_equal(merged.ids, expected_ids)


def test_the_random_logits_join_stuff_and_drop_queries() -> None:
    """So that the comparison with the library is of more than trivial maps."""
    maps = [merge_queries(blobs(seed), (SIDE, SIDE), TABLE, PanopticThresholds(score=0.3)) for seed in range(20)]
    assert sum(len(one.segments) for one in maps) > 40
    apart = TABLE.with_stuff([])
    alone = [merge_queries(blobs(seed), (SIDE, SIDE), apart, PanopticThresholds(score=0.3)) for seed in range(20)]
    assert any(len(one.segments) < len(other.segments) for one, other in zip(maps, alone, strict=True))


def test_chunks_of_queries_give_what_all_at_once_do(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = merge_queries(blobs(3), (100, 80), TABLE, PanopticThresholds(score=0.3))
    monkeypatch.setattr(panoptic, "_AT_ONCE", 1)
    parts = merge_queries(blobs(3), (100, 80), TABLE, PanopticThresholds(score=0.3))
    assert np.array_equal(whole.ids, parts.ids)
    assert whole.segments == parts.segments
    assert whole.ids.shape == (100, 80)


def test_without_a_sure_query_all_is_void() -> None:
    found = merge_queries(blobs(0), (SIDE, SIDE), TABLE, PanopticThresholds(score=1.0))
    assert found.segments == ()
    assert not found.ids.any()


@pytest.mark.parametrize("build", [small_model, small_eomt])
def test_a_model_predicts_a_map_at_the_size_of_each_image(build: Any) -> None:
    name = "mask2former_tiny_panoptic" if build is small_model else "eomt_tiny_panoptic"
    module = build(name).eval()
    images = [np.zeros((30, 44, 3), np.uint8), np.full((40, 20, 3), 200, np.uint8)]
    loose = PanopticThresholds(score=0.0, overlap=0.0)
    table = ClassTable.from_names(["car", "person", "sky"])
    maps = predict_panoptic_maps(module, images, InputSize(True, 64), table, loose)
    assert [one.ids.shape for one in maps] == [(30, 44), (40, 20)]
    for one in maps:
        assert isinstance(one, PanopticMap)
        assert set(np.unique(one.ids).tolist()) - {0} == {segment.id for segment in one.segments}


def test_an_answer_that_is_not_finite_is_an_error() -> None:
    module = small_model("mask2former_tiny_panoptic").eval()
    for parameter in module.parameters():
        parameter.data.fill_(float("nan"))
    with pytest.raises(NotFinite):
        predict_panoptic_maps(module, [np.zeros((32, 32, 3), np.uint8)], InputSize(True, 64), TABLE)


def test_tiles_and_averages_are_refused() -> None:
    require_plain(Views())
    with pytest.raises(UsageError, match="--tile"):
        require_plain(Views(window=64))
