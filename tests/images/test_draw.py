from pathlib import Path

import hotcoco.mask
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from maskwright.errors import DataError
from maskwright.images import fonts
from maskwright.images.draw import legend, overlay_instances, overlay_label_map, written_name
from maskwright.structures import ClassTable, Instances

TABLE = ClassTable.from_names(["person", "dog"])


def grey(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), 100, np.uint8)


def square(size: tuple[int, int], x1: int, y1: int, x2: int, y2: int) -> dict:
    mask = np.zeros(size, np.uint8, order="F")
    mask[y1:y2, x1:x2] = 1
    return hotcoco.mask.encode(mask)


def instances(size: tuple[int, int], *boxes: tuple[int, int, int, int], labels=None, crowd=None) -> Instances:
    return Instances(
        size,
        np.array(boxes, np.float32),
        np.array(labels or [1] * len(boxes), np.int64),
        [square(size, *box) for box in boxes],
        np.linspace(0.9, 0.5, len(boxes), dtype=np.float32),
        None if crowd is None else np.array(crowd),
    )


def blended(index: int, alpha: float) -> np.ndarray:
    return np.rint(100 * (1 - alpha) + np.array(TABLE.classes[index - 1].color) * alpha)


def test_background_pixels_stay_and_the_image_given_is_not_changed():
    image = grey(40, 60)
    label_map = np.zeros((40, 60), np.uint8)
    label_map[10:30, 10:30] = 1
    drawn = overlay_label_map(image, label_map, TABLE)
    assert (drawn[label_map == 0] == 100).all()
    assert (image == 100).all()
    assert drawn.dtype == np.uint8
    assert drawn.shape == image.shape


def test_class_is_blended_inside_and_full_colour_on_its_outline():
    label_map = np.zeros((40, 60), np.uint8)
    label_map[10:30, 10:30] = 2
    drawn = overlay_label_map(grey(40, 60), label_map, TABLE, alpha=0.3)
    assert drawn[20, 20].tolist() == blended(2, 0.3).tolist()
    assert drawn[10, 20].tolist() == list(TABLE.classes[1].color)
    assert drawn[20, 29].tolist() == list(TABLE.classes[1].color)


def test_the_edge_of_the_image_is_no_outline():
    drawn = overlay_label_map(grey(20, 20), np.ones((20, 20), np.uint8), TABLE)
    assert (drawn == blended(1, 0.5)).all()


@pytest.mark.parametrize("classes", [2, 300])
def test_ignored_pixels_are_grey_stripes_in_both_label_types(classes):
    table = ClassTable.from_names(f"class {i}" for i in range(classes))
    label_map = np.zeros((40, 40), table.label_dtype)
    label_map[5:35, 5:35] = table.ignore_index
    drawn = overlay_label_map(np.zeros((40, 40, 3), np.uint8), label_map, table)
    inside = drawn[8:32, 8:32].reshape(-1, 3)
    assert (inside == inside[:, :1]).all(), "grey"
    assert len(np.unique(inside[:, 0])) == 2, "two tones"


def test_label_map_of_another_size_or_table_is_refused():
    with pytest.raises(DataError, match=r"\(4, 4\).*\(5, 5, 3\)"):
        overlay_label_map(grey(5, 5), np.zeros((4, 4), np.uint8), TABLE)
    with pytest.raises(DataError, match=r"Labels \[7\]"):
        overlay_label_map(grey(4, 4), np.full((4, 4), 7, np.uint8), TABLE)


def test_no_instances_leave_the_image_as_it_is():
    image = grey(30, 30)
    drawn = overlay_instances(image, Instances.empty((30, 30)), TABLE)
    assert (drawn == image).all()
    assert drawn is not image


def test_instance_is_blended_boxed_and_named():
    image = grey(200, 200)
    drawn = overlay_instances(image, instances((200, 200), (60, 80, 140, 160)), TABLE)
    assert drawn[120, 100].tolist() == blended(1, 0.5).tolist()
    assert drawn[80, 100].tolist() == list(TABLE.classes[0].color)
    changed = np.argwhere((drawn != image).any(axis=2))
    assert changed[:, 0].min() < 80, "the tag stands above the box"
    assert changed[:, 0].max() == 159


