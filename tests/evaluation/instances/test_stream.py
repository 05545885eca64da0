"""What is gathered while a model predicts, against ``score instance`` on the files it would have saved."""

import json
import pickle
import resource
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from maskwright.annotations.coco.file import CocoImage
from maskwright.annotations.objects import ImageObjects
from maskwright.evaluation.coco.evaluator import ground_truth
from maskwright.evaluation.instances.details import Thresholds
from maskwright.evaluation.instances.stream import InstanceStream
from maskwright.masks.rle import rasterise
from maskwright.progress import Reporter
from maskwright.structures import ClassTable
from maskwright.workflows.scoring.score_instance import score_instance
from tests.evaluation.all_at_once import coco_scores
from tests.evaluation.coco.test_stream import TABLE, images_of, noisy, results_on
from tests.evaluation.invented_coco import datasets

SCORE = 0.4


def gathered(dataset: Any, start: int = 0, step: int = 1) -> InstanceStream:
    stream = InstanceStream(TABLE, Thresholds(SCORE))
    for objects in images_of(dataset[0])[start::step]:
        stream.add(objects, results_on(objects, dataset[1]))
    return stream


@settings(max_examples=15)
@given(datasets())
def test_everything_is_what_score_instance_says_of_truth_and_results(
    tmp_path_factory: pytest.TempPathFactory, dataset: Any
):
    folder: Path = tmp_path_factory.mktemp("files")
    images = images_of(dataset[0])
    truth = ground_truth(images, TABLE)
    for record, objects in zip(truth["images"], images, strict=True):
        record["file_name"] = objects.image.file_name
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "results.json").write_text(json.dumps(dataset[1]))
    quiet = Reporter(quiet=True)
    theirs = score_instance(
        folder / "truth.json", folder / "results.json", score=SCORE, area="mask", intervals=True, reporter=quiet
    )
    ours, details = gathered(dataset).result()
    assert ours == {key: value for key, value in theirs.scores.items() if key not in ("results", "truth")}
    assert details == theirs.details


@settings(max_examples=10)
@given(datasets())
def test_another_limit_of_detections_is_scored_beside_and_shares_add_up(dataset: Any):
    images = images_of(dataset[0])
    shares = [InstanceStream(TABLE, max_dets=2) for _ in range(2)]
    for number, objects in enumerate(images):
        shares[number % 2].add(objects, results_on(objects, dataset[1]))
    whole, plain = InstanceStream(TABLE, max_dets=2), InstanceStream(TABLE)
    for objects in images:
        whole.add(objects, results_on(objects, dataset[1]))
        plain.add(objects, results_on(objects, dataset[1]))
    scores = InstanceStream.merged(shares).result()[0]
    assert scores == whole.result()[0]
    assert scores.pop("max_dets")["limit"] == 2
    assert scores == plain.result()[0]


@settings(max_examples=10)
@given(datasets())
def test_shares_of_processes_add_up_to_the_whole(dataset: Any):
    shares = [pickle.loads(pickle.dumps(gathered(dataset, number, 2))) for number in range(2)]
    assert InstanceStream.merged(shares).result() == gathered(dataset).result()


@settings(max_examples=5)
@given(datasets())
def test_without_thresholds_there_are_the_official_scores_alone(dataset: Any):
    stream, images = InstanceStream(TABLE), images_of(dataset[0])
    for objects in images:
        stream.add(objects, results_on(objects, dataset[1]))
    scores, details = InstanceStream.merged([stream]).result()
    assert details is None
    assert scores.pop("protocol").endswith("sizes of detected masks by mask area")
    assert scores.pop("area") == "mask"
    assert scores == coco_scores(ground_truth(images, TABLE), dataset[1], "mask")


@pytest.mark.parametrize("side", [16, 160])
def test_an_image_of_100_detections_leaves_20_kb_however_large_its_masks(side: int):
    rng = np.random.default_rng(0)
    truth = rasterise(msgspec.json.encode([[1, 1, side - 1, 1, side - 1, side - 1]]), side, side)
    stream, sizes = InstanceStream(TABLE, Thresholds(SCORE)), []
    for number in range(1, 13):
        image = CocoImage(number, f"{number}.png", side, side)
        objects = ImageObjects(
            image, [1] * 7, [1, 2, 3, 4, 5, 1, 2], [truth] * 7, [False] * 7, [9.0] * 7, [None] * 7, [None] * 7
        )
        stream.add(objects, [noisy(rng, side, image_id=number, score=float(score)) for score in rng.random(100)])
        sizes.append(len(pickle.dumps(stream)))
    assert (sizes[-1] - sizes[3]) / 8 < 20_000


def test_twenty_thousand_classes_take_no_more_memory_than_those_that_occur():
    few, many = (ClassTable.from_names([f"class {number}" for number in range(count)]) for count in (3, 20_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = []
    for table in (few, many):
        stream = InstanceStream(table, Thresholds(SCORE))
        for number in range(1, 5):
            image = CocoImage(number, f"{number}.png", 16, 16)
            mask = rasterise(b"[[1, 1, 9, 1, 9, 9, 1, 9]]", 16, 16)
            objects = ImageObjects(image, [1] * 2, [1, 2], [mask] * 2, [False] * 2, [64.0] * 2, [None] * 2, [None] * 2)
            record = {"image_id": number, "segmentation": mask.rle, "bbox": [1.0, 1.0, 8.0, 8.0], "score": 0.9}
            stream.add(objects, [{**record, "category_id": 1 + number % 3}])
        found.append(stream.result()[0])
    for name in ("classes", "confusion"):
        found[1].pop(name)
        found[0].pop(name)
    classes = found[1]["intervals"].pop("classes")
    assert classes["class 7"]["segm"] == {"value": None, "low": None, "high": None}
    assert {name: classes[name] for name in few.names} == found[0]["intervals"].pop("classes")
    assert found[0] == found[1]
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 400 << 20
