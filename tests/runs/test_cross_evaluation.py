"""A model scored on other data and in other classes, against formulas and against truth that was renamed by hand."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.masks.png import read_label_map
from maskwright.progress import Reporter
from maskwright.runs.cross_evaluation import cross_evaluate
from maskwright.runs.cross_evaluation_data import CrossEvaluation
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from tests.runs.renamed_shapes import write_renamed_shapes, write_taxonomy


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_taxonomy(tmp_path_factory.mktemp("taxonomies")))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_renamed_shapes(tmp_path_factory.mktemp("other"))


def evaluated(run: Path, copy: Path, asked: CrossEvaluation) -> Path:
    """A ``copy`` of ``run`` that was scored on what is ``asked``, too."""
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("last", "state.pt"))
    cross_evaluate(Experiment(open_run(copy, Reporter(quiet=True))), asked)
    return copy


@pytest.fixture(scope="module")
def semantic(semantic_run: Path, forms: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A semantic run that was also scored in other classes."""
    return evaluated(semantic_run, tmp_path_factory.mktemp("semantic") / "run", CrossEvaluation(taxonomy=forms))


def scores_of(run: Path) -> dict[str, Any]:
    return json.loads((run / "scores.json").read_text(encoding="utf-8"))


def label_maps(folder: Path) -> list[np.ndarray]:
    return [read_label_map(file) for file in sorted(folder.glob("*.png"))]


def test_merged_semantic_scores_are_those_of_the_merged_maps(semantic: Path) -> None:
    # disc square triangle ring are 1 to 4; round is 1, angular 2, a predicted triangle background, a true one ignored.
    of_prediction, of_truth = np.array([0, 1, 2, 0, 1]), np.array([0, 1, 2, 255, 1])
    predicted = [of_prediction[each] for each in label_maps(semantic / "predictions" / "validation" / "label_maps")]
    masks = label_maps(semantic / "masks" / "validation")
    truth = [np.where(each == 255, 255, of_truth[np.minimum(each, 4)]) for each in masks]
    expected = np.zeros((3, 3), np.int64)
    for true, found in zip(truth, predicted, strict=True):
        np.add.at(expected, (true[true != 255], found[true != 255]), 1)
    scores = scores_of(semantic)
    assert list(scores) == ["validation", "validation-forms"]
    assert scores["validation-forms"]["confusion"]["names"] == ["background", "round", "angular"]
    assert scores["validation-forms"]["confusion"]["pixels"] == expected.tolist()
    written = label_maps(semantic / "predictions" / "validation-forms" / "label_maps")
    assert all((a == b).all() for a, b in zip(written, predicted, strict=True))


def test_the_scores_of_the_recipe_stay_and_the_others_say_where_they_are_from(
    semantic: Path, semantic_run: Path
) -> None:
    scores = scores_of(semantic)
    assert scores["validation"] == scores_of(semantic_run)["validation"]
    (by,) = scores["validation-forms"]["taxonomies"]
    assert (by["rider"], by["truth"], by["model"], by["classes"]) == (None, "source", "source", ["round", "angular"])
    assert "classes by taxonomy" in scores["validation-forms"]["protocol"]
    classes = json.loads((semantic / "predictions" / "validation-forms" / "classes.json").read_text())
    assert [each["name"] for each in classes] == ["round", "angular"]


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_other_data_in_the_target_s_classes_is_scored_with_translated_predictions(
    task: str,
    forms: str,
    other: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    asked = CrossEvaluation(str(other / "images"), str(other / "annotations.json"), forms, name="there")
    run = evaluated(request.getfixturevalue(f"{task}_run"), tmp_path / "run", asked)
    scores = scores_of(run)["there-forms"]
    (by,) = scores["taxonomies"]
    assert (by["truth"], by["model"]) == ("target", "source")
    assert scores["data"]["images"] == 5
    assert scores["data"]["counts"]["skipped"] == {}
    content = json.loads((other / "annotations.json").read_text())
    if task == "instance":
        counted = [each["category_id"] for each in content["annotations"] if not each["iscrowd"]]
        found = {name: row["instances"] for name, row in scores["classes"].items()}
        assert found == {"round": counted.count(70), "angular": counted.count(3)}
    # What predict writes is what was scored.
    predict = ["predict", str(run), str(other / "images"), "--out", str(tmp_path / "out"), "--score", "0", "--quiet"]
    ids = ["--ids-of", str(other / "annotations.json")] if task == "instance" else []
    assert main([*predict, "--taxonomy", forms, "--no-overlays", *ids]) == 0
    saved = run / "predictions" / "there-forms"
    for file in ("classes.json", "classes.txt"):
        assert (saved / file).read_text() == (tmp_path / "out" / file).read_text()
    if task == "semantic":
        pairs = zip(label_maps(saved / "label_maps"), label_maps(tmp_path / "out" / "label_maps"), strict=True)
        assert all((a == b).all() for a, b in pairs)
    else:
        kept = [
            [(each["image_id"], each["category_id"], each["score"]) for each in json.loads(path.read_text())]
            for path in (saved / "instances.json", tmp_path / "out" / "instances.json")
        ]
        assert kept[0]
        assert sorted(kept[0]) == sorted(kept[1])


def test_other_data_without_a_taxonomy_meets_by_name(semantic_run: Path, tmp_path: Path) -> None:
    data = semantic_run / "data" / "validation"
    asked = CrossEvaluation(str(data / "images"), str(data / "annotations.json"))
    run = evaluated(semantic_run, tmp_path / "run", asked)
    scores = scores_of(run)
    assert scores["other"]["confusion"] == scores["validation"]["confusion"]
    assert "taxonomies" not in scores["other"]


def test_the_page_has_to_be_written_again_and_the_scores_have_not(semantic: Path, semantic_run: Path) -> None:
    before, after = (json.loads((run / "stages.json").read_text()) for run in (semantic_run, semantic))
    assert before.keys() - after.keys() == {"report"}
