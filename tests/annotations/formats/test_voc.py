from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.annotations.formats import voc
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage, ReadOptions, WriteOptions
from maskwright.annotations.formats.voc import Writer, read
from maskwright.errors import DataError, UsageError
from maskwright.masks.bands import pixel_bands
from tests.annotations.formats.examples import codes, drawn, encode, read_all, write_blank

# Two objects of one class side by side, one of another, and void between them.
NUMBERS = np.array([[1, 1, 255, 2], [1, 1, 255, 2], [0, 3, 3, 3]], np.uint8)
LABELS = np.array([[15, 15, 255, 15], [15, 15, 255, 15], [0, 12, 12, 12]], np.uint8)


def write_maps(root: Path, stem: str, labels: np.ndarray, numbers: np.ndarray | None) -> None:
    for folder, values in (("SegmentationClass", labels), ("SegmentationObject", numbers)):
        if values is not None:
            (root / folder).mkdir(exist_ok=True)
            cv2.imwrite(str(root / folder / f"{stem}.png"), values)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_maps(tmp_path, "a", LABELS, NUMBERS)
    return tmp_path


def test_every_number_is_an_object_of_its_class_and_void_is_none(root: Path):
    dataset = read(root, ReadOptions())
    (image,) = read_all(dataset)
    assert (image.height, image.width, image.part) == (3, 4, None)
    assert [(each.name, each.rle) for each in image.objects] == [
        ("person", encode(NUMBERS == 1)),
        ("person", encode(NUMBERS == 2)),
        ("dog", encode(NUMBERS == 3)),
    ]
    assert dataset.audit.changes == {"named_by_mask": 1, "void_pixels": 2}


def test_without_object_masks_a_class_is_one_object_or_its_components(tmp_path: Path):
    write_maps(tmp_path, "a", LABELS, None)
    (image,) = read_all(read(tmp_path, ReadOptions()))
    assert [(each.name, each.area) for each in image.objects] == [("dog", 3), ("person", 6)]
    (image,) = read_all(read(tmp_path, ReadOptions(components=True)))
    assert [(each.name, each.area) for each in image.objects] == [("dog", 3), ("person", 4), ("person", 2)]


def test_an_object_of_several_classes_is_taken_for_the_commonest_and_named(tmp_path: Path):
    labels = LABELS.copy()
    labels[0, 0] = 12
    write_maps(tmp_path, "a", labels, NUMBERS)
    dataset = read(tmp_path, ReadOptions())
    assert [each.name for each in read_all(dataset)[0].objects] == ["person", "person", "dog"]
    assert codes(dataset) == ["mixed_classes"]


def test_an_object_without_a_class_is_named(tmp_path: Path):
    write_maps(tmp_path, "a", np.where(LABELS == 12, 77, LABELS).astype(np.uint8), NUMBERS)
    dataset = read(tmp_path, ReadOptions())
    assert len(read_all(dataset)[0].objects) == 2
    assert dataset.audit.objects.skipped == {"unnamed_class": 1}


def test_lists_are_the_parts_and_what_they_do_not_list_is_counted(root: Path):
    for stem in ("b", "c", "un listed"):
        write_maps(root, stem, LABELS, NUMBERS)
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n\nb\n")
    (lists / "val.txt").write_text("c\ngone\n../../etc/passwd\n")
    (lists / "trainval.txt").write_text("a\nb\nc\n")
    dataset = read(root, ReadOptions())
    assert [(image.part, image.file_name) for image in read_all(dataset)] == [
        ("train", "a.png"),
        ("train", "b.png"),
        ("val", "c.png"),
    ]
    assert dataset.audit.skipped_images == {"unlisted_image": 1, "missing_mask": 2}


def test_the_image_s_own_name_comes_from_its_file_or_its_xml(root: Path):
    (root / "Annotations").mkdir()
    (root / "Annotations" / "a.xml").write_text("<annotation><filename>a.bmp</filename></annotation>")
    assert read_all(read(root, ReadOptions()))[0].file_name == "a.bmp"
    write_blank(root / "JPEGImages" / "a.png", 3, 4)
    image = read_all(read(root, ReadOptions()))[0]
    assert (image.file_name, image.path) == ("a.png", root / "JPEGImages" / "a.png")


def test_masks_that_cannot_be_read_are_named(root: Path):
    write_maps(root, "narrow", LABELS, NUMBERS[:, :2])
    write_maps(root, "colours", LABELS, NUMBERS)
    cv2.imwrite(str(root / "SegmentationClass" / "colours.png"), np.zeros((3, 4, 3), np.uint8))
    write_maps(root, "cut", LABELS, NUMBERS)
    whole = (root / "SegmentationObject" / "cut.png").read_bytes()
    (root / "SegmentationObject" / "cut.png").write_bytes(whole[:40])
    dataset = read(root, ReadOptions())
    assert [image.file_name for image in read_all(dataset)] == ["a.png"]
    assert {(f.code, f.record) for f in dataset.audit.objects.faults} == {
        ("image_size", "narrow"),
        ("unreadable_image", "colours"),
        ("unreadable_image", "cut"),
    }


