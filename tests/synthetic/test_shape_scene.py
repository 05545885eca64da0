"""The geometry of the built-in shapes."""

import numpy as np

from maskwright.synthetic.shape_scene import Mask, Shape, scene, visible


def _bar(start: int, stop: int) -> Mask:
    mask = np.zeros((4, 20), bool)
    mask[:, start:stop] = True
    return mask


def test_a_shape_in_front_hides_the_part_it_covers() -> None:
    back, front = Shape("disc", (_bar(0, 10),)), Shape("square", (_bar(5, 15),))
    (first, seen), (second, whole) = visible([back, front])
    assert (first, second) == (back, front)
    np.testing.assert_array_equal(seen, _bar(0, 5))
    np.testing.assert_array_equal(whole, _bar(5, 15))


def test_a_shape_that_hardly_shows_leaves_the_scene_and_hides_nothing() -> None:
    back, hidden, front = (Shape("disc", (_bar(*span),)) for span in ((0, 10), (9, 19), (12, 20)))
    (_, seen), _ = visible([back, hidden, front])
    np.testing.assert_array_equal(seen, _bar(0, 10))


def test_shapes_lie_inside_the_image_and_polygons_fill_their_masks() -> None:
    for seed in range(60):
        for shape in scene(np.random.default_rng(seed), 112, 150, 128):
            assert shape.mask.shape == (112, 150)
            assert (shape.polygon is None) == (shape.crowd or shape.name == "ring")
            if shape.polygon is not None:
                corners = np.reshape(shape.polygon, (-1, 2))
                assert (corners > 0).all()
                assert (corners < (150, 112)).all()
                np.testing.assert_allclose(shape.mask.sum(), _shoelace(corners), rtol=0.06)


def _shoelace(corners: np.ndarray) -> float:
    x, y = corners.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
