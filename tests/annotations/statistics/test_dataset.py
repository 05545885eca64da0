import json

import pytest

from maskwright.annotations.coco.categories import class_table, label_by_category
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import draw_objects
from maskwright.annotations.selection.select import class_statistics, select
from maskwright.annotations.statistics.dataset import Statistics
from maskwright.errors import DataError


def statistics(path, classes=None) -> Statistics:
    coco = read_coco(path)
    table = class_table(coco, classes)
    found, labels, by_image = Statistics(table), label_by_category(coco, table), coco.by_image()
    for image in coco.images:
        found.add(draw_objects(image, by_image[image.id], labels, Audit("")))
    return found


def square(x, y, side):
    return [[x, y, x + side, y, x + side, y + side, x, y + side]]


@pytest.fixture
def scene(coco):
    """Image 1: two persons that share 5 × 5 pixels, a dog on 4 pixels of one; image 2: a crowd; image 3: nothing."""
    return coco(
        {"segmentation": square(0, 0, 10)},
        {"segmentation": square(5, 5, 10)},
        {"segmentation": square(0, 0, 2), "category_id": 2, "area": 5000},
        {"segmentation": square(0, 0, 20), "image_id": 2, "iscrowd": 1},
        images=[{}, {}, {"height": 20, "width": 30}],
    )


def test_a_scene_counted_by_hand(scene):
    found = statistics(scene).to_json()
    assert (found["images"], found["images_without_instances"], found["instances"], found["crowds"]) == (3, 2, 3, 1)
    person, dog = found["classes"]["person"], found["classes"]["dog"]
    assert (person["images"], person["instances"], person["crowds"]) == (1, 2, 1)
    assert (person["pixels"], person["covered_pixels"]) == (200, 175)
    assert (dog["pixels"], dog["small"], dog["medium"]) == (4, 0, 1)
    assert found["sizes"]["small"] == 2
    assert found["co_occurrence_images"] == {"person": {"person": 1, "dog": 1}, "dog": {"person": 1, "dog": 1}}
    assert found["overlap_pixels"] == {"person": {"person": 25, "dog": 4}, "dog": {"person": 4}}
    assert found["instances_per_image"] == {"0": 2, "3": 1}
    assert found["image_sizes"] == [
        {"width": 30, "height": 20, "images": 1},
        {"width": 64, "height": 48, "images": 2},
    ]
    pixels = found["pixels"]
    assert pixels["total"] == 2 * 48 * 64 + 20 * 30
    assert (pixels["objects"], pixels["contested"], pixels["crowd_only"]) == (175, 29, 400)
    assert pixels["background"] == pixels["total"] - 575
    assert found["imbalance"]["covered_pixels"]["ratio"] == 175 / 4


def test_chosen_classes_are_all_that_counts(scene):
    found = statistics(scene, ["dog"]).to_json()
    assert list(found["classes"]) == ["dog"]
    assert (found["instances"], found["crowds"], found["images_without_instances"]) == (1, 0, 2)
    assert found["pixels"]["objects"] == 4
    assert found["overlap_pixels"] == {}


def test_counts_agree_with_those_of_a_run(scene):
    coco = read_coco(scene)
    table = class_table(coco)
    found = statistics(scene).to_json()["classes"]
    for name, counts in class_statistics(select(coco, table).images, table).items():
        assert {key: found[name][key] for key in counts} == counts


def test_classes_by_frequency_and_of_equal_ones_by_index(coco):
    found = statistics(
        coco({"category_id": 3}, {"category_id": 3}, {"category_id": 2}, categories={1: "a", 2: "b", 3: "c", 4: "d"})
    )
    assert found.by_frequency() == [3, 2, 1, 4]


def test_a_file_without_anything_is_counted_too(coco):
    found = statistics(coco(images=[], categories={}))
    assert found.to_json()["pixels"]["background_share"] is None
    assert found.imbalance("instances") is None
    json.dumps(found.to_json(), allow_nan=False)


def test_more_pairs_of_classes_than_the_limit_are_refused_with_the_image(scene, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MASKWRIGHT_LIMIT_CLASS_PAIRS", "2")
    with pytest.raises(DataError, match=r"image 1 \('1.png'\): .* 3 pairs; at most 2 .*--limit class-pairs"):
        statistics(scene)
