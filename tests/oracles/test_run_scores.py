"""The scores of a run against pycocotools and ``score instance``, on the files that the run writes.

The predictions are invented, everything else is the run's own: reading of the data, evaluation, and the files.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from pycocotools import mask as oracle

from maskwright.annotations.objects import ImageObjects
from maskwright.cli.main import main
from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.evaluation.bootstrap import bootstrap_weights
from maskwright.evaluation.coco.evaluator import STATISTICS
from maskwright.evaluation.instances.scores import coco_estimates
from maskwright.evaluation.score_instances import score_instances
from maskwright.prediction.test_time_augmentation import Views
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.transfer import ImageSet
from maskwright.runs import evaluation
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.structures import ClassTable, Instances
from maskwright.transfers.datasets import load_transfer_dataset
from tests.evaluation.invented_coco import pycocotools_scores, same

SAMPLE = Path(__file__).parent / "coco"
SIZE = (90, 120)

# Finds the objects of an image: what it is called with is the image's own truth.
Finder = Callable[[ImageObjects], Instances]


class Invented:
    """A model whose predictions are made of the truth."""

    task, usual_batch, result_threads, precision = "instance", 1, 0, "fp32"

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def instances(
        self, images: Iterable[tuple[ImageObjects, npt.NDArray[np.uint8]]], batch: int, views: Views
    ) -> Iterator[tuple[ImageObjects, npt.NDArray[np.uint8], Instances]]:
        for objects, image in images:
            yield objects, image, self._finder(objects)


class Evaluated:
    """A data set in ``folder`` whose predictions by ``finder`` were evaluated by a run."""

    def __init__(self, truth: Path, images: Path, folder: Path, finder: Finder, patch: pytest.MonkeyPatch) -> None:
        part = f"{{images: {images}, annotations: {truth}}}"
        recipe = load_recipe("demo-instance", [f"data={{train: {part}, validation: {part}}}", "classes=all"])
        self.truth = truth
        self.said: list[str] = []
        experiment = Experiment(create_run(recipe, folder, Reporter(quiet=True)))
        patch.setattr(type(experiment.run.reporter), "warn", lambda _, lines: self.said.extend(lines))
        patch.setattr(evaluation, "load_model", lambda *_, **__: Invented(finder))
        patch.setattr(evaluation, "find_leaked_images", lambda *_: {})
        evaluation.evaluate_stage(experiment)
        self.scores = experiment.run.files.scores["validation"]
        self.results = experiment.run.files.predictions("validation") / "instances.json"

    def official(self) -> dict[str, dict[str, Any]]:
        """What pycocotools says of the run's files as Detectron2 calls it: without boxes where masks are scored."""
        truth = json.loads(self.truth.read_bytes())
        sizes = {each["id"]: (each["height"], each["width"]) for each in truth["images"]}
        annotations = [complete(each, sizes[each["image_id"]]) for each in truth["annotations"]]
        truth["annotations"] = [{**each, "id": number} for number, each in enumerate(annotations, start=1)]
        # As they are written: their ids are the truth's.
        found = json.loads(self.results.read_bytes())
        bare = [{key: value for key, value in each.items() if key != "bbox"} for each in found]
        masked = {**truth, "annotations": [each for each in truth["annotations"] if each["segmentation"]]}
        return {"bbox": pycocotools_scores(truth, found, "bbox"), "segm": pycocotools_scores(masked, bare, "segm")}


def complete(annotation: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """The annotation with a box and an area, which pycocotools needs: those of its mask where the file has none."""
    shape = annotation.get("segmentation")
    rle = oracle.frPyObjects(shape, *size) if shape else None
    rle = oracle.merge(rle) if isinstance(rle, list) else rle
    box = annotation.get("bbox")
    usable = box is not None and len(box) == 4 and min(box[2:]) >= 0
    box = box if usable else oracle.toBbox(rle).tolist()
    area = annotation.get("area", float(oracle.area(rle)) if rle else box[2] * box[3])
    return {**annotation, "bbox": box, "area": area, "iscrowd": annotation.get("iscrowd", 0), "segmentation": shape}


def perturbed(seed: int) -> Finder:
    """Some objects missed, some of another class or moved, boxes a little off their masks, scores that often tie."""
    chance = np.random.default_rng(seed)

    def find(objects: ImageObjects) -> Instances:
        true = objects.instances()
        true = true[chance.random(len(true)) < 0.8]
        moved = chance.random(len(true)) < 0.3
        masks = list(true.masks)
        for i in np.flatnonzero(moved):
            shifted = np.roll(oracle.decode(masks[i]), chance.integers(-6, 7, 2), axis=(0, 1))
            masks[i] = oracle.encode(np.asfortranarray(shifted))
        boxes = true.boxes + chance.normal(0, 1.5, true.boxes.shape) * moved[:, None]
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2])
        labels = np.where(chance.random(len(true)) < 0.1, 1, true.labels)
        return Instances(true.size, boxes, labels, masks, chance.random(len(true)).round(1))

    return find


