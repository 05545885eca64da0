"""LVIS's federated AP, against vernier and recorded numbers of lvis-api."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vernier.instance import Bbox, CocoDataset, Evaluator, Segm

from maskwright.annotations.coco.lvis_file import federated_labels
from maskwright.evaluation.coco.federated import LVIS_STATISTICS, federated_scores
from tests.evaluation.explanation.planted import dataset

IOUS = {"bbox": Bbox(), "segm": Segm()}
FREQUENCIES = ("r", "c", "f")
# LVIS counts so many detections of an image; the first of the invented set has more.
CAP, CROWDED = 300, 1
ORACLES = Path(__file__).parents[2] / "oracles"


def lvis_set(seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An invented set with classes that are absent, not exhaustive, or were not looked for on an image."""
    truth, results = dataset(seed)
    rng = np.random.default_rng(seed)
    categories = [each["id"] for each in truth["categories"]]
    annotations = [
        {key: value for key, value in {**each, "id": each["id"] + 1}.items() if key != "iscrowd"}
        for each in truth["annotations"]
    ]
    images = []
    for image in truth["images"]:
        there = {each["category_id"] for each in annotations if each["image_id"] == image["id"]}
        others = [category for category in categories if category not in there]
        absent = [category for category in others if rng.random() < 0.5]
        unsure = [category for category in sorted(there) if rng.random() < 0.3]
        images.append({**image, "neg_category_ids": absent, "not_exhaustive_category_ids": unsure})
    counted = [{**each, "frequency": FREQUENCIES[int(rng.integers(3))]} for each in truth["categories"]]
    return {"images": images, "annotations": annotations, "categories": counted}, results


def our_scores(truth: dict[str, Any], results: list[Any], kind: str) -> dict[str, float | None]:
    labels = federated_labels(json.dumps(truth).encode())
    assert labels is not None
    images = [{key: image[key] for key in ("id", "height", "width", "file_name")} for image in truth["images"]]
    categories = [{"id": each["id"], "name": each["name"]} for each in truth["categories"]]
    return federated_scores({**truth, "images": images, "categories": categories}, labels, results, kind)


def vernier_scores(truth: dict[str, Any], results: list[dict[str, Any]], kind: str) -> dict[str, float]:
    """The statistics by vernier, which caps detections by class: the cap of LVIS, by image, is applied before."""
    kept: list[dict[str, Any]] = []
    for image in truth["images"]:
        mine = [each for each in results if each["image_id"] == image["id"]]
        kept += sorted(mine, key=lambda each: -each["score"])[:CAP]

    def stats(categories: list[dict[str, Any]]) -> list[float]:
        ids = {each["id"] for each in categories}
        annotations = [each for each in truth["annotations"] if each["category_id"] in ids]
        lists = ("neg_category_ids", "not_exhaustive_category_ids")
        images = [{**each, **{key: [i for i in each[key] if i in ids] for key in lists}} for each in truth["images"]]
        part = {"images": images, "categories": categories, "annotations": annotations}
        found = [each for each in kept if each["category_id"] in ids]
        evaluator = Evaluator(iou=IOUS[kind], max_dets=(1, 10, CAP))
        scored = CocoDataset.from_lvis_json(json.dumps(part).encode())
        return list(evaluator.evaluate(scored, json.dumps(found).encode()).stats)

    whole = stats(truth["categories"])
    by_frequency = {
        f"AP{frequency}": stats(some)[0] if some else -1.0
        for frequency in FREQUENCIES
        for some in [[each for each in truth["categories"] if each["frequency"] == frequency]]
    }
    names = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR", "ARs", "ARm", "ARl")
    return dict(zip(names, whole, strict=True)) | by_frequency


def assert_same(ours: dict[str, float | None], theirs: dict[str, float]) -> None:
    for name in LVIS_STATISTICS:
        value = ours[name]
        assert (-1 if value is None else value) == pytest.approx(theirs[name], abs=1e-9), name


def assert_verniers(seed: int, kind: str) -> None:
    truth, results = lvis_set(seed)
    assert_same(our_scores(truth, results, kind), vernier_scores(truth, results, kind))


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_those_of_the_official_script(seed: int, kind: str) -> None:
    recorded = json.loads((ORACLES / "lvis" / "expected.json").read_text())[str(seed)][kind]
    assert_same(our_scores(*lvis_set(seed), kind), recorded)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_verniers(seed: int, kind: str) -> None:
    assert_verniers(seed, kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("seed", range(100))
def test_numbers_of_two_hundred_sets_are_verniers(seed: int, kind: str) -> None:
    assert_verniers(seed, kind)


def test_the_sets_have_what_the_rules_speak_of() -> None:
    truth, results = lvis_set(0)
    assert sum(each["image_id"] == CROWDED for each in results) > CAP
    assert any(image["neg_category_ids"] for image in truth["images"])
    assert any(image["not_exhaustive_category_ids"] for image in truth["images"])
    assert len({each["frequency"] for each in truth["categories"]}) > 1
