"""YOLO labels: every line is an object or a fault with its file and number, and an image's masks are COCO's."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage, ReadOptions, WriteOptions
from maskwright.annotations.formats.yolo import Writer, read
from tests.annotations.formats.examples import codes, drawn, frame, outlined, read_all, write_blank

SQUARE = "0.25 0.25 0.5 0.25 0.5 0.5 0.25 0.5"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data set with one image of 48 × 64 pixels (height × width)."""
    (tmp_path / "data.yaml").write_text("train: images/train\nnames: [person, dog]\n")
    write_blank(tmp_path / "images/train/1.png")
    (tmp_path / "labels/train").mkdir(parents=True)
    return tmp_path


def label(root: Path, text: str | bytes, name: str = "1.txt") -> Path:
    path = root / "labels/train" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def test_a_line_is_an_object_of_the_named_class_on_an_image_of_the_size_of_its_file(root: Path):
    (image,) = read_all(read(label(root, f"1 {SQUARE}\n\n0 {SQUARE}\n"), ReadOptions()))
    assert (image.file_name, image.height, image.width, image.part) == ("1.png", 48, 64, "train")
    assert [each.name for each in image.objects] == ["dog", "person"]
    assert image.objects[0].box == [16, 12, 16, 12]
    assert image.objects[0].polygons == [[16, 12, 32, 12, 32, 24, 16, 24]]


def test_an_image_without_a_label_file_has_no_objects(root: Path):
    (image,) = read_all(read(root, ReadOptions()))
    assert image.objects == []


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("0 0.5 0.5 0.2 0.2", "box_only", "has a box instead of an outline"),
        ("0 0.1 0.1 0.5 0.1 0.5", "bad_line", "has 5 coordinates"),
        ("0", "bad_line", "has 0 coordinates"),
        ("0 0.1 0.1 0.5 0.1 0.5 nan", "bad_line", "not fractions of the image"),
        ("0 0.1 0.1 0.5 0.1 0.5 1e999", "bad_line", "not fractions of the image"),
        ("0 10 10 50 10 50 40", "bad_line", "not fractions of the image"),
        ("person 0.1 0.1 0.5 0.1 0.5 0.5", "bad_line", "is not a line of numbers"),
        ("2 0.1 0.1 0.5 0.1 0.5 0.5", "unnamed_class", "has class 2; the data set names 2 classes"),
        ("0.5 0.1 0.1 0.5 0.1 0.5 0.5", "unnamed_class", "has class 0.5"),
        ("nan 0.1 0.1 0.5 0.1 0.5 0.5", "unnamed_class", "has class nan"),
    ],
)
def test_a_line_that_is_no_object_is_named_with_its_file_and_number(root: Path, line: str, code: str, message: str):
    dataset = read(label(root, f"1 {SQUARE}\n{line}\n"), ReadOptions())
    (image,) = read_all(dataset)
    assert len(image.objects) == 1
    (fault,) = dataset.audit.objects.faults
    assert (fault.code, fault.record) == (code, "labels/train/1.txt:2")
    assert message in str(fault)
    assert dataset.audit.objects.skipped == {code: 1}


def test_a_label_file_that_is_no_text_is_named(root: Path):
    dataset = read(label(root, b"\xff\xfe\x00 0.5"), ReadOptions())
    assert len(read_all(dataset)) == 1
    assert codes(dataset) == ["unreadable_file"]
    assert "labels/train/1.txt" in str(dataset.audit.objects.faults[0])


def test_the_lines_of_a_file_without_its_image_are_counted(root: Path):
    dataset = read(label(root, f"0 {SQUARE}\n0 {SQUARE}\n", "gone.txt"), ReadOptions())
    assert [image.file_name for image in read_all(dataset)] == ["1.png"]
    assert dataset.audit.objects.skipped == {"missing_image": 2}


def test_a_damaged_image_is_named_and_its_lines_are_counted(root: Path):
    (root / "images/train/1.png").write_bytes(b"no image")
    dataset = read(label(root, f"0 {SQUARE}\n"), ReadOptions())
    assert read_all(dataset) == []
    assert dataset.audit.objects.skipped == {"unreadable_image": 1}


def test_other_classes_are_counted(root: Path):
    dataset = read(label(root, f"0 {SQUARE}\n1 {SQUARE}\n"), ReadOptions(classes=["dog"]))
    assert [each.name for each in read_all(dataset)[0].objects] == ["dog"]
    assert dataset.audit.objects.skipped == {"other_class": 1}


def write(root: Path, image: AnnotatedImage, account: ConversionAudit, holes: str = "keep") -> str:
    writer = Writer(root / "out", ["dog", "person"], WriteOptions(holes))
    writer.add(image, account)
    writer.finish([None])
    return (root / "out/labels/train/1.txt").read_text()


def test_parts_come_back_as_the_polygons_they_were(root: Path, account: ConversionAudit):
    polygons = [[2.3, 2.5, 20.1, 3.0, 9.9, 12.3], [30, 30, 50.5, 31, 40, 44.4], [5, 30, 9, 30, 7, 40]]
    text = write(root, AnnotatedImage("1.png", 48, 64, [outlined(polygons, 48, 64)]), account)
    assert text.count("\n") == 1
    assert account.changes == {"parts_joined": 1}
    (image,) = read_all(read(label(root, text.replace("0 ", "1 ", 1)), ReadOptions()))
    found = image.objects[0].polygons or []
    # In another order, from another point, and within the tenth of a pixel that COCO's rule does not see.
    assert sorted(sorted(polygon) for polygon in found) == [
        pytest.approx(sorted(polygon), abs=0.101) for polygon in sorted(polygons, key=sorted)
    ]


def test_a_hole_comes_back_as_a_mask(root: Path, account: ConversionAudit):
    mask = np.zeros((48, 64), np.uint8)
    mask[:9, :12] = frame()
    text = write(root, AnnotatedImage("1.png", 48, 64, [drawn(mask)]), account)
    assert account.changes == {"holes_bridged": 1, "outlined": 1}
    (image,) = read_all(read(label(root, text), ReadOptions()))
    assert image.objects[0].rle == drawn(mask).rle
    assert image.objects[0].polygons is None


def test_crowds_and_objects_without_pixels_are_left_out_and_counted(root: Path, account: ConversionAudit):
    nothing = np.zeros((48, 64), np.uint8)
    everything = nothing + 1
    account.objects.found = account.objects.used = 3
    objects = [drawn(everything, crowd=True), drawn(nothing), drawn(everything)]
    text = write(root, AnnotatedImage("1.png", 48, 64, objects), account)
    assert text == "0 0 0 1 0 1 1 0 1\n"
    assert account.objects.skipped == {"crowd": 1, "no_pixels": 1}
    assert account.objects.adds_up


def test_an_image_without_objects_gets_an_empty_label_file(root: Path, account: ConversionAudit):
    assert write(root, AnnotatedImage("1.png", 48, 64), account) == ""
