"""The paint of the streets follows the truth to the pixel."""

from dataclasses import replace

import numpy as np

from maskwright.synthetic.street_painting import paint_street
from maskwright.synthetic.street_scene import scene
from maskwright.synthetic.street_view import view

SIZE = (96, 192)


def test_a_thing_is_painted_on_its_pixels_and_no_others():
    outlines, index = view(scene(np.random.default_rng(2)), *SIZE)
    before = paint_street(np.random.default_rng(0), outlines, index)
    assert (before.shape, before.dtype) == ((*SIZE, 3), np.uint8)
    for position, outline in enumerate(outlines):
        other = replace(outline, color=tuple(128 + (channel < 128) * 100 for channel in outline.color), details=())
        after = paint_street(np.random.default_rng(0), [*outlines[:position], other, *outlines[position + 1 :]], index)
        changed = (after != before).any(axis=2)
        assert changed.any()
        assert not (changed & (index != position)).any()


def test_far_things_fade_into_the_haze():
    outlines, index = view(scene(np.random.default_rng(2)), *SIZE)
    (road,) = [place for place, each in enumerate(outlines) if each.label == "road"]
    near, far = (
        paint_street(np.random.default_rng(0), [replace(each, depth=depth) for each in outlines], index)[
            index == road
        ].mean()
        for depth in (1.0, 500.0)
    )
    assert far > near + 40
