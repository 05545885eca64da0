from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.masks.coverage import Coverage, coverage


def encode(mask):
    return oracle.encode(np.asfortranarray(mask, np.uint8))


@st.composite
def scenes(draw):
    """Masks ``(N, H, W)``, their labels and which are crowds; empty and full masks are among them."""
    height, width, count = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(0, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = rng.choice([0.0, 0.1, 0.5, 0.9, 1.0], size=(count, 1, 1))
    masks = rng.random((count, height, width)) < density
    labels = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    crowd = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    return masks, labels, crowd


@given(scenes())
def test_every_count_equals_counting_dense_masks(scene):
    masks, labels, crowd = scene
    found = coverage([encode(mask) for mask in masks], labels, crowd)
    objects, labels_of_objects = masks[~np.array(crowd, bool)], np.array(labels)[~np.array(crowd, bool)]
    depth = {label: objects[labels_of_objects == label].sum(0) for label in set(labels_of_objects.tolist())}
    assert found.classes == {label: int((layers > 0).sum()) for label, layers in depth.items()}
    shared = {(label, label): int((layers > 1).sum()) for label, layers in depth.items()}
    shared |= {(a, b): int(((depth[a] > 0) & (depth[b] > 0)).sum()) for a, b in combinations(sorted(depth), 2)}
    assert found.shared == {pair: pixels for pair, pixels in shared.items() if pixels}
    assert found.objects == int((objects.sum(0) > 0).sum())
    assert found.contested == int((objects.sum(0) > 1).sum())
    crowds = masks[np.array(crowd, bool)].any(0)
    assert found.crowd_only == int((crowds & (objects.sum(0) == 0)).sum())


def test_three_objects_on_one_pixel_make_one_shared_pixel():
    # Not one per pair: a pixel that a rule must give to one object is one pixel, however many want it.
    dot = encode(np.eye(1, 4, dtype=bool))
    assert coverage([dot] * 3, [1, 1, 1], [False] * 3) == Coverage({1: 1}, {(1, 1): 1}, objects=1, contested=1)


def test_an_image_without_objects_covers_nothing():
    assert coverage([], [], []) == Coverage()
