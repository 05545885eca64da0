from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.annotations.coco.file import CocoImage, read_coco
from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.selection.shares import class_shares
from maskwright.annotations.selection.splitting import objects_of_images, parse_ratios, split_ids, stratified_split
from maskwright.annotations.selection.stratification import part_sizes
from maskwright.errors import UsageError

PARTS = ("train", "validation", "test")


def pool(count: int) -> list[ImageObjects]:
    return [ImageObjects(CocoImage(i, f"{i}.png", 4, 4), [i], [i % 3], crowd=[i % 4 == 0]) for i in range(count)]


@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_every_image_lands_in_exactly_one_part(count: int):
    parts = stratified_split(pool(count), (8, 1, 1), seed=0)
    assert sorted(objects.image.id for part in parts for objects in part) == list(range(count))
    assert len(parts) == 3


def test_parts_have_the_sizes_of_the_ratios_and_are_in_id_order():
    parts = stratified_split(pool(100), (8, 1, 1), seed=0)
    assert [len(part) for part in parts] == [80, 10, 10]
    assert all(part == sorted(part, key=lambda objects: objects.image.id) for part in parts)
    assert [len(part) for part in stratified_split(pool(100), (0.5, 0.5), seed=0)] == [50, 50]


def test_the_split_depends_on_the_seed_and_on_nothing_else():
    images = pool(50)
    first = stratified_split(images, (8, 1, 1), seed=3)
    assert first == stratified_split(images[::-1], (8, 1, 1), seed=3)
    assert first != stratified_split(images, (8, 1, 1), seed=4)


@given(
    st.dictionaries(st.integers(-5, 60), st.dictionaries(st.integers(0, 4), st.integers(1, 9))),
    st.lists(st.frozensets(st.integers(-5, 70), max_size=6), max_size=6),
)
def test_groups_and_what_overlaps_them_stay_in_one_part(counts, groups):
    parts = split_ids(counts, (3, 1, 1), 0, groups)
    assert sorted(i for part in parts for i in part) == sorted(counts)
    part_of = {i: p for p, part in enumerate(parts) for i in part}
    for group in groups:
        assert len({part_of[i] for i in group if i in part_of}) <= 1


def test_without_groups_sizes_are_exact_and_images_without_objects_are_spread_too():
    counts = {i: ({} if i < 40 else {i % 5: 2}) for i in range(200)}
    parts = split_ids(counts, (8, 1, 1), seed=0)
    assert [len(part) for part in parts] == part_sizes(200, (8, 1, 1))
    for part, wanted in zip(parts, (32, 4, 4), strict=True):
        assert abs(sum(i < 40 for i in part) - wanted) <= 1


@pytest.mark.parametrize("part", ["train-300", "validation-300"])
def test_classes_of_coco_are_closer_to_their_shares_than_in_any_of_thirty_shuffles(shared: Path, part: str):
    names, counts = objects_of_images(read_coco(shared / "data" / "coco300" / part / "labels.json"))

    def mean_points(pieces, of: str) -> float:
        shares = class_shares(names, counts, dict(zip(PARTS, pieces, strict=True)), (8, 1, 1))
        return float(np.mean([deviation.points for deviation in shares.deviations(of)]))

    ids = np.array(sorted(counts))
    shuffles = [np.split(np.random.default_rng(seed).permutation(ids), [240, 270]) for seed in range(30)]
    stratified = split_ids(counts, (8, 1, 1), seed=0)
    assert [len(piece) for piece in stratified] == [240, 30, 30]
    for of, factor in (("images", 2.5), ("instances", 2)):
        assert factor * mean_points(stratified, of) < np.mean([mean_points(pieces, of) for pieces in shuffles])
        assert mean_points(stratified, of) < min(mean_points(pieces, of) for pieces in shuffles)


def test_objects_are_counted_by_class_name_and_crowds_are_not(coco):
    path = coco(
        {"category_id": 7},
        {"category_id": 3},
        {"category_id": 7, "iscrowd": 1},
        images=[{}, {}],
        categories={7: "dog", 3: " dog", 0: "cat"},
    )
    names, counts = objects_of_images(read_coco(path))
    assert names == ["cat", "dog"]
    assert counts == {1: {1: 2}, 2: {}}


def test_ratios_are_read_from_text():
    assert parse_ratios("8:1:1") == (8, 1, 1)
    assert parse_ratios("0.7:0.3") == (0.7, 0.3)
    with pytest.raises(UsageError, match="Ratios '8/2': expected numbers with colons between, such as 8:1:1"):
        parse_ratios("8/2")