def test_scores_are_written_only_when_asked_for():
    found = instances((200, 200), (60, 80, 140, 160))
    with_score = overlay_instances(grey(200, 200), found, TABLE)
    without = overlay_instances(grey(200, 200), found, TABLE, show_scores=False)
    assert (with_score != 100).any(axis=2).sum() > (without != 100).any(axis=2).sum()


def test_small_objects_are_drawn_over_large_ones_in_any_order():
    boxes = [(80, 80, 120, 120), (20, 20, 180, 180)]
    small_first = instances((200, 200), *boxes, labels=[2, 1])
    drawn = overlay_instances(grey(200, 200), small_first, TABLE, alpha=1.0, show_scores=False)
    assert drawn[115, 100].tolist() == list(TABLE.classes[1].color)


def test_crowd_is_hatched_not_filled():
    found = instances((200, 200), (20, 40, 180, 180), crowd=[True])
    drawn = overlay_instances(grey(200, 200), found, TABLE)
    inside = (drawn[100:170, 60:140] != 100).any(axis=2)
    assert 0.3 < inside.mean() < 0.7


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (9, 2), (12, 12)])
def test_tiny_images_are_drawn_without_a_tag_that_cannot_fit(size):
    found = instances(size, (0, 0, size[1], size[0]), labels=[2])
    assert overlay_instances(grey(*size), found, TABLE).shape == (*size, 3)


def test_empty_masks_and_boxes_outside_the_image_do_not_break_the_drawing():
    size = (50, 50)
    boxes = np.array([[10, 10, 10, 10], [-20, -20, 900, 900], [70, 70, 80, 80]], np.float32)
    found = Instances(size, boxes, np.array([1, 2, 1]), [square(size, 0, 0, 0, 0)] * 3)
    assert overlay_instances(grey(*size), found, TABLE).shape == (50, 50, 3)


def test_instances_of_another_image_or_table_are_refused():
    with pytest.raises(DataError, match="size"):
        overlay_instances(grey(50, 60), Instances.empty((60, 50)), TABLE)
    with pytest.raises(DataError, match=r"Labels \[3\]"):
        overlay_instances(grey(50, 50), instances((50, 50), (0, 0, 9, 9), labels=[3]), TABLE)


def test_legend_shows_the_colours_of_the_labels_asked_for():
    strip = legend(TABLE, [0, 2, 255])
    pixels = {tuple(pixel) for pixel in strip.reshape(-1, 3).tolist()}
    assert TABLE.classes[1].color in pixels
    assert TABLE.classes[0].color not in pixels
    assert legend(TABLE).shape[0] == 2 * strip.shape[0]
    assert legend(TABLE, []).shape[0] == 1


def test_a_legend_of_a_width_has_as_many_classes_in_a_row_as_fit():
    table = ClassTable.from_names(["person", "dog", "a very long name that is cut off in a narrow legend"])
    wide, narrow = legend(table, None, 0.5, 900), legend(table, None, 0.5, 90)
    assert wide.shape == (22, 900, 3)
    assert narrow.shape == (66, 90, 3)
    for strip in (wide, narrow):
        pixels = {tuple(pixel) for pixel in strip.reshape(-1, 3).tolist()}
        assert {c.color for c in table} <= pixels
    assert legend(table, [], 0.5, 90).shape[1] == 90


def test_a_legend_stands_below_the_overlay_and_leaves_it_as_it_is():
    label_map = np.zeros((60, 200), np.uint8)
    label_map[10:30, 10:30] = 2
    plain = overlay_label_map(grey(60, 200), label_map, TABLE)
    drawn = overlay_label_map(grey(60, 200), label_map, TABLE, with_legend=True)
    assert (drawn[:60] == plain).all()
    below = {tuple(pixel) for pixel in drawn[60:].reshape(-1, 3).tolist()}
    assert TABLE.classes[1].color in below
    assert TABLE.classes[0].color not in below, "person does not occur"


