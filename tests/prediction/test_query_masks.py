"""Masks of queries in chunks: to the bit those of resizing all at once, in bounded memory."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from hotcoco import mask as coco_mask
from torch.nn import functional

from maskwright.errors import NotFinite
from maskwright.images.resize import InputSize
from maskwright.prediction import query_masks
from maskwright.prediction.instance import detect, encode_instances, predict_instances
from maskwright.prediction.query_masks import encode_queries, full_size_masks
from maskwright.structures import Instances
from tests.models.transformers.small_queries import small_model

Found = Mapping[str, torch.Tensor]


def invented(seed: int, queries: int = 12, size: tuple[int, int] = (16, 24)) -> dict[str, torch.Tensor]:
    """Return detections of blobs; the last query has no pixel, and some queries are in two pairs."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(1, queries, 4, 6, generator=generator)
    logits = functional.interpolate(coarse, size, mode="bicubic")[0] * 4
    logits[-1] = -5
    rows = torch.arange(queries + 4) % queries
    return {
        "labels": torch.randint(1, 4, (len(rows),), generator=generator),
        "scores": torch.rand(len(rows), generator=generator).sort(descending=True).values,
        "queries": rows,
        "mask_logits": logits,
        "seen": torch.tensor([50, 83]),
        "padded": torch.tensor([64, 96]),
    }


def dense(found: Found, size: tuple[int, int]) -> Instances:
    """Return the detections by resizing all masks at once, the way that takes the memory of all."""
    padded = functional.interpolate(found["mask_logits"][None], (64, 96), mode="bilinear", align_corners=False)
    masks = functional.interpolate(padded[:, :, :50, :83], size, mode="bilinear", align_corners=False)[0]
    inside = masks > 0
    means = [float(m[i].sigmoid().double().mean()) if i.any() else 0.0 for m, i in zip(masks, inside, strict=True)]
    scores = found["scores"].numpy() * np.array([means[row] for row in found["queries"]], np.float32)
    order = [i for i in np.argsort(-scores, kind="stable") if means[found["queries"][i]] > 0]
    chosen = found["queries"][order]
    return Instances.from_dense(inside[chosen].numpy(), labels=found["labels"].numpy()[order], scores=scores[order])


@pytest.mark.parametrize("at_once", [1, 3 * 120 * 200, 1 << 24])
def test_chunks_give_the_bits_of_all_at_once_on_50_images_and_so_the_same_ap(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_masks, "_AT_ONCE", at_once)
    for seed in range(50):
        found, size = invented(seed), [(120, 200), (50, 83), (31, 47)][seed % 3]
        assert encode_queries(found, size) == dense(found, size)


def test_a_mask_of_no_pixel_is_dropped_and_scores_fall() -> None:
    found = invented(0)
    instances = encode_queries(found, (120, 200))
    assert len(instances) == len(found["queries"]) - 1
    assert (np.diff(instances.scores) <= 0).all()
    assert (instances.scores < 1).all()
    assert (instances.areas > 0).all()


def test_boxes_are_those_of_the_masks() -> None:
    instances = encode_queries(invented(1), (120, 200))
    for box, rle in zip(instances.boxes, instances.masks, strict=True):
        rows, columns = np.nonzero(coco_mask.decode(rle))
        assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_an_image_without_detections_is_empty() -> None:
    found = {key: value[:0] if key not in ("seen", "padded") else value for key, value in invented(0).items()}
    assert len(encode_queries(found, (120, 200))) == 0


def test_a_chunk_is_bounded_by_its_values() -> None:
    found = invented(0)
    sizes = [len(chunk) for chunk in full_size_masks(found, (120, 200), at_once=5 * 120 * 200)]
    assert sizes == [5, 5, 2]
    assert [len(chunk) for chunk in full_size_masks(found, (120, 200), at_once=1)] == [1] * 12


def test_a_network_that_answers_nan_is_told() -> None:
    model = small_model().eval()
    model.network.class_predictor.weight.data.fill_(float("nan"))
    with pytest.raises(NotFinite, match="NaN"):
        predict_instances(model, [np.zeros((40, 50, 3), np.uint8)], InputSize(False, 40))


def test_a_network_finds_what_its_masks_say() -> None:
    model = small_model().eval()
    image = np.random.default_rng(0).integers(0, 255, (45, 70, 3), np.uint8)
    (found,) = detect(model, [image], InputSize(False, 32, longest=64, rule="torchvision"))
    instances = encode_instances(model, found, image.shape[:2])
    assert instances.size == (45, 70)
    (again,) = predict_instances(model, [image], InputSize(False, 32, longest=64, rule="torchvision"))
    assert instances == again
