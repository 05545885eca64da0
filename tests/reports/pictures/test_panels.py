import numpy as np
import pytest

from maskwright.reports.pictures.panels import HIGHEST, LOWEST, PAPER, enlargement, panel, with_legend
from maskwright.structures import ClassTable

COLORS = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]


def images(*sizes: tuple[int, int]) -> list[np.ndarray]:
    return [np.full((*size, 3), color, np.uint8) for size, color in zip(sizes, COLORS, strict=False)]


def shown(drawn: np.ndarray, color: tuple[int, int, int]) -> tuple[int, int]:
    """``(H, W)`` of the area that has ``color``."""
    rows, columns = np.nonzero((drawn == color).all(axis=2))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def test_equal_images_stand_side_by_side_at_the_height_asked_for():
    drawn = panel(images((120, 160), (120, 160), (120, 160)), ["original", "truth", "prediction"], height=240)
    assert drawn.dtype == np.uint8
    assert [shown(drawn, color) for color in COLORS] == [(240, 320)] * 3
    lefts = [int(np.nonzero((drawn == color).all(axis=2))[1].min()) for color in COLORS]
    assert lefts == sorted(lefts)


@pytest.mark.parametrize("size", [(10, 400), (400, 10), (333, 500), (1, 1), (3000, 2000)])
def test_aspect_ratios_are_kept_and_no_image_pushes_the_others_aside(size):
    drawn = panel(images(size, (100, 100)), ["original", "truth"], height=200)
    height, width = shown(drawn, COLORS[0])
    assert height <= 200
    assert width <= 500
    assert height == 200 or width == 500
    assert width / height == pytest.approx(size[1] / size[0], rel=0.1)
    assert shown(drawn, COLORS[1]) == (200, 200)


def test_captions_are_written_above_and_never_onto_the_images():
    drawn = panel(images((100, 100), (100, 100)), ["original", "x" * 300], height=200)
    assert [shown(drawn, color) for color in COLORS[:2]] == [(200, 200)] * 2
    strip = drawn[: drawn.shape[0] - 200 - 6]
    for half in np.array_split(strip, 2, axis=1):
        assert (half.max(axis=2) < 100).any(), "ink"


def test_between_the_images_there_is_paper():
    drawn = panel(images((50, 50)), ["only one"], height=100)
    assert drawn[-1, -1].tolist() == list(PAPER)


def test_enlarged_masks_keep_hard_edges():
    small = np.zeros((4, 4, 3), np.uint8)
    small[:, 2:] = 255
    drawn = panel([small], [""], height=200)
    tones = {tuple(pixel) for pixel in drawn.reshape(-1, 3).tolist()}
    assert tones == {(0, 0, 0), (255, 255, 255), PAPER}


@pytest.mark.parametrize(("count", "captions"), [(0, []), (1, []), (1, ["a", "b"])])
def test_a_panel_needs_one_caption_for_each_image(count, captions):
    with pytest.raises(ValueError, match="one caption for each image"):
        panel(images(*[(5, 5)] * count), captions)


def test_cells_are_as_high_as_their_images_within_limits():
    for rows, expected in ((50, LOWEST), (700, 700), (3000, HIGHEST)):
        assert shown(panel(images((rows, rows)), ["only one"]), COLORS[0]) == (expected, expected)


def test_cells_in_two_columns_stand_below_each_other():
    drawn = panel(images((100, 100), (100, 100), (100, 100)), ["a", "b", "c"], height=200, columns=2)
    tops, lefts = zip(
        *([int(axis.min()) for axis in np.nonzero((drawn == color).all(axis=2))] for color in COLORS), strict=True
    )
    assert tops[0] == tops[1] < tops[2]
    assert lefts[0] == lefts[2] < lefts[1]
    assert [shown(drawn, color) for color in COLORS] == [(200, 200)] * 3


def test_small_images_are_enlarged_until_tags_fit_beside_their_objects():
    assert enlargement(np.zeros((128, 192, 3), np.uint8)) == 3
    assert enlargement(np.zeros((480, 640, 3), np.uint8)) == 1


def test_a_legend_is_as_wide_as_its_picture():
    table = ClassTable.from_names(["person", "dog"])
    drawn = with_legend(panel(images((100, 100)), ["a"], height=200), table, [2])
    assert (drawn[-30:] == table.classes[1].color).all(axis=2).any()
    assert not (drawn == table.classes[0].color).all(axis=2).any()
