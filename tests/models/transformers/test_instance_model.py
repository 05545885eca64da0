"""Instances by queries: the best pairs of query and class, whatever else is in the batch."""

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models.transformers.batching import PaddedBatch
from maskwright.models.transformers.query_model import QueryLayer
from tests.models.transformers.small_queries import CLASSES, images, small_model


def test_detections_are_the_likeliest_pairs_of_query_and_class() -> None:
    model = small_model(detections=4)
    logits = torch.tensor([[[3.0, 2.5, -9, 0], [-9, -9, -9, 5], [-9, 1.0, -9, 0], [-9, -9, 2.0, 0]]])
    masks = torch.arange(4.0).view(1, 4, 1, 1).expand(1, 4, 16, 16)
    batch = PaddedBatch(torch.zeros(1, 3, 64, 64), [(50, 60)])
    found = model._found(QueryLayer(logits, masks), 0, batch)
    probabilities = logits[0].softmax(-1)
    expected = torch.stack([probabilities[3, 2], probabilities[2, 1], probabilities[0, 0], probabilities[0, 1]])
    assert torch.equal(found["scores"], expected.sort(descending=True).values)
    # Query 0 is in two pairs, one for each of its likely classes.
    of_masks = [int(found["mask_logits"][row, 0, 0]) for row in found["queries"]]
    assert sorted(zip(of_masks, found["labels"].tolist(), strict=True)) == [(0, 1), (0, 2), (2, 2), (3, 3)]
    assert (found["seen"].tolist(), found["padded"].tolist()) == ([50, 60], [64, 64])


def test_there_are_no_more_detections_than_pairs() -> None:
    model = small_model(detections=1000).eval()
    with torch.inference_mode():
        found = model(images()[:1])[0]
    assert len(found["scores"]) == 7 * CLASSES
    assert sorted(found["scores"].tolist(), reverse=True) == found["scores"].tolist()
    assert set(found["labels"].tolist()) == {1, 2, 3}


def test_an_image_alone_is_found_as_in_a_batch_of_one_padded_size() -> None:
    model = small_model().eval()
    same = [images()[0], torch.rand(3, 60, 90, generator=torch.Generator().manual_seed(3))]
    assert model.padded_size((50, 70)) == model.padded_size((60, 90)) == (64, 96)
    with torch.inference_mode():
        alone, together = model(same[:1])[0], model(same)[0]
    torch.testing.assert_close(alone["scores"], together["scores"], rtol=0, atol=1e-5)


def test_training_without_targets_and_no_detections_are_refused() -> None:
    with pytest.raises(ValueError, match="targets"):
        small_model()(images())
    with pytest.raises(UsageError, match="detections 0: expected at least 1"):
        small_model(detections=0)
