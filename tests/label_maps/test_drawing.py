from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.annotations.coco.categories import class_table, label_by_category
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import ImageObjects, draw_objects
from maskwright.errors import DataError
from maskwright.label_maps import drawing as mask_drawing
from maskwright.label_maps.drawing import (
    IGNORED,
    Drawing,
    DrawingChunk,
    DrawnChunk,
    draw_chunk,
    painted_and_ignored,
    render_label_map,
    write_image_label_map,
)
from maskwright.masks.png import read_label_map
from maskwright.structures import ClassTable


def bar(start: int, stop: int, **changes: Any) -> dict[str, Any]:
    """An annotation that covers these columns of an image of 4 × 12 pixels."""
    return {"segmentation": [[start, 0, stop, 0, stop, 4, start, 4]], **changes}


IMAGE = {"height": 4, "width": 12}
# person 0-5, dog 3-8, a crowd of dogs 6-11 (columns)
SCENE = (bar(0, 6), bar(3, 9, category_id=2), bar(6, 12, category_id=2, iscrowd=1))
TABLE = ClassTable.from_names(["person", "dog"], [(1,), (2,)])


@pytest.fixture
def part(coco, tmp_path: Path):
    """``part(drawing, *annotations, labels=…)``: the only part of a job whose images are the given ones."""

    def make(drawing: Drawing, *annotations: dict[str, Any], labels=None, images=(IMAGE,)) -> DrawingChunk:
        found = read_coco(coco(*annotations, images=images))
        by_image = found.by_image()
        files = [f"{image.id}.png" for image in found.images]
        chosen = [(image, by_image[image.id]) for image in found.images]
        return DrawingChunk(
            chosen, files, tmp_path / "out", labels or label_by_category(found, class_table(found)), drawing
        )

    return make


def row(path: Path) -> list[int]:
    label_map = read_label_map(path)
    assert (label_map == label_map[0]).all()
    return label_map[0].tolist()


def objects_of(part: DrawingChunk) -> ImageObjects:
    image, annotations = part.images[0]
    return draw_objects(image, annotations, part.labels, Audit(""))


@pytest.mark.parametrize(
    ("settings", "labels", "expected"),
    [
        ({}, None, [1, 1, 1, 2, 2, 2, 2, 2, 2, 255, 255, 255]),
        ({"crowd": "include"}, None, [1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]),
        ({"crowd": "skip"}, None, [1, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0, 0]),
        ({"overlap": "first"}, None, [1, 1, 1, 1, 1, 1, 2, 2, 2, 255, 255, 255]),
        ({"overlap": "priority", "weights": (3.0, 1.0)}, None, [1, 1, 1, 1, 1, 1, 2, 2, 2, 255, 255, 255]),
        ({"by_instance": True}, None, [1, 1, 1, 2, 2, 2, 2, 2, 2, 65535, 65535, 65535]),
        ({"by_instance": True, "crowd": "include"}, None, [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3]),
        ({"by_instance": True, "crowd": "skip"}, {2: 2}, [0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0]),
        ({"crowd": "skip"}, {1: 1, 2: IGNORED}, [1, 1, 1, 1, 1, 1, 255, 255, 255, 255, 255, 255]),
        ({"crowd": "include"}, {1: IGNORED, 2: 2}, [255, 255, 255, 2, 2, 2, 2, 2, 2, 2, 2, 2]),
    ],
    ids=str,
)
def test_settings_and_labels_decide_the_pixels(part, settings, labels, expected: list[int]):
    made = part(Drawing(TABLE, **settings), *SCENE, labels=labels)
    draw_chunk(made)
    assert row(made.folder / "1.png") == expected


def test_every_annotation_is_used_or_skipped_with_its_reason(part):
    made = part(Drawing(TABLE), *SCENE, {"segmentation": []}, labels={1: 1})
    done = draw_chunk(made)
    assert (done.found, done.used, done.skipped) == (4, 1, {"other_class": 2, "empty_segmentation": 1})
    audit = Audit("labels.json")
    done.add_to(audit)
    draw_chunk(made).add_to(audit)
    assert (audit.found, audit.used, len(audit.faults)) == (8, 2, 2)
    assert audit.adds_up


@pytest.mark.parametrize(
    ("settings", "labels", "shared"),
    [
        ({}, None, 12),
        ({"crowd": "include"}, None, 24),
        ({"crowd": "skip"}, {1: 1, 2: IGNORED}, 0),
        ({"by_instance": True, "crowd": "include"}, None, 24),
    ],
    ids=str,
)
def test_shared_pixels_count_once_for_each_object_beyond_the_first(part, settings, labels, shared: int):
    assert draw_chunk(part(Drawing(TABLE, **settings), *SCENE, labels=labels)).shared == shared


