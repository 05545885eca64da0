"""The paint of the built-in shapes."""

import numpy as np

from maskwright.synthetic.shape_painting import background, fill, fog, photograph


def test_a_fill_changes_every_pixel_of_the_mask_and_no_other() -> None:
    rng = np.random.default_rng(0)
    canvas = background(rng, 60, 80)
    before = canvas.copy()
    mask = np.zeros((60, 80), bool)
    mask[0:30, 50:80] = True  # Touches two borders of the image.
    fill(canvas, mask, rng)
    np.testing.assert_array_equal((canvas != before).any(axis=2), mask)


def test_a_fill_stands_out_from_its_surroundings() -> None:
    mask = np.zeros((60, 80), bool)
    mask[10:40, 20:60] = True
    for seed in range(20):
        rng = np.random.default_rng(seed)
        canvas = background(rng, 60, 80)
        fill(canvas, mask, rng)
        inside, outside = canvas[mask].mean(axis=0), canvas[~mask].mean(axis=0)
        assert np.linalg.norm(inside - outside) > 35


def test_fog_flattens_the_contrast_of_the_scene() -> None:
    canvas = np.zeros((60, 80, 3), np.float32)
    canvas[:, 40:] = 255
    clear, foggy = (camera(canvas, np.random.default_rng(0)).astype(float) for camera in (photograph, fog))
    assert clear[:, 45:].mean() - clear[:, :35].mean() > 240
    assert 60 < foggy[:, 45:].mean() - foggy[:, :35].mean() < 190