def test_a_listed_name_that_no_file_can_have_is_named(root: Path):
    (root / "ImageSets" / "Segmentation").mkdir(parents=True, exist_ok=True)
    (root / "ImageSets" / "Segmentation" / "train.txt").write_text(f"a\n{'x' * 300}\n")
    dataset = read(root, ReadOptions())
    assert [image.file_name for image in read_all(dataset)] == ["a.png"]
    assert ("missing_mask", "x" * 300) in {(f.code, f.record) for f in dataset.audit.objects.faults}


def test_a_link_out_of_the_folder_is_read(root: Path, tmp_path_factory: pytest.TempPathFactory):
    outside = tmp_path_factory.mktemp("outside") / "x.png"
    cv2.imwrite(str(outside), LABELS)
    (root / "SegmentationClass" / "a.png").unlink()
    (root / "SegmentationClass" / "a.png").symlink_to(outside)
    dataset = read(root, ReadOptions())
    assert [image.file_name for image in read_all(dataset)] == ["a.png"]
    assert codes(dataset) == []


def test_a_folder_without_masks_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="SegmentationClass: it does not exist"):
        read(tmp_path, ReadOptions())


def written(root: Path, image: AnnotatedImage, account: ConversionAudit, overlap: str = "last") -> Path:
    writer = Writer(root, ["dog", "person"], WriteOptions(overlap=overlap))
    account.objects.found = account.objects.used = len(image.objects)
    writer.add(image, account)
    writer.finish([image.part])
    assert account.objects.adds_up
    return root


def test_masks_are_palette_images_in_voc_s_colours(tmp_path: Path, account: ConversionAudit):
    mask = np.ones((3, 4), np.uint8)
    root = written(tmp_path, AnnotatedImage("x/a.jpg", 3, 4, [drawn(mask, "person")]), account)
    for folder, value in (("SegmentationClass", 2), ("SegmentationObject", 1)):
        with Image.open(root / folder / "a.png") as image:
            assert image.mode == "P"
            assert np.unique(np.array(image)).tolist() == [value]
            color = [(128, 0, 0), (0, 128, 0)][value - 1]
            assert image.convert("RGB").getpixel((0, 0)) == color
    assert (root / "ImageSets/Segmentation/train.txt").read_text() == "a\n"
    assert account.changes == {"folders_left_out": 1}


def test_overlaps_hidden_objects_and_crowds_are_counted(tmp_path: Path, account: ConversionAudit):
    left, right, everything = np.zeros((3, 3, 4), np.uint8)
    left[:, :2], right[:, 1:], everything[:] = 1, 1, 1
    objects = [drawn(left[:, :]), drawn(left), drawn(right, "person"), drawn(everything, crowd=True)]
    root = written(tmp_path, AnnotatedImage("a.jpg", 3, 4, objects), account)
    with Image.open(root / "SegmentationObject/a.png") as image:
        assert np.array(image).tolist() == [[1, 2, 2, 2]] * 3
    assert account.objects.skipped == {"hidden": 1, "crowd": 1}
    assert account.changes == {"crowd_as_void": 1, "overlap_pixels": 9}


def test_a_crowd_is_void_where_no_object_lies(tmp_path: Path, account: ConversionAudit):
    objects = [drawn(np.ones((1, 3)), crowd=True), drawn(np.array([[0, 1, 0]]))]
    root = written(tmp_path, AnnotatedImage("a.jpg", 1, 3, objects), account)
    for folder in ("SegmentationObject", "SegmentationClass"):
        with Image.open(root / folder / "a.png") as image:
            assert np.array(image).tolist() == [[255, 1, 255]]


def test_objects_beyond_254_are_counted(tmp_path: Path, account: ConversionAudit):
    masks = np.eye(256, dtype=np.uint8).reshape(256, 1, 256)
    written(tmp_path, AnnotatedImage("a.jpg", 1, 256, [drawn(mask) for mask in masks]), account)
    assert account.objects.skipped == {"beyond_254_objects": 2}


def test_more_than_254_classes_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"255 classes do not fit .* Choose with --classes"):
        Writer(tmp_path, [str(i) for i in range(255)], WriteOptions())


def test_the_class_of_each_object_is_counted_in_one_pass_over_bands(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    by_class, by_object = (rng.integers(0, most, (50, 40)).astype(np.uint8) for most in (4, 9))
    monkeypatch.setattr(voc, "pixel_bands", lambda *maps: pixel_bands(*maps, pixels=40 * 7))
    found = voc._classes_of_objects(by_class, by_object)
    for number in range(9):
        labels, pixels = np.unique(by_class[by_object == number], return_counts=True)
        assert found[number] == dict(zip(labels.tolist(), pixels.tolist(), strict=True))
