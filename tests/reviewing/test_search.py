"""Each kind of label error is found, and clean labels are not suspected; planted errors come before clean labels."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.reviewing.search import LEAST_EVIDENCE, find_suspects
from maskwright.reviewing.suspects import KINDS
from maskwright.synthetic.shapes import write_shapes
from tests.reviewing.scenes import CLEAN, PLACES, Image, read, suspects_of
from tests.test_benchmarks import benchmark

FOUND = CLEAN[1]
CASES: dict[str, tuple[Image, list[int], int | None, int | None]] = {
    # The labels and detections of the first image, the ids of the suspect's annotations, its label and suggestion.
    "missing": ((PLACES[:2], FOUND), [], None, 7),
    "spurious": (([*PLACES, (3, (60, 60, 20, 20))], FOUND), [104], 3, None),
    "wrong_class": (([*PLACES[:2], (3, PLACES[2][1])], FOUND), [103], 3, 7),
    "poor_outline": (([*PLACES[:2], (7, (12, 55, 30, 30))], FOUND), [103], 7, 7),
    "duplicate": (([*PLACES, (7, (6, 50, 30, 30))], FOUND), [103, 104], 7, None),
    "merged": (([(3, (5, 5, 55, 20)), PLACES[2]], FOUND), [101], 3, 3),
    "split": (([*PLACES[:2], (7, (5, 50, 15, 30)), (7, (20, 50, 15, 30))], FOUND), [103, 104], 7, 7),
}


@pytest.mark.parametrize("masks", [True, False], ids=["masks", "boxes"])
@pytest.mark.parametrize("kind", CASES)
def test_each_kind_of_error_is_found_first_and_nothing_else_is_suspected(kind: str, masks: bool, tmp_path: Path):
    image, annotations, label, suggested = CASES[kind]
    (suspect,) = suspects_of(tmp_path, image, masks=masks)
    assert (suspect.kind, suspect.image) == (kind, 0)
    truth, _ = read(tmp_path / "labels.json", tmp_path / "results.json")
    assert [truth.file_ids[i] for i in suspect.objects] == annotations
    assert (suspect.label, suspect.suggested) == (label, suggested)
    assert LEAST_EVIDENCE <= suspect.evidence <= 1


def test_every_kind_has_a_case():
    assert CASES.keys() == KINDS.keys()


def test_clean_labels_are_not_suspected(tmp_path: Path):
    assert suspects_of(tmp_path) == []


def test_without_any_detection_nothing_is_known_and_nothing_is_suspected(tmp_path: Path):
    assert suspects_of(tmp_path, *[(PLACES, [])] * 3) != []
    labels, results = tmp_path / "labels.json", tmp_path / "results.json"
    results.write_text("[]")
    assert find_suspects(*read(labels, results)) == []


def test_a_detection_that_is_seldom_right_is_weak_evidence(tmp_path: Path):
    beside = (7, 0.3, (70.0, 70.0, 20.0, 20.0))
    often: Image = (PLACES, [*FOUND, beside])
    seldom = [each for each in suspects_of(tmp_path, *[often] * 12) if each.kind == "missing"]
    assert seldom == []
    once: Image = (PLACES[:2], FOUND)
    assert [each.kind for each in suspects_of(tmp_path, once)] == ["missing"]


def test_a_crowd_region_excuses_what_is_detected_in_it(tmp_path: Path):
    image: Image = ([*PLACES[:2], (7, (0, 45, 45, 45))], FOUND)
    assert suspects_of(tmp_path, image) != []
    labels = tmp_path / "labels.json"
    document = json.loads(labels.read_text())
    document["annotations"][2]["iscrowd"] = 1
    labels.write_text(json.dumps(document))
    assert find_suspects(*read(labels, tmp_path / "results.json")) == []


def noisy_results(document: dict[str, Any], move: Any, seed: int = 1) -> list[dict[str, Any]]:
    """Predictions of a fair model: one object in ten is missed, outlines are off by a few per cent, one class in
    twenty is wrong, and there are detections of nothing, most of them with low scores."""
    rng = np.random.default_rng(seed)
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    categories = [each["id"] for each in document["categories"]]
    found = []
    for one in document["annotations"]:
        if one.get("iscrowd") or not one["segmentation"] or rng.random() < 0.1:
            continue
        width, height = one["bbox"][2:]
        for spread, score, right in ((0.04, rng.beta(5, 1.5), 0.95), (1.0, rng.beta(1, 5), 0.0)):
            moved = move(one, sizes[one["image_id"]], *(rng.normal(0, spread, 2) * (width, height)))
            category = one["category_id"] if rng.random() < right else int(rng.choice(categories))
            if moved["area"]:
                found.append({"image_id": one["image_id"], "category_id": category, "score": float(score), **moved})
    return found


def precision(source: Path, folder: Path, each: int, first: int) -> tuple[float, float]:
    """The share of planted errors among the first suspects, and the share among all labels."""
    review = benchmark("review")
    document = json.loads(source.read_text(encoding="utf-8"))
    wrong, planted = review.plant(document, each)
    labels, results = folder / "planted.json", folder / "found.json"
    labels.write_text(json.dumps(wrong))
    results.write_text(json.dumps(noisy_results(document, review._moved)))
    truth, predicted = read(labels, results)
    suspects = find_suspects(truth, predicted)
    hits = [review.on_planted(suspect, truth, predicted, planted) is not None for suspect in suspects[:first]]
    return sum(hits) / first, len(planted) / len(truth.annotations)


def test_planted_errors_in_shapes_are_ranked_before_clean_labels(tmp_path: Path):
    found, chance = precision(write_shapes(tmp_path / "shapes", 120), tmp_path, 15, 40)
    assert chance < 0.2
    assert found >= 0.6


def test_planted_errors_in_coco_are_ranked_before_clean_labels(shared: Path, tmp_path: Path):
    source = shared / "data" / "coco300" / "validation-300" / "labels.json"
    found, chance = precision(source, tmp_path, 60, 60)
    assert chance < 0.1
    assert found >= 0.6
