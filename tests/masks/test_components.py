import cv2
import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as oracle

from maskwright.masks.components import components, masks_by_label
from tests.masks.test_contours import Mask, encode, masks

MAPS = arrays(
    np.uint16, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 1, 2, 300, 65535])
)


@settings(max_examples=60)
@given(MAPS)
def test_every_label_lies_where_pycocotools_encodes_it(label_map: npt.NDArray[np.uint16]):
    found = masks_by_label(label_map)
    assert list(found) == [label for label in np.unique(label_map).tolist() if label]
    for label, rle in found.items():
        assert rle == encode((label_map == label).astype(np.uint8))


@settings(max_examples=60)
@given(masks())
def test_components_are_those_of_opencv(mask: Mask):
    count, labels = cv2.connectedComponents(mask, connectivity=4)
    expected = {encode((labels == label).astype(np.uint8))["counts"] for label in range(1, count)}
    found = components(encode(mask))
    assert {rle["counts"] for rle in found} == expected
    assert len(found) == len(expected)
    assert sum(int(oracle.area(rle)) for rle in found) == mask.sum()
