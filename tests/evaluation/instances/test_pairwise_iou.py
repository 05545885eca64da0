import numpy as np
import pytest
from pycocotools import mask as oracle

from maskwright.evaluation.instances.pairwise_iou import pairwise_iou
from maskwright.structures import Instances


@pytest.mark.parametrize("iou_type", ["segm", "bbox"])
@pytest.mark.parametrize("crowd", [False, True])
def test_every_pair_has_the_iou_of_pycocotools(iou_type: str, crowd: bool):
    random = np.random.default_rng(0)
    dense = [random.random((count, 12, 9)) > 0.6 for count in (3, 2)]
    found = Instances.from_dense(dense[0], labels=[1, 1, 1]).to_coco(1)
    objects = Instances.from_dense(dense[1], labels=[1, 1]).to_coco(1, first_id=1)
    key = "segmentation" if iou_type == "segm" else "bbox"
    expected = oracle.iou([each[key] for each in found], [each[key] for each in objects], [crowd, crowd])
    np.testing.assert_allclose(pairwise_iou(found, objects, iou_type, [crowd, crowd]), expected, atol=1e-12)


def test_without_results_or_objects_there_is_no_pair():
    objects = Instances.from_dense(np.ones((1, 4, 4)), labels=[1]).to_coco(1, first_id=1)
    assert pairwise_iou([], objects, "segm", [False]).shape == (0, 1)
    assert pairwise_iou(objects, [], "bbox", []).shape == (1, 0)
