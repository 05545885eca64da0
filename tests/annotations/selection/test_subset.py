import contextlib
import io
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.selection.subset import Subset, SubsetRules, choose_subset
from maskwright.errors import UsageError

FOUR = [{}, {}, {}, {}]


def chosen(path: Path, **choice) -> Subset:
    return choose_subset(read_coco(path), SubsetRules(**choice))


def test_everything_is_kept_by_default(coco):
    subset = chosen(coco({}, {"image_id": 3, "category_id": 2, "iscrowd": 1}, images=FOUR))
    assert (subset.images, subset.annotations, subset.categories) == ([1, 2, 3, 4], [1, 2], {1: "person", 2: "dog"})
    assert (subset.skipped_images, subset.audit.used, subset.audit.adds_up) == ({}, 2, True)


def test_classes_keep_their_annotations_their_images_and_their_ids(coco):
    path = coco({}, {"category_id": 2}, {"image_id": 2}, {"image_id": 3, "category_id": 2}, images=FOUR)
    subset = chosen(path, classes=["dog"])
    assert (subset.images, subset.annotations, subset.categories) == ([1, 3], [2, 4], {2: "dog"})
    assert subset.skipped_images == {"image_without_objects": [2, 4]}
    assert dict(subset.audit.skipped) == {"other_class": 2}
    assert subset.audit.adds_up


def test_images_without_the_classes_are_kept_when_asked_for(coco):
    subset = chosen(coco({}, {"image_id": 2, "category_id": 2}, images=FOUR), classes=["dog"], keep_empty=True)
    assert (subset.images, subset.annotations) == ([1, 2, 3, 4], [2])


def test_classes_are_names_in_any_unicode_form_and_share_ids_when_they_share_the_name(coco):
    path = coco({}, {"category_id": 2}, {"category_id": 3}, categories={1: "café", 2: " café", 3: "tea"})
    subset = chosen(path, classes=["cafe\N{COMBINING ACUTE ACCENT}"])
    assert (subset.annotations, subset.categories) == ([1, 2], {1: "café", 2: "café"})


def test_an_unknown_class_names_the_nearest(coco):
    for choice in ({"classes": ["dogs"]}, {"at_least": {"dogs": 1}}):
        with pytest.raises(UsageError, match=r"Unknown class .* 'dogs'. Nearest: dog"):
            chosen(coco({}), **choice)


def test_a_demand_for_a_class_that_is_not_chosen_is_refused(coco):
    with pytest.raises(UsageError, match="'dog' is not among the chosen classes; add it to --classes"):
        chosen(coco({}), classes=["person"], at_least={"dog": 1})


@pytest.mark.parametrize("choice", [{"max_images": 0}, {"max_instances": -1}, {"at_least": {"dog": 0}}])
def test_a_number_below_one_is_refused(coco, choice):
    with pytest.raises(UsageError, match="expected 1 or more"):
        chosen(coco({}), **choice)


def test_crowd_regions_can_be_dropped_and_images_stay(coco):
    path = coco({}, {"iscrowd": 1}, {"image_id": 2, "iscrowd": 1}, images=FOUR[:2])
    subset = chosen(path, drop_crowd=True)
    assert (subset.images, subset.annotations, dict(subset.audit.skipped)) == ([1, 2], [1], {"crowd": 2})
    # With classes chosen, an image whose only region of them is dropped holds none of them.
    assert chosen(path, drop_crowd=True, classes=["person"]).skipped_images == {"image_without_objects": [2]}


def test_images_with_a_crowd_region_of_the_classes_can_be_dropped(coco):
    path = coco({}, {"iscrowd": 1}, {"image_id": 2}, {"image_id": 2, "category_id": 2, "iscrowd": 1}, images=FOUR[:2])
    subset = chosen(path, drop_crowd_images=True, classes=["person"])
    assert (subset.images, subset.skipped_images) == ([2], {"image_with_crowd": [1]})
    assert dict(subset.audit.skipped) == {"image_with_crowd": 2, "other_class": 1}
    assert subset.audit.adds_up


def test_crowd_regions_count_as_instances_unless_they_are_dropped(coco):
    path = coco({}, {}, {"iscrowd": 1}, {"image_id": 2}, images=FOUR[:2])
    subset = chosen(path, max_instances=2)
    assert (subset.images, subset.skipped_images) == ([2], {"image_with_too_many_instances": [1]})
    assert (subset.audit.used, dict(subset.audit.skipped)) == (1, {"image_with_too_many_instances": 3})
    assert chosen(path, max_instances=2, drop_crowd=True).images == [1, 2]


def test_only_instances_of_the_chosen_classes_count(coco):
    path = coco({}, {"category_id": 2}, {"category_id": 2})
    assert chosen(path, max_instances=1, classes=["person"]).images == [1]


def test_images_are_drawn_by_seed_and_stay_in_file_order(coco):
    path = coco(*({"image_id": i} for i in range(1, 21)), images=[{}] * 20)
    draws = [chosen(path, max_images=8, seed=seed).images for seed in range(5)]
    assert all(len(images) == 8 and images == sorted(images) for images in draws)
    assert len({tuple(images) for images in draws}) > 1
    subset = chosen(path, max_images=8, seed=0)
    assert subset.images == draws[0]
    assert sorted(subset.images + subset.skipped_images["image_beyond_max_images"]) == list(range(1, 21))
    assert (subset.audit.used, dict(subset.audit.skipped)) == (8, {"image_beyond_max_images": 12})


def test_a_demanded_class_is_drawn_and_a_crowd_of_it_does_not_count(coco):
    dogs = [{"image_id": 5, "category_id": 2}, {"image_id": 6, "category_id": 2, "iscrowd": 1}]
    path = coco(*({"image_id": i} for i in range(1, 21)), *dogs, images=[{}] * 20)
    assert all(5 in chosen(path, max_images=2, at_least={"dog": 1}, seed=seed).images for seed in range(10))


def test_what_could_not_be_read_is_in_the_audit(coco):
    subset = chosen(coco({}, {"image_id": 99}, {"id": "x"}, {"id": 1}), classes=["person"])
    skipped = {"unknown_image": 1, "bad_annotation": 1, "duplicate_id": 1}
    assert (subset.audit.used, dict(subset.audit.skipped)) == (1, skipped)
    assert subset.audit.adds_up


def test_the_images_of_a_class_are_those_that_pycocotools_finds(shared: Path):
    path = shared / "data" / "coco300" / "validation-300" / "labels.json"
    with contextlib.redirect_stdout(io.StringIO()):
        oracle = COCO(str(path))
    for name in ("dog", "potted plant", "person"):
        category = oracle.getCatIds(catNms=[name])
        subset = chosen(path, classes=[name])
        assert set(subset.images) == set(oracle.getImgIds(catIds=category))
        assert subset.annotations == sorted(oracle.getAnnIds(catIds=category))
        assert subset.audit.adds_up
