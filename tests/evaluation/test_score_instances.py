import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import DataError, UsageError
from maskwright.evaluation.coco.evaluator import STATISTICS
from maskwright.evaluation.score_instances import score_instances
from maskwright.progress import Reporter
from maskwright.structures import ClassTable, Instances
from maskwright.synthetic.shapes import write_shapes
from maskwright.synthetic.streets import draw_streets
from maskwright.workflows.convert import convert
from maskwright.workflows.scoring.score_instance import score_instance
from tests.conftest import CocoFactory

Found = dict[str, Instances]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> CocoDataset:
    return CocoDataset.open(write_shapes(tmp_path_factory.mktemp("shapes"), 12))


def spoilt(data: CocoDataset, seed: int = 0) -> Found:
    """What a mediocre model might find: some objects missed, some of the wrong class, all shifted, scores invented."""
    rng = np.random.default_rng(seed)
    found = {}
    for sample in data:
        true = sample.instances[rng.random(len(sample.instances)) < 0.8]
        shifted = np.roll(true.dense(), rng.integers(0, 4), axis=2)
        wrong = rng.random(len(true)) < 0.2
        labels = np.where(wrong, rng.integers(1, len(data.classes) + 1, len(true)), true.labels)
        found[sample.name] = Instances.from_dense(shifted, labels, rng.random(len(true)).round(1))
    return found


def by_command(data: CocoDataset, found: Found, classes: ClassTable, folder: Path, **options: Any) -> dict[str, Any]:
    """The scores of the same predictions by the command, from files."""
    truth = data.to_json(folder / "truth.json")
    records = [record for name, each in found.items() for record in each.to_coco(data[name].id, name)]
    (folder / "results.json").write_text(json.dumps(records))
    (folder / "classes.json").write_text(json.dumps(classes.to_json()))
    summary = score_instance(truth, folder / "results.json", reporter=Reporter(quiet=True), **options)
    # In memory the results are called predictions.
    return json.loads(json.dumps(summary.to_json()).replace(str(folder / "results.json"), "predictions"))


@pytest.mark.parametrize(
    "options",
    [{}, {"score": 0.3, "iou": 0.75}, {"details": False}, {"boundary": True}, {"area": "mask"}, {"area": "box"}],
    ids=["plain", "thresholds", "without details", "boundary", "by mask area", "by box area"],
)
def test_the_scores_are_those_of_the_command_to_the_last_bit(
    shapes: CocoDataset, tmp_path: Path, options: dict[str, Any]
):
    found = spoilt(shapes)
    scores = score_instances(shapes, found, **options)
    assert 0 < scores["segm"]["AP"] < 1
    assert json.loads(json.dumps(scores)) == by_command(shapes, found, shapes.classes, tmp_path, **options)


def test_so_are_the_scores_of_streets(tmp_path: Path):
    draw_streets(tmp_path / "streets", 3, size=(128, 256))
    convert(
        tmp_path / "streets" / "gtFine" / "val",
        tmp_path / "streets.json",
        source_format="cityscapes",
        target_format="coco",
        reporter=Reporter(quiet=True),
    )
    data = CocoDataset.open(tmp_path / "streets.json")
    assert any(sample.instances.crowd.any() for sample in data)
    found = spoilt(data)
    (tmp_path / "scored").mkdir()
    scores = score_instances(data, found)
    assert json.loads(json.dumps(scores)) == by_command(data, found, data.classes, tmp_path / "scored")