def test_a_pixel_under_three_objects_is_shared_twice(part):
    assert draw_chunk(part(Drawing(TABLE), bar(0, 6), bar(0, 6), bar(5, 7))).shared == 24 + 4


def test_instances_are_numbered_in_the_order_of_the_file_with_their_annotation_and_class(part):
    done = draw_chunk(part(Drawing(TABLE, by_instance=True), *SCENE))
    assert done.instances == {
        "1.png": [
            {"value": 1, "annotation": 1, "index": 1, "name": "person"},
            {"value": 2, "annotation": 2, "index": 2, "name": "dog"},
        ]
    }


def test_the_audit_counts_what_each_rule_moves_by_class_and_by_file(part):
    drawing = Drawing(TABLE, weights=(3.0, 1.0), audit_rules=("last", "first", "smallest", "priority"))
    images = (IMAGE, IMAGE, {**IMAGE, "height": 8})
    scene = [{**each, "image_id": image} for image in (1, 2) for each in SCENE]
    done = draw_chunk(part(drawing, *scene, bar(0, 2, image_id=3), images=images))
    assert done.moves == {"first": [[2, 1, 24]], "priority": [[2, 1, 24]], "smallest": []}
    assert done.moved == {"first": {"1.png": 12, "2.png": 12}, "priority": {"1.png": 12, "2.png": 12}}


def test_instances_are_compared_by_class(part):
    drawing = Drawing(TABLE, by_instance=True, audit_rules=("last", "first"))
    assert draw_chunk(part(drawing, bar(0, 6), bar(3, 9))).moves == {"first": []}


def test_no_audit_is_made_unasked(part):
    done = draw_chunk(part(Drawing(TABLE), *SCENE))
    assert (done.moves, done.moved, done.instances) == ({}, {}, {})


def test_more_instances_than_sixteen_bits_number_are_refused_by_image(part, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mask_drawing, "_MOST_INSTANCES", 1)
    with pytest.raises(DataError, match=r"Image 1 \('1\.png'\) has 2 objects; an instance map holds at most 1\."):
        draw_chunk(part(Drawing(TABLE, by_instance=True), *SCENE))


def test_the_threads_of_opencv_are_given_back(part):
    cv2 = pytest.importorskip("cv2")
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        draw_chunk(part(Drawing(TABLE), *SCENE))
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


def test_images_of_any_sizes_one_after_another_do_not_disturb_each_other(part):
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 60, (12, 2)).tolist()
    images = [{"height": height, "width": width} for height, width in sizes]
    annotations = [{"image_id": 1 + i % 12, "segmentation": [(rng.random(8) * 60).tolist()]} for i in range(60)]
    made = part(Drawing(TABLE), *annotations, images=images)
    draw_chunk(made)
    for image, of_image in made.images:
        alone = render_label_map(draw_objects(image, of_image, made.labels, Audit("")), made.drawing)
        assert read_label_map(made.folder / f"{image.id}.png").tolist() == alone.tolist()
        assert alone.shape == (image.height, image.width)


def test_one_image_alone_is_drawn_like_one_of_a_part(part, tmp_path: Path):
    made = part(Drawing(TABLE), *SCENE)
    draw_chunk(made)
    write_image_label_map(objects_of(made), made.drawing, tmp_path / "alone.png")
    assert (tmp_path / "alone.png").read_bytes() == (made.folder / "1.png").read_bytes()


def test_ignored_classes_are_ignored_even_where_crowds_are_included(part):
    objects = objects_of(part(Drawing(TABLE), *SCENE, labels={1: 1, 2: IGNORED}))
    assert painted_and_ignored(objects, Drawing(TABLE, crowd="include")) == ([0], [1, 2])


def test_a_part_is_named_by_its_images(part):
    assert str(part(Drawing(TABLE), images=(IMAGE, IMAGE))) == "the images '1.png' to '2.png'"


def test_what_was_done_goes_through_json_unchanged(part):
    msgspec = pytest.importorskip("msgspec")
    drawing = Drawing(TABLE, by_instance=True, audit_rules=("last", "first"))
    done = draw_chunk(part(drawing, *SCENE, {"segmentation": []}))
    assert msgspec.json.decode(msgspec.json.encode(done), type=DrawnChunk) == done


@pytest.mark.parametrize("crowd", ["ignore", "include", "skip"])
def test_what_an_image_ignores_is_ignored_where_no_object_lies(coco, crowd: str):
    read = read_coco(coco(bar(0, 6), bar(3, 9), images=[IMAGE]))
    audit = Audit("")
    objects = draw_objects(read.images[0], read.annotations[:1], {1: 1}, audit, ignored=read.annotations[1:])
    assert render_label_map(objects, Drawing(TABLE, crowd=crowd))[0].tolist() == [1] * 6 + [255] * 3 + [0] * 3
    assert (audit.found, audit.used, objects.used) == (2, 2, 2)
