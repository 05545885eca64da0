"""One ring for holes and parts: pycocotools draws it as it draws the rings apart."""

import cv2
import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from pycocotools import mask as oracle

from maskwright.masks.contours import polygons_to_rle, polygons_with_holes
from maskwright.masks.keyhole import Points, chain, keyhole, loops
from tests.masks.test_contours import Mask, encode, masks


def drawn(ring: Points, shape: tuple[int, ...]) -> dict:
    return oracle.frPyObjects([ring.ravel().astype(float).tolist()], *shape)[0]


@settings(max_examples=100)
@given(masks())
def test_pycocotools_draws_a_keyhole_as_the_polygon_with_its_holes(mask: Mask):
    for polygon in polygons_with_holes(encode(mask)):
        assert drawn(keyhole(polygon), mask.shape) == polygons_to_rle([polygon], *mask.shape)


@settings(max_examples=100)
@given(masks())
def test_pycocotools_draws_one_ring_as_the_whole_mask(mask: Mask):
    rings = [keyhole(polygon) for polygon in polygons_with_holes(encode(mask))]
    if rings:
        assert drawn(chain(rings), mask.shape) == encode(mask)


@settings(max_examples=80)
@given(masks())
def test_cutting_a_ring_into_loops_changes_no_pixel(mask: Mask):
    rings = [keyhole(polygon) for polygon in polygons_with_holes(encode(mask))]
    covered: npt.NDArray[np.uint8] = np.zeros(mask.shape, np.uint8)
    for loop in loops(chain(rings)) if rings else ():
        covered ^= oracle.decode(drawn(loop, mask.shape))
    np.testing.assert_array_equal(covered, mask)


@settings(max_examples=80)
@given(masks())
def test_opencv_which_paints_outlines_too_sees_no_bridge_to_a_hole(mask: Mask):
    # Nine times as large, so that there is something between the outlines.
    for polygon in polygons_with_holes(encode(np.kron(mask, np.ones((9, 9), np.uint8)))):
        shape = (9 * mask.shape[0] + 1, 9 * mask.shape[1] + 1)
        apart = cv2.fillPoly(np.zeros(shape, np.uint8), [ring.astype(np.int32) for ring in polygon.rings], 1)
        joined = cv2.fillPoly(np.zeros(shape, np.uint8), [keyhole(polygon).astype(np.int32)], 1)
        np.testing.assert_array_equal(joined, apart)


def test_loops_bring_back_the_rings_of_a_keyhole_and_of_a_chain():
    mask = np.ones((9, 12), np.uint8)
    mask[2:4, 2:5] = mask[6:8, 3:9] = 0
    (polygon,) = polygons_with_holes(encode(mask))
    square = np.array([[20.0, 3.5], [24.25, 3.5], [22.0, 9.0]])
    ring = chain([keyhole(polygon).astype(np.float64), square])
    found = {frozenset(map(tuple, loop.tolist())) for loop in loops(ring)}
    # The others have a point more where a bridge ends on their edge.
    assert frozenset(map(tuple, square.tolist())) in found
    assert len(found) == 4


def test_a_plain_ring_is_its_own_loop():
    ring = np.array([[1.5, 1.5], [8.0, 1.0], [7.0, 9.0]])
    (loop,) = loops(ring)
    assert loop.tolist() == ring.tolist()
    assert chain([ring]).tolist()[:3] == ring.tolist()
