from dataclasses import replace

import pytest

from maskwright.reports.run.contents import read_run
from maskwright.reports.run.headline import headline


def test_semantic_headline_names_the_split_the_average_and_the_baseline(make_run):
    found = headline(read_run(make_run()))
    assert (found.label, found.value) == ("mean IoU", "0.613")
    assert found.sentence.startswith("The mean IoU on 56 validation images is 0.613;")
    assert "background" in found.sentence
    assert "0.142" in found.sentence
    assert found.protocol == "From one confusion matrix of all pixels."
    assert found.facts[2:] == [("pixel accuracy", "–"), ("mean boundary IoU", "0.247"), ("calibration error", "0.123")]


def test_a_model_no_better_than_background_is_called_that(make_run):
    run = read_run(make_run())
    scores = {"validation": run.scores["validation"] | {"mIoU": 0.142}}
    assert "no better than" in headline(replace(run, scores=scores)).sentence


def test_instance_headline_is_mask_ap(make_run):
    found = headline(read_run(make_run("instance")))
    assert (found.label, found.value) == ("mask AP", "0.432")
    assert [label for label, _ in found.facts] == ["mask AP50", "box AP", "box AP50"]


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_an_undefined_score_is_called_undefined(make_run, task):
    found = headline(replace(read_run(make_run(task)), scores={"validation": {}}))
    assert found.value == "–"
    assert "undefined" in found.sentence


def test_no_scores_no_headline(make_run):
    run = read_run(make_run())
    assert headline(replace(run, scores=None)) is None
    assert headline(replace(run, scores={})) is None


def test_without_validation_the_split_that_was_scored_is_named(make_run):
    run = read_run(make_run())
    found = headline(replace(run, scores={"test": run.scores["validation"]}))
    assert "on the test images" in found.sentence


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_panoptic_quality_stands_beside_the_score_with_its_interval(make_run, task):
    run = read_run(make_run(task))
    bounds = {"value": 0.5, "low": 0.4, "high": 0.625}
    measured = {"panoptic": {"PQ": 0.5}, "intervals": {"level": 0.95, "panoptic": {"PQ": bounds}}}
    found = headline(replace(run, scores={"validation": {**run.scores["validation"], **measured}}))
    assert dict(found.facts)["panoptic quality"] == "0.500 (95 % interval 0.400 to 0.625)"
