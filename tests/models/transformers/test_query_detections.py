"""The likeliest pairs of query and class are the detections; a query may have several."""

import pytest
import torch

from maskwright.models.transformers.query_detections import QueryDetections, require_detections


class Three(QueryDetections):
    """Makes three detections."""

    arrays = ("scores", "mask_logits", "boxes")
    detections = 3


ARRAYS = {
    "scores": torch.tensor([[0.1, 0.9], [0.0, 0.05], [0.8, 0.7]]),
    "mask_logits": torch.arange(3.0)[:, None, None].expand(3, 2, 2),
    "boxes": torch.arange(12.0).reshape(3, 4),
}


def test_a_query_is_in_several_pairs_with_its_mask_once() -> None:
    found = Three().detections_of(ARRAYS, (5, 7), (8, 8))
    assert found["scores"].tolist() == pytest.approx([0.9, 0.8, 0.7])
    assert found["labels"].tolist() == [2, 1, 2]
    assert found["mask_logits"][found["queries"], 0, 0].tolist() == [0, 2, 2]
    assert len(found["mask_logits"]) == 2
    assert found["boxes"][:, 0].tolist() == [0, 8, 8]
    assert (found["seen"].tolist(), found["padded"].tolist()) == ([5, 7], [8, 8])


def test_fewer_pairs_than_detections_are_all_returned() -> None:
    few = {"scores": torch.tensor([[0.2]]), "mask_logits": torch.zeros(1, 2, 2)}
    found = Three().detections_of(few, (2, 2), (2, 2))
    assert found["labels"].tolist() == [1]
    assert "boxes" not in found


def test_a_number_below_one_is_refused() -> None:
    assert require_detections(1) == 1
    with pytest.raises(ValueError, match="detections 0: expected at least 1"):
        require_detections(0)
