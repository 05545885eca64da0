"""Scores by COCO's rules, and by rules that differ, against pycocotools with the same settings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.explanation.changes import CHANGES
from maskwright.evaluation.explanation.scoring import Protocol
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import read_results
from tests.evaluation.explanation.planted import dataset, oracle_scores


@pytest.fixture(scope="module")
def protocol(tmp_path_factory: pytest.TempPathFactory) -> Protocol:
    folder = tmp_path_factory.mktemp("scored")
    truth, results = dataset(1)
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "results.json").write_text(json.dumps(results))
    true = read_truth(folder / "truth.json")
    true.draw_masks()
    path = Path(folder / "results.json")
    index = class_index(path, true.names, true.other_names)
    return Protocol.official(true, read_results(path, true.image_index(), index), None)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_the_official_protocol_is_cocos(protocol: Protocol, kind: str) -> None:
    assert protocol.scores(kind) == pytest.approx(oracle_scores(*dataset(1), kind), abs=1e-12)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_other_limits_and_classes(protocol: Protocol, kind: str) -> None:
    more = CHANGES["300-detections-a-class"].apply(protocol).scores(kind)
    assert more == pytest.approx(oracle_scores(*dataset(1), kind, limits=(1, 10, 300)), abs=1e-12)
    agnostic = CHANGES["classes-not-told-apart"].apply(protocol).scores(kind)
    assert agnostic == pytest.approx(oracle_scores(*dataset(1), kind, classes=False), abs=1e-12)


def test_absent_classes_lower_the_mean_where_they_count(protocol: Protocol) -> None:
    official, lowered = protocol.scores("segm"), CHANGES["absent-classes-as-0"].apply(protocol).scores("segm")
    assert official["AP"] is not None
    assert lowered["AP"] == pytest.approx(official["AP"] * 3 / 4)  # the kite has no object


def test_the_cost_is_that_of_the_classes_and_of_the_image_with_most_records(protocol: Protocol) -> None:
    there, found = ({**each[0], "image_id": 1} for each in (protocol.annotations, protocol.results))
    few = replace(protocol, annotations=[there], results=[found])  # type: ignore[list-item]
    classes = len({there["category_id"], found["category_id"]})
    assert few.cost() == classes
    elsewhere = {**there, "image_id": 2}
    many = replace(few, annotations=[there] * 3000 + [elsewhere] * 1000, results=[found] * 2000)  # type: ignore[list-item]
    assert many.cost() == classes + 5000 // 20 + 1000 * 3000 // 1000