def test_so_are_the_scores_of_the_sample_of_the_coco_api(tmp_path: Path):
    folder = Path(__file__).parents[1] / "oracles" / "coco"
    data = CocoDataset.open(folder / "instances_val2014_100.json")
    records = json.loads((folder / "instances_val2014_fakesegm100_results.json").read_bytes())
    index = {category_id: each.index for each in data.classes for category_id in each.source_ids}
    by_image: dict[int, list[dict[str, Any]]] = {sample.id: [] for sample in data}
    for record in records:
        by_image[record["image_id"]].append({**record, "category_id": index[record["category_id"]]})
    found = {sample.name: Instances.from_coco(by_image[sample.id], sample.size) for sample in data}
    scores = score_instances(data, found)
    assert json.loads(json.dumps(scores)) == by_command(data, found, data.classes, tmp_path)
    expected = json.loads((folder / "pycocotools_expected_stats.json").read_bytes())["segm"]
    # The file has no boxes, Instances have: sizes go by boxes unless masks are asked for.
    assert (scores["area"], scores["segm"]["APs"]) == ("box", pytest.approx(0.409, abs=5e-4))
    by_masks = score_instances(data, found, area="mask")
    assert by_masks["area"] == "mask"
    assert [by_masks["segm"][name] for name in STATISTICS] == pytest.approx(expected, rel=0, abs=1e-12)


def test_the_files_own_boxes_score_one_and_unknown_area_rules_are_refused(coco: CocoFactory):
    data = CocoDataset.open(coco({"bbox": [9.5, 9.25, 30, 21.125]}, {"category_id": 2}))
    own = {"1.png": data[0].instances}
    assert score_instances(data, own)["bbox"]["AP"] == pytest.approx(1.0, abs=1e-12)
    tight = {"1.png": Instances.from_dense(data[0].instances.dense(), data[0].instances.labels)}
    assert score_instances(data, tight)["bbox"]["AP"] < 1
    with pytest.raises(UsageError, match=r"area rule 'masks'.*Nearest: mask"):
        score_instances(data, own, area="masks")  # type: ignore[arg-type]


def test_other_classes_meet_the_truth_by_name(shapes: CocoDataset, tmp_path: Path):
    table = ClassTable.from_names(["star", "ring", "triangle", "disc"])
    found = spoilt(shapes)
    for each in found.values():
        names = [shapes.classes.names[label - 1] for label in each.labels]
        each.labels[:] = [table.index_of("star" if name == "square" else name) for name in names]
    scores = score_instances(shapes, found, prediction_classes=table)
    command = by_command(shapes, found, table, tmp_path)
    lacking = [remark for remark in scores.pop("remarks") if "square" in remark]
    command.pop("remarks")
    assert json.loads(json.dumps(scores)) == command
    assert scores["results"]["left_out"]["class_not_scored"]["count"] > 0
    assert len(lacking) == 1


def test_classes_that_predictions_carry_meet_the_truth_by_name(shapes: CocoDataset):
    table = ClassTable.from_names(shapes.classes.names[::-1])
    found = spoilt(shapes)
    reversed_ = {
        name: Instances.from_dense(each.dense(), len(table) + 1 - each.labels, each.scores, classes=table)
        for name, each in found.items()
    }
    scores = score_instances(shapes, found)
    assert 0 < scores["segm"]["AP"] < 1
    assert score_instances(shapes, reversed_) == scores
    assert score_instances(shapes, reversed_, prediction_classes=table) == scores
    with pytest.raises(UsageError, match="prediction_classes"):
        score_instances(shapes, reversed_, prediction_classes=shapes.classes)


def test_tables_may_differ_from_image_to_image(shapes: CocoDataset):
    found = spoilt(shapes)
    scores = score_instances(shapes, found)
    for position, each in enumerate(found.values()):
        names = np.roll(shapes.classes.names, position % 4).tolist()
        each.classes = ClassTable.from_names([*names, "star"] if position == 1 else names)
        each.labels[:] = [each.classes.index_of(shapes.classes.names[label - 1]) for label in each.labels]
    assert score_instances(shapes, found) == scores
    named = next(name for name, each in found.items() if len(each) and len(each.classes or ()) == 4)
    found[named].labels[0] = 5
    left_out = score_instances(shapes, found)["results"]["left_out"]
    assert {reason: each["count"] for reason, each in left_out.items()} == {"unknown_class": 1}