def test_a_name_without_letters_on_this_machine_is_written_as_its_index(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("maskwright.images.draw.can_write", str.isascii)
    table = ClassTable.from_names(["dog", "斑马"])
    assert [written_name(table, index) for index in (1, 2)] == ["dog", "#2"]


def font_with(letters: str, path: Path) -> None:
    """Write a font that has ``letters``, each a bar of another width, and a square for all others."""
    widths = {".notdef": 900, **{f"letter{i}": 150 + 200 * i for i in range(len(letters))}}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(widths))
    builder.setupCharacterMap({ord(letter): f"letter{i}" for i, letter in enumerate(letters)})
    glyphs = {}
    for name, width in widths.items():
        pen = TTGlyphPen(None)
        for number, corner in enumerate([(0, 0), (0, 700), (width, 700), (width, 0)]):
            (pen.lineTo if number else pen.moveTo)(corner)
        pen.closePath()
        glyphs[name] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(widths, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Drawn", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path.parent.mkdir(parents=True)
    builder.save(path)


def test_a_font_that_the_user_installs_writes_the_names_that_had_no_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Letters of the private area of Unicode, so that no other font has them.
    one, two = "\ue8a1", "\ue8a2"
    caches = fonts._fonts_of_machine, fonts._font_with
    monkeypatch.setattr(fonts, "_folders", lambda: [tmp_path / ".local/share/fonts"])

    def drawn(name: str) -> tuple[str, np.ndarray]:
        for cache in caches:
            cache.cache_clear()
        table = ClassTable.from_names([name])
        return written_name(table, 1), overlay_instances(
            grey(200, 200), instances((200, 200), (60, 80, 140, 160)), table
        )

    try:
        (index, before), (dog, _) = drawn(one), drawn("dog")
        font_with(one + two, tmp_path / ".local/share/fonts/Drawn.ttf")
        (first, after), (second, other) = drawn(one), drawn(two)
        assert (index, dog, first, second) == ("#1", "dog", one, two)
        assert (before[:80] != after[:80]).any(), "the tag above the box has the name"
        assert (after[:80] != other[:80]).any(), "each letter is the font's own"
    finally:
        for cache in caches:
            cache.cache_clear()


def test_an_enlarged_overlay_has_the_same_masks_and_smaller_tags():
    found = instances((60, 80), (20, 30, 50, 50))
    small = overlay_instances(grey(60, 80), found, TABLE)
    large = overlay_instances(grey(60, 80), found, TABLE, enlarge=6)
    assert large.shape == (360, 480, 3)
    assert large[40 * 6 + 3, 35 * 6 + 3].tolist() == blended(1, 0.5).tolist()
    tag = (TABLE.classes[0].color == large[: 29 * 6]).all(axis=2).sum() / 36
    assert 0 < tag < (TABLE.classes[0].color == small[:29]).all(axis=2).sum()
    assert overlay_instances(grey(60, 80), Instances.empty((60, 80)), TABLE, enlarge=2).shape == (120, 160, 3)


def test_a_large_image_is_drawn_in_bands_with_the_same_pixels(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (700, 300, 3)).astype(np.uint8)
    label_map = np.kron(rng.choice([0, 1, 2, 255], (35, 15)), np.ones((20, 20))).astype(np.uint8)
    found = instances((700, 300), (10, 20, 250, 690), (30, 100, 200, 400), labels=[1, 2], crowd=[False, True])
    whole = overlay_label_map(image, label_map, TABLE, with_legend=True), overlay_instances(image, found, TABLE)
    monkeypatch.setattr("maskwright.images.draw._BAND", 300 * 7)
    assert (overlay_label_map(image, label_map, TABLE, with_legend=True) == whole[0]).all()
    assert (overlay_instances(image, found, TABLE) == whole[1]).all()
