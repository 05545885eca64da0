"""The input size follows the objects, and stays within images, task and device."""

from itertools import pairwise

from maskwright.recipes.fitting.sizes import choose_anchors, choose_size, smaller_sizes
from tests.recipes.fitting.invented import data


def test_small_objects_need_a_large_input() -> None:
    assert choose_size(data(sides=(0.1,)), "instance", gpu=False).size == 256  # 24 pixels are 0.1 of 240
    assert choose_size(data(sides=(0.2,)), "instance", gpu=False).size == 128
    assert choose_size(data(sides=(0.1,)), "semantic", gpu=False).size == 160


def test_the_device_and_the_images_limit_it() -> None:
    tiny = data(sides=(0.01,), short_side=2000)
    assert choose_size(tiny, "instance", gpu=False).size == 320
    assert choose_size(tiny, "instance", gpu=True).size == 800
    assert choose_size(data(sides=(0.01,), short_side=150), "instance", gpu=True).size == 160
    assert choose_size(data(sides=(1.0,)), "semantic", gpu=True).size == 64
    assert choose_size(data(sides=(1.0,)), "instance", gpu=True).size == 96


def test_the_reason_has_the_figures_and_says_when_the_limit_hurts() -> None:
    choice = choose_size(data(sides=(0.05,), short_side=1000), "instance", gpu=False)
    for said in ("5 %", "50 of 1000 pixels", "16 at this size", "24 would be better"):
        assert said in choice.reason
    assert "better" not in choose_size(data(sides=(0.2,)), "instance", gpu=False).reason


def test_smaller_sizes_end_at_the_smallest() -> None:
    assert smaller_sizes(320) == [320, 256, 192, 128, 96]
    assert smaller_sizes(96) == [96]
    assert smaller_sizes(64) == [64]


def test_anchors_span_the_objects_by_a_constant_ratio() -> None:
    anchors, reason = choose_anchors(data(sides=(0.1, 0.4)), 160)
    assert len(anchors) == 5
    assert (anchors[0], anchors[-1]) == (18, 62)  # 160 × 0.115 and 160 × 0.385
    ratios = [b / a for a, b in pairwise(anchors)]
    assert max(ratios) - min(ratios) < 0.1
    assert "18 to 62 pixels" in reason


def test_objects_of_one_size_still_get_five_anchors() -> None:
    anchors, _ = choose_anchors(data(sides=(0.01, 0.01)), 100)
    assert anchors == sorted(set(anchors))