def test_samples_of_a_data_set_with_other_ids_are_scored_by_name(shapes: CocoDataset):
    rings = shapes.select(classes=["ring"], keep_empty=True)
    assert rings[0].instances.classes == rings.classes
    assert rings.classes.index_of("ring") != shapes.classes.index_of("ring")
    scores = score_instances(shapes, {sample.name: sample.instances for sample in rings})
    assert (scores["classes"]["ring"]["segm"], scores["classes"]["disc"]["segm"]) == (1, 0)
    assert [remark for remark in scores["remarks"] if "lacks 3 of the truth's 4 classes" in remark]


def test_an_image_without_a_prediction_is_one_where_nothing_is_found(shapes: CocoDataset):
    found = spoilt(shapes)
    name = next(name for name, each in found.items() if len(each))
    empty = found | {name: Instances.empty(shapes[name].size)}
    del found[name]
    scores, without = (score_instances(shapes, each, area="mask") for each in (empty, found))
    remarks, more = scores.pop("remarks"), without.pop("remarks")
    assert scores == without
    assert remarks == []
    assert len([remark for remark in more if name in remark]) == len(more) == 1


def test_what_cannot_be_scored_is_counted_by_reason(shapes: CocoDataset):
    found = spoilt(shapes)
    one = next(each for each in found.values() if len(each))[:1]
    name = next(name for name, each in found.items() if each.size != one.size)
    stranger = Instances.from_dense(one.dense(), [9])
    odd = Instances(one.size, one.boxes, one.labels, one.masks, np.array([np.nan], np.float32))
    found |= {"nowhere.jpg": one, name: one}
    left_out = score_instances(shapes, found)["results"]["left_out"]
    assert {reason: each["count"] for reason, each in left_out.items()} == {"unknown_image": 1, "bad_mask": 1}
    assert "nowhere.jpg" in left_out["unknown_image"]["examples"][0]
    own = next(sample.name for sample in shapes if sample.size == one.size)
    for wrong, reason in ((stranger, "unknown_class"), (odd, "bad_score")):
        left_out = score_instances(shapes, {**spoilt(shapes), own: wrong})["results"]["left_out"]
        assert {why: each["count"] for why, each in left_out.items()} == {reason: 1}


def test_predictions_of_which_none_can_be_scored_are_refused(shapes: CocoDataset):
    one = next(each for each in spoilt(shapes).values() if len(each))
    with pytest.raises(DataError, match=r"unknown_image|nowhere\.jpg"):
        score_instances(shapes, {"nowhere.jpg": one})
    with pytest.raises(DataError, match="star"):
        score_instances(shapes, spoilt(shapes), prediction_classes=ClassTable.from_names(["star"]))


def test_a_label_map_is_no_prediction_of_instances(shapes: CocoDataset):
    with pytest.raises(UsageError, match="score_semantic"):
        score_instances(shapes, {shapes[0].name: shapes[0].label_map()})  # type: ignore[dict-item]


def test_two_categories_of_one_name_are_refused_as_by_the_command(coco: CocoFactory):
    data = CocoDataset.open(coco({}, {"category_id": 2}, categories={1: "dog", 2: "dog"}))
    with pytest.raises(DataError, match="dog"):
        score_instances(data, {"1.png": data[0].instances})


def test_objects_without_a_mask_count_for_boxes_as_by_the_command(coco: CocoFactory, tmp_path: Path):
    box = {"segmentation": [], "bbox": [30, 20, 12, 9], "area": 108}
    data = CocoDataset.open(coco({"bbox": [10, 10, 10, 10], "area": 100}, box))
    found = {"1.png": data[0].instances}
    scores = score_instances(data, found)
    command = by_command(data, found, data.classes, tmp_path)
    assert scores["truth"]["without_mask"] == [2]
    for kind in ("bbox", "segm", "classes", "results"):
        assert json.loads(json.dumps(scores[kind])) == command[kind]