def own_boxes(objects: ImageObjects) -> Instances:
    """Every object that is no crowd, with its box in the file, whether or not it has a mask."""
    true = objects.instances()
    true = true[~true.crowd]
    bare = [each for each in objects.box_only if not each.crowd]
    boxes = np.array([each.box for each in bare]).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    nothing = oracle.encode(np.zeros(true.size, np.uint8, order="F"))
    return Instances(
        true.size,
        np.concatenate([true.boxes, boxes]),
        np.concatenate([true.labels, np.array([each.label for each in bare], np.int64)]),
        [*true.masks, *[nothing] * len(bare)],
    )


def odd_file(folder: Path) -> Path:
    """Two images with what real files have: objects without a pixel, a mask or a box, crowds, equal objects, id 0."""
    tile = [[20, 20, 60, 20, 60, 50, 20, 50]]
    corner = [[60, 40, 118, 40, 118, 88]]
    point = [[5, 5, 5, 5, 5, 5]]
    line = [[3, 70, 33, 70, 12, 70]]
    crowd = {"size": list(SIZE), "counts": [40 * 90 + 3, 60, 30, 60, 90 * 120 - 40 * 90 - 153]}
    # Small by its mask, medium by its box.
    angle = [[2, 2, 42, 2, 42, 12, 12, 12, 12, 42, 2, 42]]
    shapes: list[dict[str, Any]] = [
        {"segmentation": tile, "bbox": [19.5, 19.25, 41, 31], "area": 1200},
        {"segmentation": corner, "area": 1380},
        {"segmentation": point, "bbox": [4, 4, 9, 8], "area": 40},
        {"segmentation": line, "bbox": [3, 66, 30, 8]},
        {"segmentation": point},
        {"segmentation": [], "bbox": [70, 10, 40, 25], "area": 800},
        {"segmentation": [], "bbox": [70, 10, 40, 25]},
        {"segmentation": crowd, "iscrowd": 1, "area": 120},
        {"segmentation": crowd, "iscrowd": 1, "bbox": [30, 0, 30, 90], "category_id": 4},
        {"segmentation": tile, "bbox": [60, 50, -40, -30], "category_id": 4},
        {"segmentation": tile, "bbox": [20, 20, 40, 30], "category_id": 4, "area": 900},
        {"segmentation": corner, "bbox": [60, 40, 58, 0], "category_id": 4},
        {"segmentation": angle, "bbox": [2, 2, 40, 40], "area": 700},
    ]
    annotations = [
        {"id": 2 * (len(shapes) * image + position), "image_id": 7 * image, "category_id": 0, "iscrowd": 0} | shape
        for image in (0, 1)
        for position, shape in enumerate(shapes)
    ]
    images = [{"id": 7 * i, "file_name": f"{'ab'[i]}.png", "height": SIZE[0], "width": SIZE[1]} for i in (0, 1)]
    categories = [{"id": 4, "name": "tile"}, {"id": 0, "name": "corner"}]
    path = folder / "odd.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def blank_images(truth: Path, folder: Path) -> Path:
    """Empty images of the names and sizes in ``truth``, which no score looks at."""
    folder.mkdir()
    for each in json.loads(truth.read_bytes())["images"]:
        cv2.imwrite(str(folder / each["file_name"]), np.zeros((each["height"], each["width"]), np.uint8))
    return folder


