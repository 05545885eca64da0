"""The truth of a comparison: of a file or of a run's images, in the classes that all results know."""

import json
from pathlib import Path

import pytest

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.selection.select import SelectionRules, select
from maskwright.comparisons.entrants import Entrant
from maskwright.comparisons.instance_inputs import read_instance_inputs, truth_of_images
from maskwright.errors import DataError
from maskwright.evaluation.coco.truth import read_truth
from maskwright.structures import ClassTable

SQUARE = [[10, 10, 20, 10, 20, 20, 10, 20]]


def results(folder: Path, names: list[str]) -> Entrant:
    """Results of one object of each class, with the table of ``names`` beside them."""
    folder.mkdir()
    (folder / "classes.json").write_text(json.dumps(ClassTable.from_names(names).to_json()))
    records = [
        {"image_id": 1, "category_id": number, "score": 0.9, "segmentation": SQUARE}
        for number in range(1, len(names) + 1)
    ]
    (folder / "instances.json").write_text(json.dumps(records))
    return Entrant(folder.name, (folder,))


def test_all_results_are_scored_in_the_classes_that_all_know(coco, tmp_path: Path) -> None:
    truth = read_truth(coco({}, {"category_id": 2}, {"category_id": 2}))
    entrants = [results(tmp_path / "both", ["dog", "person"]), results(tmp_path / "dogs", ["dog", "kite"])]
    paths = {entrant.paths[0]: entrant.paths[0] / "instances.json" for entrant in entrants}
    found = read_instance_inputs(truth, entrants, paths)
    assert found.truth.names == {2: "dog"}
    assert found.truth.file_ids == [2, 3]
    assert found.left_out == ("person",)
    assert [[each["category_id"] for each in trainings[0].records] for trainings in found.results] == [[2], [2]]
    assert found.models().kinds == ["segm", "bbox"]


def test_results_that_share_no_class_are_refused(coco, tmp_path: Path) -> None:
    truth = read_truth(coco({}, {"category_id": 2}))
    entrants = [results(tmp_path / "persons", ["person"]), results(tmp_path / "dogs", ["dog"])]
    paths = {entrant.paths[0]: entrant.paths[0] / "instances.json" for entrant in entrants}
    with pytest.raises(DataError, match="share no class of the truth"):
        read_instance_inputs(truth, entrants, paths)


def test_more_shared_classes_than_the_limit_are_refused(coco, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = read_truth(coco({}, {"category_id": 2}))
    entrants = [results(tmp_path / name, ["dog", "person"]) for name in ("one", "other")]
    paths = {entrant.paths[0]: entrant.paths[0] / "instances.json" for entrant in entrants}
    monkeypatch.setenv("MASKWRIGHT_LIMIT_RESAMPLED_CLASSES", "1")
    with pytest.raises(DataError, match=r"2 classes.*--limit resampled-classes"):
        read_instance_inputs(truth, entrants, paths)


def test_images_without_a_detection_are_said(coco, tmp_path: Path) -> None:
    truth = read_truth(coco({}, {"image_id": 2}, images=[{}, {}]))
    entrant = results(tmp_path / "persons", ["person"])
    found = read_instance_inputs(truth, [entrant], {tmp_path / "persons": tmp_path / "persons" / "instances.json"})
    assert any("1 of 2 images have no detection" in remark for remark in found.remarks)


def test_the_truth_of_a_runs_images_is_that_of_their_file(coco) -> None:
    path = coco({}, {"category_id": 2, "iscrowd": 1}, {"image_id": 2}, images=[{}, {}, {}])
    file = read_coco(path)
    selected = select(file, class_table(file), None, SelectionRules())
    found, expected = truth_of_images(path, selected.images, class_table(file)), read_truth(path)
    expected.draw_masks()
    assert [image["file_name"] for image in found.images] == ["1.png", "2.png", "3.png"]
    assert found.has_masks
    for mine, theirs in zip(found.annotations, expected.annotations, strict=True):
        for key in ("image_id", "bbox", "area", "iscrowd"):
            assert mine[key] == theirs[key]
