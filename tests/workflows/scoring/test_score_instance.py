import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import UsageError
from maskwright.evaluation.instances.details import Details
from maskwright.files import write_json
from maskwright.progress import Reporter
from maskwright.reports.score_text import instance_lines
from maskwright.structures import ClassTable
from maskwright.workflows.scoring.score_instance import InstanceScores, score_instance

SQUARE = [[10, 10, 20, 10, 20, 20, 10, 20]]


def scored(truth: Path, results: Path, **options: Any) -> InstanceScores:
    return score_instance(truth, results, reporter=Reporter(quiet=True), **options)


def record(**changes: Any) -> dict[str, Any]:
    found = {"image_id": 1, "category_id": 1, "score": 0.9, "segmentation": SQUARE} | changes
    return {key: value for key, value in found.items() if value is not ...}


def test_what_predict_writes_is_scored_by_names_of_files_and_classes(coco, tmp_path: Path):
    # Ids agree with nothing: the image is number 7 of a folder, the class index 1 of a model of dogs.
    truth = coco({"category_id": 2, "image_id": 2}, images=[{}, {"file_name": "b.png"}])
    write_json(tmp_path / "run" / "classes.json", ClassTable.from_names(["dog"]).to_json())
    write_json(tmp_path / "run" / "instances.json", [record(image_id=7, file_name="b.png")])
    scores = scored(truth, tmp_path / "run" / "instances.json").scores
    assert scores["classes"]["dog"]["segm"] == pytest.approx(1.0)
    assert scores["results"]["category_ids"] == "those of classes.json, matched by name"


def test_classes_of_the_truth_that_a_model_does_not_know_are_said_to_be_scored_as_not_found(coco, tmp_path: Path):
    truth = coco({"bbox": [10, 10, 10, 10]}, {"bbox": [10, 10, 10, 10], "category_id": 2})
    write_json(tmp_path / "run" / "classes.json", ClassTable.from_names(["person"]).to_json())
    write_json(tmp_path / "run" / "instances.json", [record()])
    summary = scored(truth, tmp_path / "run" / "instances.json")
    assert summary.scores["segm"]["AP"] == pytest.approx(0.5)
    assert any("lacks 1 of the truth's 2 classes (dog)" in remark for remark in summary.remarks)
    assert scored(truth, tmp_path / "run" / "instances.json", classes=["person"]).remarks == []


def test_chosen_classes_alone_are_scored(coco, write_json):
    truth = coco({}, {"category_id": 2})
    results = write_json([record(), record(category_id=2, score=0.8)], "results.json")
    assert scored(truth, results).scores["segm"]["AP"] == pytest.approx(1.0)
    summary = scored(truth, results, classes=["person"])
    assert list(summary.scores["classes"]) == ["person"]
    assert summary.scores["results"]["left_out"]["class_not_scored"]["count"] == 1
    assert summary.scores["truth"]["skipped"] == {"other_class": 1}


def test_a_file_of_lvis_is_named_by_its_urls_and_scored_by_the_rules_of_lvis_too(write_json):
    image = {"height": 40, "width": 40, "neg_category_ids": [], "not_exhaustive_category_ids": []}
    images = [{"id": i, "coco_url": f"http://images/val2017/{i}.jpg", **image} for i in (1, 2)]
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "area": 100, "segmentation": SQUARE}
    categories = [{"id": 1, "name": "awning", "frequency": "c"}, {"id": 2, "name": "bagel", "frequency": "r"}]
    truth = write_json({"images": images, "annotations": [annotation], "categories": categories}, "lvis.json")
    # Nobody looked for awnings on the second image.
    results = write_json([record(score=0.5), record(image_id=2, score=0.9)], "results.json")
    summary = scored(truth, results)
    assert summary.scores["segm"]["AP"] == pytest.approx(0.5)
    assert summary.scores["lvis"]["segm"]["AP"] == summary.scores["lvis"]["segm"]["APc"] == pytest.approx(1.0)
    assert summary.scores["lvis"]["bbox"]["APr"] is None
    assert any("is of LVIS" in remark for remark in summary.remarks)
    lines = list(instance_lines(summary.scores))
    at = next(number for number, line in enumerate(lines) if line.startswith("LVIS, mask: AP 1.000"))
    assert lines[at + 1].startswith("LVIS, box: AP 1.000")
    assert lines[at + 2] == summary.scores["lvis"]["protocol"]


def test_another_limit_of_detections_stands_beside_the_official_numbers(coco, write_json):
    truth = coco({"bbox": [10, 10, 10, 10]})
    results = write_json([record(score=0.9, segmentation=[[0, 0, 5, 0, 5, 5]]), record(score=0.5)], "results.json")
    plain, limited = scored(truth, results).scores, scored(truth, results, max_dets=1).scores
    assert "max_dets" not in plain
    assert limited["segm"] == plain["segm"]
    assert (limited["max_dets"]["limit"], limited["max_dets"]["segm"]["AR"]) == (1, 0.0)
    assert any(line.startswith("at most 1 detections, mask: AP 0.000") for line in instance_lines(limited))
    with pytest.raises(UsageError, match="--max-dets 0"):
        scored(truth, results, max_dets=0)


def test_thresholds_move_the_details_and_not_the_official_numbers(coco, write_json):
    truth, results = coco({}), write_json([record(score=0.3)], "results.json")
    low, high = scored(truth, results, score=0.3), scored(truth, results, score=0.31)
    assert low.scores["segm"] == high.scores["segm"]
    assert (low.scores["at_score"]["right"], high.scores["at_score"]["right"]) == (1, 0)


