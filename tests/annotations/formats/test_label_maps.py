import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage, ReadOptions, WriteOptions
from maskwright.annotations.formats.label_maps import Writer, read, read_map
from maskwright.errors import DataError, UsageError
from maskwright.masks.png import write_label_map
from tests.annotations.formats.examples import drawn, encode, read_all, write_blank

LABELS = np.array([[1, 1, 0, 2], [0, 0, 0, 2], [1, 255, 0, 0]], np.uint8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "classes.json").write_text(json.dumps([{"index": 2, "name": "dog"}, {"index": 1, "name": " cat "}]))
    cv2.imwrite(str(tmp_path / "a.png"), LABELS)
    return tmp_path


def test_a_class_is_one_object_an_image_in_the_order_of_labels(root: Path):
    dataset = read(root, ReadOptions())
    (image,) = read_all(dataset)
    assert dataset.classes == ["cat", "dog"]
    assert [(each.name, each.rle) for each in image.objects] == [
        ("cat", encode(LABELS == 1)),
        ("dog", encode(LABELS == 2)),
    ]
    assert dataset.audit.changes == {"named_by_mask": 1, "void_pixels": 1}


def test_components_are_objects_when_asked_for(root: Path):
    (image,) = read_all(read(root, ReadOptions(components=True)))
    assert [(each.name, each.area) for each in image.objects] == [("cat", 2), ("cat", 1), ("dog", 2)]


def test_chosen_classes_alone_are_read_and_the_others_counted(root: Path):
    dataset = read(root, ReadOptions(classes=["dog"], components=True))
    assert [each.name for each in read_all(dataset)[0].objects] == ["dog"]
    assert dataset.audit.objects.skipped == {"other_class": 2}


def test_a_label_without_a_class_is_named(root: Path):
    cv2.imwrite(str(root / "a.png"), np.where(LABELS == 2, 9, LABELS))
    dataset = read(root, ReadOptions())
    assert len(read_all(dataset)[0].objects) == 1
    assert "a.png has pixels of label 9, which is none of the 2 classes" in str(dataset.audit.objects.faults[0])


def test_sixteen_bit_maps_ignore_65535(root: Path):
    wide = LABELS.astype(np.uint16)
    wide[wide == 255] = 65535
    cv2.imwrite(str(root / "a.png"), wide)
    dataset = read(root, ReadOptions())
    assert [each.area for each in read_all(dataset)[0].objects] == [3, 2]
    assert dataset.audit.changes["void_pixels"] == 1


def test_images_give_their_names_and_ambiguous_ones_are_refused(root: Path, tmp_path_factory: pytest.TempPathFactory):
    images = tmp_path_factory.mktemp("images")
    write_blank(images / "deep" / "a.bmp", 3, 4)
    (image,) = read_all(read(root, ReadOptions(images=images)))
    assert (image.file_name, image.path) == ("deep/a.bmp", images / "deep" / "a.bmp")
    write_blank(images / "a.png", 3, 4)
    with pytest.raises(DataError, match=r"'a\.png' and 'deep/a\.bmp' differ in their folder or suffix only"):
        read_all(read(root, ReadOptions(images=images)))


def test_folders_called_train_and_val_are_parts(root: Path):
    for part in ("train", "val"):
        (root / part).mkdir()
        cv2.imwrite(str(root / part / "b.png"), LABELS)
    images = read_all(read(root, ReadOptions()))
    assert [(image.part, image.file_name) for image in images] == [("train", "b.png"), ("val", "b.png")]


def bomb() -> bytes:
    """A PNG of 20,000 × 20,000 pixels in half a megabyte."""
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def swollen_text() -> bytes:
    """A PNG whose text chunk unpacks beyond what Pillow allows."""
    buffer, info = io.BytesIO(), PngImagePlugin.PngInfo()
    info.add_text("a", "x" * (PngImagePlugin.MAX_TEXT_CHUNK + 1), zip=True)
    Image.new("L", (2, 2)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"no png", bomb(), swollen_text()], ids=["empty", "text", "bomb", "swollen"])
def test_what_is_no_label_map_is_named(root: Path, content: bytes):
    (root / "b.png").write_bytes(content)
    dataset = read(root, ReadOptions())
    assert [image.file_name for image in read_all(dataset)] == ["a.png"]
    assert [(f.code, f.record) for f in dataset.audit.objects.faults] == [("unreadable_image", "b.png")]


def test_a_folder_without_classes_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match=r"classes\.json: it does not exist"):
        read(tmp_path, ReadOptions())


def test_label_maps_have_colours_and_classes_beside_them(tmp_path: Path, account: ConversionAudit):
    writer = Writer(tmp_path, ["cat", "dog"], WriteOptions())
    objects = [
        drawn(LABELS == 1, "cat"),
        drawn(LABELS == 2),
        drawn(LABELS == 255, crowd=True),
        drawn(LABELS == 1, "cat"),
    ]
    account.objects.found = account.objects.used = 4
    writer.add(AnnotatedImage("x/a.jpg", 3, 4, objects, part="val"), account)
    writer.finish(["val"])
    with Image.open(tmp_path / "val" / "a.png") as image:
        assert (image.mode, np.array(image).tolist()) == ("P", LABELS.tolist())
        assert image.convert("RGB").getpixel((0, 0)) != image.convert("RGB").getpixel((3, 0))
    assert [c["name"] for c in json.loads((tmp_path / "classes.json").read_text())] == ["cat", "dog"]
    assert (tmp_path / "classes.txt").read_text() == "background\ncat\ndog\n"
    assert account.objects.skipped == {"crowd": 1, "hidden": 1}
    assert account.changes == {"crowd_as_void": 1, "overlap_pixels": 3, "folders_left_out": 1}


def test_objects_of_one_class_are_merged_and_counted(tmp_path: Path, account: ConversionAudit):
    writer = Writer(tmp_path, ["cat"], WriteOptions())
    writer.add(AnnotatedImage("a.jpg", 1, 3, [drawn(np.eye(3)[[i]], "cat") for i in range(3)]), account)
    assert account.changes == {"objects_merged": 2}


def test_255_classes_are_written_in_sixteen_bits(tmp_path: Path, account: ConversionAudit):
    classes = [f"class {i}" for i in range(1, 256)]
    writer = Writer(tmp_path, classes, WriteOptions())
    objects = [drawn(np.array([[1, 0]]), "class 255"), drawn(np.array([[0, 1]]), crowd=True)]
    writer.add(AnnotatedImage("a.jpg", 1, 2, objects), account)
    written = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert (written.dtype, written.tolist()) == (np.uint16, [[255, 65535]])


def test_a_map_of_stripes_is_refused_by_the_number_of_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stripes = np.tile(np.array([[0], [1]], np.uint8), (10, 4))
    write_label_map(tmp_path / "1.png", stripes)
    monkeypatch.setenv("MASKWRIGHT_LIMIT_LABEL_MAP_RUNS", "80")
    assert (read_map(tmp_path / "1.png", tmp_path) == stripes).all()
    monkeypatch.setenv("MASKWRIGHT_LIMIT_LABEL_MAP_RUNS", "79")
    with pytest.raises(DataError, match=r"1\.png: has 80 runs of equal labels .*--limit label-map-runs"):
        read_map(tmp_path / "1.png", tmp_path)
