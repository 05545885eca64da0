from pathlib import Path

import pytest

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.yolo_images import yolo_images
from maskwright.annotations.formats.yolo_layout import Layout
from tests.annotations.formats.examples import write_blank


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def found(root: Path, part: str, parts: dict[str, list[str]], account: ConversionAudit, images: Path | None = None):
    listed = yolo_images(Layout(root, {0: "a"}, parts), part, images, account)
    return {entry.file_name: (entry.image is not None, entry.labels.relative_to(root).as_posix()) for entry in listed}


def test_images_have_labels_of_their_name_in_subfolders_too(tmp_path: Path, account: ConversionAudit):
    write_blank(tmp_path / "images/train/a.png")
    write_blank(tmp_path / "images/train/deep/b.png")
    touch(tmp_path / "labels/train/orphan.txt")
    assert found(tmp_path, "train", {"train": ["images/train"]}, account) == {
        "a.png": (True, "labels/train/a.txt"),
        "deep/b.png": (True, "labels/train/deep/b.txt"),
        "orphan.txt": (False, "labels/train/orphan.txt"),
    }


def test_images_may_lie_elsewhere_in_a_folder_per_part(tmp_path: Path, account: ConversionAudit):
    write_blank(tmp_path / "photos/train/a.png")
    write_blank(tmp_path / "photos/val/b.png")
    touch(tmp_path / "labels/train/a.txt")
    parts = {"train": ["images/train"], "val": ["images/val"]}
    write_blank(tmp_path / "photos/train/c.png")
    assert found(tmp_path, "train", parts, account, tmp_path / "photos") == {"a.png": (True, "labels/train/a.txt")}
    assert [(f.code, f.record) for f in account.objects.faults] == [("unlisted_image", "c.png")]


def test_in_one_folder_for_all_parts_those_with_a_label_file_belong_to_a_part(tmp_path: Path, account: ConversionAudit):
    for name in ("a", "b"):
        write_blank(tmp_path / f"photos/{name}.png")
    touch(tmp_path / "labels/train/a.txt")
    touch(tmp_path / "labels/val/b.txt")
    parts = {"train": ["images/train"], "val": ["images/val"]}
    for part, name in (("train", "a"), ("val", "b")):
        expected = {f"{name}.png": (True, f"labels/{part}/{name}.txt")}
        assert found(tmp_path, part, parts, account, tmp_path / "photos") == expected
    assert account.skipped_images == {}


def test_a_text_file_lists_images(tmp_path: Path, account: ConversionAudit):
    write_blank(tmp_path / "images/train/deep/a.png")
    (tmp_path / "train.txt").write_text("./images/train/deep/a.png\n\nimages/train/gone.png\n/etc/passwd\n")
    assert found(tmp_path, "train", {"train": ["train.txt"]}, account) == {
        "deep/a.png": (True, "labels/train/deep/a.txt"),
        "gone.png": (False, "labels/train/gone.txt"),
    }
    assert account.skipped_images == {"outside_path": 1}


def test_an_image_that_is_a_link_out_of_the_folder_is_read(tmp_path: Path, account: ConversionAudit):
    outside = write_blank(tmp_path / "outside.png")
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    (root / "images" / "a.png").symlink_to(outside)
    assert found(root, "train", {"train": ["images"]}, account) == {"a.png": (True, "labels/a.txt")}


@pytest.mark.parametrize("place", ["images/none", "/etc", "a/../../.."])
def test_a_part_that_is_no_folder_is_named(tmp_path: Path, account: ConversionAudit, place: str):
    assert found(tmp_path, "val", {"val": [place]}, account) == {}
    (line,) = account.objects.lines()
    assert f"has its part val in '{place}', which is no folder inside it" in line
