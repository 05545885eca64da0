import numpy as np
import pytest

from maskwright.class_colors import class_color
from maskwright.images.lettering import contrast, draw_tag, draw_text, ink_on, shorten, text_size


def blank(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def test_a_line_that_fits_stays_whole_on_one_line():
    assert shorten("traffic\nlight", 0.5, 500) == "traffic light"


@pytest.mark.parametrize("width", [0, 5, 20, 40, 80])
def test_a_shortened_line_is_never_wider_than_asked(width):
    line = shorten("a very long class name", 0.5, width)
    assert text_size(line, 0.5)[0] <= width or line == ""
    assert line == "" or line.endswith("...")


def test_control_characters_of_a_name_are_shown_escaped():
    assert shorten("dog\x1b", 0.5, 500) == "dog\\x1b"


def test_letters_of_other_scripts_are_drawn_and_differ():
    drawn = []
    for letter in "жяΨ":
        image = blank(40, 40)
        draw_text(image, letter, 5, 30, 1.0, (255, 255, 255))
        drawn.append(image)
    assert all(image.any() for image in drawn)
    assert not (drawn[0] == drawn[1]).all()
    assert not (drawn[1] == drawn[2]).all()


@pytest.mark.parametrize(("left", "baseline"), [(-500, 20), (-10, 5), (90, 500), (90, -50), (95, 38)])
def test_text_that_leaves_the_image_is_cut_off(left, baseline):
    image = blank(40, 100)
    draw_text(image, "elephant", left, baseline, 0.5, (255, 255, 255))
    assert image.shape == (40, 100, 3)


def test_the_text_of_a_tag_contrasts_with_every_colour_of_a_class():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    # From the specification's own example: #777 on white is 4.48.
    assert contrast((0x77, 0x77, 0x77), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    for index in range(1, 255):
        assert contrast(ink_on(class_color(index)), class_color(index)) >= 4.5


def test_ink_contrasts_with_the_tag():
    assert ink_on((255, 255, 0)) == (0, 0, 0)
    assert ink_on((40, 40, 200)) == (255, 255, 255)


@pytest.mark.parametrize(
    "box", [(0, 0, 9, 9), (190, 0, 200, 10), (0, 90, 10, 100), (195, 95, 200, 100), (50, 50, 60, 60)]
)
def test_tag_and_its_letters_stay_inside_the_image_wherever_the_box_is(box):
    image = blank(100, 200)
    rectangle = draw_tag(image, "person 0.93", box, (200, 40, 40), 0.4, [])
    assert rectangle is not None
    x1, y1, x2, y2 = rectangle
    assert (x1 >= 0, y1 >= 0, x2 <= 200, y2 <= 100) == (True,) * 4
    painted = image.any(axis=2)
    assert painted[y1:y2, x1:x2].all()
    assert painted.sum() == (x2 - x1) * (y2 - y1), "nothing is painted outside the returned rectangle"
    assert len(np.unique(image[y1:y2, x1:x2].reshape(-1, 3), axis=0)) > 2, "letters were written"


def test_tags_at_one_box_do_not_cover_each_other():
    image, taken = blank(200, 200), []
    for _ in range(3):
        taken.append(draw_tag(image, "dog 0.5", (60, 60, 150, 150), (0, 200, 0), 0.4, taken))
    for position, (x1, y1, x2, y2) in enumerate(taken):
        for a1, b1, a2, b2 in taken[position + 1 :]:
            assert x2 <= a1 or a2 <= x1 or y2 <= b1 or b2 <= y1


def test_a_tag_leaves_a_small_object_and_its_neighbours_visible():
    image, box = blank(200, 300), (100, 100, 112, 112)
    around = [(100, 60, 130, 99), (60, 113, 150, 150), (113, 90, 250, 112)]
    x1, y1, x2, y2 = draw_tag(image, "dog", box, (0, 200, 0), 0.4, [], around)
    for a1, b1, a2, b2 in (box, *around):
        common = max(min(x2, a2) - max(x1, a1), 0) * max(min(y2, b2) - max(y1, b1), 0)
        assert common <= (a2 - a1) * (b2 - b1) / 4


def test_no_tag_where_it_would_hide_objects_all_around():
    image, box = blank(60, 60), (20, 20, 40, 40)
    around = [(x, y, x + 10, y + 10) for x in range(0, 60, 10) for y in range(0, 60, 10)]
    assert draw_tag(image, "dog", box, (0, 200, 0), 0.4, [], around) is None
    assert not image.any()


@pytest.mark.parametrize("size", [(1, 1), (4, 300), (300, 3)])
def test_no_tag_where_no_letter_fits(size):
    image = blank(*size)
    assert draw_tag(image, "person", (0, 0, 1, 1), (255, 0, 0), 0.4, []) is None
    assert not image.any()