@pytest.fixture(params=["odd", "COCO's sample", "coco300"])
def dataset(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A COCO file and the folder of its images."""
    if request.param == "coco300":
        folder = request.getfixturevalue("shared") / "data" / "coco300" / "validation-300"
        return folder / "labels.json", folder / "data"
    truth = odd_file(tmp_path) if request.param == "odd" else SAMPLE / "instances_val2014_100.json"
    return truth, blank_images(truth, tmp_path / "images")


def test_all_24_numbers_are_those_of_score_instance_by_mask_area_and_of_pycocotools(
    dataset: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    run = Evaluated(*dataset, tmp_path / "run", perturbed(3), monkeypatch)
    assert main(["score", "instance", str(run.truth), str(run.results), "--area", "mask", "--json", "--quiet"]) == 0
    scored = json.loads(capsys.readouterr().out)
    official = run.official()
    for kind in ("bbox", "segm"):
        assert 0 < run.scores[kind]["AP"] < 1
        for name in STATISTICS:
            assert same(run.scores[kind][name], scored[kind][name]), (kind, name)
            assert same(run.scores[kind][name], official[kind][name]), (kind, name)
    assert run.scores["area"] == scored["area"] == "mask"
    # What lies behind the numbers is the same too.
    for topic in ("at_score", "foreground", "overlap", "tide", "calibration", "worst_images", "protocol"):
        assert run.scores[topic] == scored[topic], topic
    for name, row in run.scores["classes"].items():
        assert row == scored["classes"][name], name


def test_the_files_own_boxes_score_one_by_every_path(
    dataset: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    truth, images = dataset
    findable = some_findable(truth, tmp_path / "findable.json")
    run = Evaluated(findable, images, tmp_path / "run", own_boxes, monkeypatch)
    assert run.scores["bbox"]["AP"] == pytest.approx(1.0, abs=1e-12)
    assert main(["score", "instance", str(findable), str(run.results), "--no-details", "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["bbox"]["AP"] == pytest.approx(1.0, abs=1e-12)

    table = ClassTable.from_json(json.loads(run.results.with_name("classes.json").read_bytes()))
    found = json.loads(run.results.read_bytes())
    data = CocoDataset.open(findable)
    by_name: dict[str, list[Any]] = {sample.name: [] for sample in data}
    for each in found:
        by_name[each["file_name"]].append(each)
    held = {name: Instances.from_coco(each, data[name].size, table) for name, each in by_name.items()}
    assert score_instances(data, held, details=False)["bbox"]["AP"] == pytest.approx(1.0, abs=1e-12)

    section = ImageSet(images=str(images), annotations=str(findable))
    there = load_transfer_dataset("there", section, Path(), tmp_path / "drawn")
    numbers = {each["file_name"]: each["id"] for each in there.images}
    names = dict(zip(table.category_ids, table.names, strict=True))
    records = [
        {
            **each,
            "image_id": numbers[each["file_name"]],
            "category_id": there.table.index_of(names[each["category_id"]]),
        }
        for each in found
    ]
    whole = there.coco_dataset(there.annotations, there.table)
    draws = bootstrap_weights(len(there.images), 0, 0)
    estimates = coco_estimates(whole, records, draws, 0.5, boundary=False)
    assert estimates.overall["bbox_AP"].value == pytest.approx(1.0, abs=1e-12)


def some_findable(truth: Path, path: Path) -> Path:
    """The first 100 images, without objects that no box can find: a box without extent, or neither box nor pixel."""
    content = json.loads(truth.read_bytes())
    content["images"] = content["images"][:100]
    sizes = {each["id"]: (each["height"], each["width"]) for each in content["images"]}
    there = [each for each in content["annotations"] if each["image_id"] in sizes]
    content["annotations"] = [each for each in there if min(complete(each, sizes[each["image_id"]])["bbox"][2:]) > 0]
    path.write_text(json.dumps(content))
    return path


def test_objects_without_a_mask_or_a_box_are_counted_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    truth = odd_file(tmp_path)
    images = blank_images(truth, tmp_path / "images")
    run = Evaluated(truth, images, tmp_path / "run", perturbed(0), monkeypatch)
    assert run.scores["truth"] == {"without_mask": [10, 12, 36, 38], "without_box": [2, 8, 14, 18, 28, 34, 40, 44]}
    assert [line for line in run.said if line.startswith("validation: ")] == [
        "validation: 4 objects have no mask that can be drawn (annotations 10, 12, 36, 38); they count for boxes only.",
        "validation: 8 objects have no box that can be used (annotations 2, 8, 14, 18, 28 and 3 more); that of their "
        "masks is taken.",
    ]
