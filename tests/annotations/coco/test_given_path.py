"""A path that is no annotation file is answered with what is there and what to type."""

from pathlib import Path

import pytest

from maskwright.annotations.coco.given_path import annotations_beside, require_annotations
from maskwright.errors import NextCommand, UsageError


def told(path: Path) -> NextCommand | None:
    with pytest.raises(UsageError) as caught:
        require_annotations(path)
    return caught.value.next_command


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "labels.json").touch()
    assert require_annotations(tmp_path / "labels.json") == tmp_path / "labels.json"


@pytest.mark.parametrize("name", ["data.yaml", "classes.txt"])
def test_a_folder_of_yolo_is_to_be_converted(name: str, tmp_path: Path) -> None:
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / name).touch()
    planned = told(tmp_path / "birds")
    assert planned is not None
    assert planned.command[:2] == ("convert", str(tmp_path / "birds"))
    assert planned.command[-1] == "birds-coco"


@pytest.mark.parametrize("name", ["data.yaml", "dataset.yaml"])
def test_a_file_of_yolo_is_to_be_converted_into_a_folder_called_as_its_own(name: str, tmp_path: Path) -> None:
    (tmp_path / "birds").mkdir()
    file = tmp_path / "birds" / name
    file.touch()
    planned = told(file)
    assert planned is not None
    assert planned.command == ("convert", str(file), "--from", "yolo", "--to", "coco", "--out", "birds-coco")
    assert told(tmp_path / "birds" / "none.yaml") is None


def test_a_folder_with_one_file_means_that_file(tmp_path: Path) -> None:
    assert told(tmp_path) is None
    (tmp_path / "labels.json").touch()
    planned = told(tmp_path)
    assert planned is not None
    assert planned.replaced == {str(tmp_path): str(tmp_path / "labels.json")}
    (tmp_path / "more.json").touch()
    assert told(tmp_path) is None


def test_the_annotations_beside_results_are_the_one_coco_file(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    for name, text in (("results.json", "[]"), ("other.json", "[]"), ("card.json", '{"images": 3}')):
        (tmp_path / name).write_text(text)
    assert annotations_beside(results) is None
    (tmp_path / "labels.json").write_text(' {"images": [], "annotations": [], "categories": []}')
    assert annotations_beside(results) == tmp_path / "labels.json"
    (tmp_path / "more.json").write_text('{"images": [], "annotations": [], "categories": []}')
    assert annotations_beside(results) is None
