"""What each tool exports is known by its layout; what is none is refused with what was found."""

from pathlib import Path

import pytest

from maskwright.annotations.formats.exports import find_export, part_called
from maskwright.errors import UsageError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")


def test_the_folder_of_roboflow_has_its_parts_with_images_beside_the_annotations(tmp_path: Path) -> None:
    touch(*(tmp_path / part / "_annotations.coco.json" for part in ("train", "valid", "test")))
    export = find_export(tmp_path)
    assert export.kind == "Roboflow"
    assert [part.name for part in export.parts] == ["train", "validation", "test"]
    assert [part.folders for part in export.parts] == [(tmp_path / part,) for part in ("train", "valid", "test")]


def test_one_part_of_roboflow_is_a_whole_of_its_own(tmp_path: Path) -> None:
    touch(tmp_path / "train" / "_annotations.coco.json")
    for source in (tmp_path, tmp_path / "train", tmp_path / "train" / "_annotations.coco.json"):
        export = find_export(source)
        assert (export.kind, [part.name for part in export.parts]) == ("Roboflow", ["all"])


def test_the_parts_beside_a_part_that_was_named_are_known(tmp_path: Path) -> None:
    files = [tmp_path / part / "_annotations.coco.json" for part in ("train", "valid")]
    touch(*files)
    export = find_export(files[0])
    assert ([part.name for part in export.parts], export.beside) == (["all"], (files[1],))


def test_cvat_has_the_images_beside_the_folder_of_annotations(tmp_path: Path) -> None:
    file = tmp_path / "annotations" / "instances_default.json"
    touch(file, tmp_path / "images" / "default" / "1.jpg")
    for source in (tmp_path, file):
        (part,) = find_export(source).parts
        assert (part.name, part.annotations) == ("all", file)
        assert tmp_path / "images" in part.folders
    touch(tmp_path / "annotations" / "instances_train.json", tmp_path / "annotations" / "instances_val.json")
    file.unlink()
    assert [part.name for part in find_export(tmp_path).parts] == ["train", "validation"]


def test_label_studio_and_yolo_and_a_single_file_are_known(tmp_path: Path) -> None:
    touch(tmp_path / "studio" / "result.json", tmp_path / "yolo" / "data.yaml", tmp_path / "plain" / "mine.json")
    assert find_export(tmp_path / "studio").kind == "Label Studio"
    for source in (tmp_path / "yolo", tmp_path / "yolo" / "data.yaml"):
        assert (find_export(source).kind, find_export(source).parts) == ("YOLO", ())
    assert find_export(tmp_path / "plain").parts[0].annotations == tmp_path / "plain" / "mine.json"


def test_the_folder_that_the_user_names_is_the_only_one_and_its_parts_come_first(tmp_path: Path) -> None:
    touch(tmp_path / "result.json", tmp_path / "images" / "1.jpg", tmp_path / "elsewhere" / "train" / "1.jpg")
    (part,) = find_export(tmp_path / "result.json", tmp_path / "elsewhere").parts
    assert part.folders == (tmp_path / "elsewhere",)
    touch(*(tmp_path / "annotations" / f"instances_{name}.json" for name in ("train", "val")))
    train, _ = find_export(tmp_path, tmp_path / "elsewhere").parts
    assert train.folders == (tmp_path / "elsewhere" / "train", tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="the images folder"):
        find_export(tmp_path / "result.json", tmp_path / "nowhere")


def test_a_file_in_the_working_directory_keeps_relative_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "work" / "labels.json", tmp_path / "work" / "images" / "1.jpg")
    monkeypatch.chdir(tmp_path / "work")
    (part,) = find_export(Path("labels.json")).parts
    assert part.folders[:2] == (Path("images"), Path())


def test_no_or_several_annotation_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no annotations that are known"):
        find_export(tmp_path)
    touch(tmp_path / "a.json", tmp_path / "b.json")
    with pytest.raises(UsageError, match=r"2 annotation files \(a\.json, b\.json\)"):
        find_export(tmp_path)
    with pytest.raises(UsageError, match=r"Nearest in .*: a\.json"):
        find_export(tmp_path / "aa.json")


def test_parts_are_known_by_the_names_that_tools_use() -> None:
    assert [part_called(name) for name in ("Train", "val", "validation", "test", "default")] == [
        "train", "validation", "validation", "test", None,
    ]  # fmt: skip
