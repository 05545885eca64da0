from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.annotations.checks.duplicate_images import (
    DuplicatePair,
    Fingerprints,
    duplicate_faults,
    duplicates_between,
    duplicates_within,
    fingerprints,
    group_duplicates,
)
from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.images.decode import read_image


def scene(seed: int) -> Image.Image:
    """A picture of 240 × 320 pixels unlike that of any other seed."""
    coarse = np.random.default_rng(seed).integers(20, 236, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC))


def near(image: Image.Image) -> Image.Image:
    return image.resize((160, 120)).crop((2, 2, 158, 118))


@pytest.fixture
def data(coco, tmp_path: Path):
    """``data(name, *images)``: a COCO file of that name and its images folder, ids from 10; None is no file."""

    def write(name: str, *images: Image.Image | None) -> tuple[CocoFile, Path]:
        folder = tmp_path / name
        folder.mkdir()
        for number, image in enumerate(images, start=10):
            if image is not None:
                image.save(folder / f"{number}.png")
        records = [{"id": number, "file_name": f"{number}.png"} for number in range(10, 10 + len(images))]
        return read_coco(coco(images=records, name=f"{name}.json")), folder

    return write


BLACK = Image.new("RGB", (64, 48))


def test_images_that_cannot_be_read_are_counted(data):
    read, folder = data("a", scene(0), None, scene(1))
    (folder / "12.png").write_text("not an image")
    found = fingerprints(read, folder)
    assert (found.ids, found.unread) == ([10], [11, 12])


def test_a_name_outside_the_folder_is_not_read(coco, tmp_path: Path):
    scene(0).save(tmp_path / "secret.png")
    read = read_coco(coco(images=[{"file_name": "../secret.png"}]))
    assert fingerprints(read, tmp_path / "images").unread == [1]


def test_threads_find_what_one_finds(data):
    read, folder = data("a", *(scene(seed) for seed in range(6)))
    one, three = (fingerprints(read, folder, workers) for workers in (0, 3))
    assert [p.content for p in one.prints] == [p.content for p in three.prints]
    assert one.ids == three.ids == [10, 11, 12, 13, 14, 15]


def test_copies_within_a_file_are_paired_with_the_first(data):
    read, folder = data("a", scene(0), scene(1), scene(0), near(scene(1)), scene(0), scene(2), near(scene(0)))
    pairs = list(duplicates_within(fingerprints(read, folder)))
    assert [pair[:3] for pair in pairs] == [(10, 12, "same"), (10, 14, "same"), (10, 16, "near"), (11, 13, "near")]
    assert [pair.distance for pair in pairs[:2]] == [0, 0]


def test_copies_in_two_files_are_paired_by_the_ids_of_each(data):
    a = fingerprints(*data("a", scene(0), scene(1), scene(2), scene(0)))
    b = fingerprints(*data("b", scene(5), scene(0), near(scene(2)), scene(0)))
    pairs = [pair[:3] for pair in duplicates_between(a, b)]
    assert pairs == [(10, 11, "same"), (13, 11, "same"), (12, 12, "near")]
    assert [(pair.second, pair.first, pair.kind) for pair in duplicates_between(b, a)] == [
        (10, 11, "same"),
        (10, 13, "same"),
        (12, 12, "near"),
    ]


def test_images_of_one_colour_are_the_same_only_to_the_pixel(data):
    found = fingerprints(*data("a", BLACK, Image.new("RGB", (64, 48), (1, 1, 1)), BLACK, Image.new("RGB", (65, 48))))
    assert list(duplicates_within(found)) == [DuplicatePair(10, 12, "same", 0)]


def test_groups_join_what_is_one_picture_through_others(data):
    found = fingerprints(*data("a", scene(0), scene(1), near(scene(0)), scene(0), scene(2), BLACK, scene(1)))
    assert group_duplicates(found) == [{10, 12, 13}, {11, 16}]


def test_nothing_has_no_duplicates():
    assert list(duplicates_within(Fingerprints())) == []
    assert list(duplicates_between(Fingerprints(), Fingerprints())) == []
    assert group_duplicates(Fingerprints()) == []


def test_faults_name_both_images_and_the_other_file(data):
    a, _ = data("a", scene(0), scene(1))
    b, _ = data("b", scene(0))
    pairs = [DuplicatePair(11, 10, "same", 0), DuplicatePair(10, 10, "near", 3)]
    same, alike = duplicate_faults(pairs, a, b)
    assert (same.code, alike.code) == ("same_image", "near_duplicate")
    assert str(same) == f"image 11 ('11.png') is the same picture as image 10 ('10.png') of {b.path}"
    assert str(alike) == f"image 10 ('10.png') looks like image 10 ('10.png') of {b.path} (3 of 64 bits differ)"
    (within,) = duplicate_faults([DuplicatePair(10, 11, "same", 0)], a)
    assert str(within) == "image 10 ('10.png') is the same picture as image 11 ('11.png')"


def test_no_two_of_600_photos_are_taken_for_one_and_copies_of_them_are(shared: Path, tmp_path: Path):
    parts = []
    for part in ("train-300", "validation-300"):
        folder = shared / "data" / "coco300" / part
        parts.append(fingerprints(read_coco(folder / "labels.json"), folder / "data"))
    assert [len(part.ids) for part in parts] == [300, 300]
    assert [list(duplicates_within(part)) for part in parts] == [[], []]
    assert list(duplicates_between(*parts)) == []

    read = read_coco(shared / "data" / "coco300" / "train-300" / "labels.json")
    read.images = read.images[:20]
    for image in read.images:
        photo = read_image(shared / "data" / "coco300" / "train-300" / "data" / image.file_name)
        height, width = photo.shape[0] // 100, photo.shape[1] // 100
        brighter = cv2.convertScaleAbs(photo[height:-height, width:-width], beta=10)
        Image.fromarray(brighter).resize((300, 300)).save(tmp_path / image.file_name, quality=50)
    pairs = list(duplicates_between(fingerprints(read, tmp_path), parts[0]))
    assert [pair[:3] for pair in pairs] == [(image.id, image.id, "near") for image in read.images]