def test_official_numbers_alone_on_request(coco, write_json):
    summary = scored(coco({}), write_json([record()], "results.json"), details=False)
    assert summary.details is None
    assert "tide" not in summary.scores
    assert set(summary.scores["classes"]["person"]) == {"instances", "bbox", "bbox50", "segm", "segm50"}


def test_the_folder_holds_what_json_leaves_out(coco, write_json, tmp_path: Path):
    summary = scored(coco({}), write_json([record()], "results.json"), out=tmp_path / "out", boundary=True)
    assert isinstance(summary.details, Details)
    written = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "out").glob("*.json")}
    assert written["scores"] == json.loads(json.dumps(summary.to_json()))
    assert written["images"][0]["F1"] == 1.0
    assert written["curves"]["person"]["recall"] == [1.0]
    assert written["scores"]["overlap"]["boundary"]["mean_IoU"] == 1.0


@pytest.mark.parametrize(
    ("annotation", "result", "words"),
    [
        ({}, record(segmentation=..., bbox=[10, 10, 10, 10]), "the results have no mask"),
        ({"segmentation": [], "bbox": [10, 10, 10, 10]}, record(), "the truth has no mask"),
    ],
)
def test_boxes_alone_are_said_to_be_scored_alone(coco, write_json, annotation: Any, result: Any, words: str):
    summary = scored(coco(annotation), write_json([result], "results.json"))
    assert set(summary.scores["segm"].values()) == {None}
    assert summary.scores["at_score"]["kind"] == "bbox"
    assert summary.scores["foreground"]["mean_IoU"] is None
    assert words in summary.remarks[-1]


def test_objects_and_records_without_a_mask_are_named(coco, write_json):
    truth = coco({"id": 4, "segmentation": [], "bbox": [1, 1, 5, 5]}, {"id": 5})
    results = write_json([record(bbox=[10, 10, 10, 10]), record(segmentation=..., bbox=[1, 1, 5, 5])], "results.json")
    summary = scored(truth, results)
    assert any(
        "1 object has no mask that can be drawn (annotation 4); it counts for boxes only." in remark
        for remark in summary.remarks
    )
    assert any("1 record has no mask; it counts for boxes only." in remark for remark in summary.remarks)
    assert summary.scores["truth"]["without_mask"] == [4]
    for kind in ("bbox", "segm"):
        assert summary.scores[kind]["AP"] == pytest.approx(1.0)


def test_several_objects_and_records_without_a_mask_are_several(coco, write_json):
    boxes = [{"id": number, "segmentation": [], "bbox": [1, 1, 5, 5]} for number in (4, 6)]
    found = [record(), *(record(segmentation=..., bbox=[1, 1, 5, 5], score=score) for score in (0.5, 0.6))]
    remarks = " ".join(scored(coco({"id": 5}, *boxes), write_json(found, "results.json")).remarks)
    assert "2 objects have no mask that can be drawn (annotations 4, 6); they count for boxes only." in remarks
    assert "2 records have no mask; they count for boxes only." in remarks


def test_objects_without_a_box_are_named_and_have_that_of_their_mask(coco, write_json):
    truth = coco({"id": 4}, {"id": 5, "bbox": [10, 10, -5, 10]}, {"id": 6, "bbox": [10, 10, 10, 10]})
    summary = scored(truth, write_json([record(bbox=[10, 10, 10, 10])], "results.json"))
    assert summary.scores["truth"]["without_box"] == [4, 5]
    said = "2 objects have no box that can be used (annotations 4, 5); that of their masks is taken."
    assert any(remark.endswith(said) for remark in summary.remarks)


@pytest.mark.parametrize(
    ("boxes", "area", "rule"),
    [(True, None, "box"), (True, "box", "box"), (True, "mask", "mask"), (False, None, "mask"), (False, "box", "box")],
)
def test_sizes_of_masks_go_by_the_area_asked_for_and_it_is_said(coco, write_json, boxes: bool, area: Any, rule: str):
    # An L of 700 pixels in a box of 1,600: small by its mask, medium by its box.
    shape = [[2, 2, 42, 2, 42, 12, 12, 12, 12, 42, 2, 42]]
    truth = coco({"segmentation": shape, "bbox": [2, 2, 40, 40], "area": 700})
    found = record(segmentation=shape, bbox=[2, 2, 40, 40] if boxes else ...)
    # A more confident detection of that shape elsewhere counts as wrong where it is of the size that is measured.
    other = found | {"segmentation": [[x + 20 for x in shape[0]]], "score": 0.95}
    if boxes:
        other["bbox"] = [22, 22, 40, 40]
    summary = scored(truth, write_json([found, other], "results.json"), area=area)
    assert summary.scores["area"] == rule
    assert summary.scores["protocol"].endswith(f"sizes of detected masks by {rule} area")
    assert summary.scores["segm"]["APs"] == pytest.approx({"mask": 0.5, "box": 1.0}[rule])
    told = [remark for remark in summary.remarks if "--area mask" in remark]
    assert len(told) == (boxes and area is None)


def test_an_unknown_area_rule_is_refused(coco, write_json):
    with pytest.raises(UsageError, match="Nearest: mask"):
        scored(coco({}), write_json([record()], "results.json"), area="masks")


def test_without_masks_no_area_rule_is_named(coco, write_json):
    summary = scored(coco({}), write_json([record(segmentation=..., bbox=[10, 10, 10, 10])], "results.json"))
    assert summary.scores["area"] is None
    assert summary.scores["protocol"].endswith("crowds ignored")


@pytest.mark.parametrize("option", [{"score": -0.1}, {"score": 1.1}, {"iou": 0.0}, {"iou": 1.5}])
def test_thresholds_out_of_range_are_refused(coco, write_json, option: dict[str, float]):
    with pytest.raises(UsageError, match="expected a number"):
        scored(coco({}), write_json([record()], "results.json"), **option)
