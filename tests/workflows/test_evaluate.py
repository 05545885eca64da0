"""A run scored on other data and in other classes, against formulas and against truth that was renamed by hand."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.masks.png import read_label_map
from maskwright.synthetic.shapes import write_shapes

FORMS = "classes: {round: [disc, ring], angular: [square]}\nignore: [triangle]\n"


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("taxonomies") / "forms.yaml"
    path.write_text(FORMS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def semantic(semantic_run: Path, forms: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A semantic run that was also scored in other classes."""
    run = shutil.copytree(semantic_run, tmp_path_factory.mktemp("semantic") / "run")
    assert main(["evaluate", str(run), "--taxonomy", str(forms), "--quiet"]) == 0
    return run


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of the same shapes, whose file calls them otherwise and has none of one."""
    folder = tmp_path_factory.mktemp("other")
    path = write_shapes(folder, 5, seed=9)
    content = json.loads(path.read_text(encoding="utf-8"))
    names = {"disc": "round", "ring": "round", "square": "angular", "triangle": "toy"}
    ids = {"round": 70, "angular": 3, "toy": 5}
    new_id = {each["id"]: ids[names[each["name"]]] for each in content["categories"]}
    for each in content["annotations"]:
        each["category_id"] = new_id[each["category_id"]]
    content["annotations"] = [each for each in content["annotations"] if each["category_id"] != ids["toy"]]
    content["categories"] = [{"id": i, "name": name} for name, i in ids.items() if name != "toy"]
    path.write_text(json.dumps(content), encoding="utf-8")
    return folder


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


def test_the_page_states_the_taxonomy_and_can_be_written_again(semantic: Path, tmp_path: Path) -> None:
    run = shutil.copytree(semantic, tmp_path / "run")
    panels = (run / "figures" / "panels.json").read_text(encoding="utf-8")
    assert [each["caption"].partition(":")[0] for each in json.loads(panels)] == [
        *["validation"] * 2,
        *["validation-forms"] * 2,
    ]
    assert main(["report", str(run), "--quiet"]) == 0
    assert (run / "figures" / "panels.json").read_text(encoding="utf-8") == panels
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "forms.yaml" in page
    assert "rule for riders" in page
    assert "Class colours of validation-forms" in page


def test_evaluating_the_recipe_alone_leaves_only_its_own_scores(semantic: Path, tmp_path: Path) -> None:
    run = shutil.copytree(semantic, tmp_path / "run")
    assert main(["evaluate", str(run), "--quiet"]) == 0
    assert list(scores_of(run)) == ["validation"]


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_other_data_in_the_target_s_classes_is_scored_with_translated_predictions(
    task: str,
    forms: Path,
    other: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = shutil.copytree(request.getfixturevalue(f"{task}_run"), tmp_path / "run")
    data = ["--images", str(other / "images"), "--annotations", str(other / "annotations.json"), "--name", "there"]
    assert main(["evaluate", str(run), *data, "--taxonomy", str(forms), "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "there-forms: " in shown
    assert "rider: no rule" in shown
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
    assert main([*predict, "--taxonomy", str(forms), "--no-overlays"]) == 0
    saved = run / "predictions" / "there-forms"
    for file in ("classes.json", "classes.txt"):
        assert (saved / file).read_text() == (tmp_path / "out" / file).read_text()
    if task == "semantic":
        pairs = zip(label_maps(saved / "label_maps"), label_maps(tmp_path / "out" / "label_maps"), strict=True)
        assert all((a == b).all() for a, b in pairs)
    else:
        kept = [
            [(each["file_name"], each["category_id"], each["score"]) for each in json.loads(path.read_text())]
            for path in (saved / "instances.json", tmp_path / "out" / "instances.json")
        ]
        assert kept[0]
        assert sorted(kept[0]) == sorted(kept[1])


def test_other_data_without_a_taxonomy_meets_by_name(semantic_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(semantic_run, tmp_path / "run")
    data = run / "data" / "validation"
    options = ["--images", str(data / "images"), "--annotations", str(data / "annotations.json")]
    assert main(["evaluate", str(run), *options, "--quiet"]) == 0
    scores = scores_of(run)
    assert scores["other"]["confusion"] == scores["validation"]["confusion"]
    assert "taxonomies" not in scores["other"]


def test_other_data_without_a_class_of_the_model_is_refused_and_nothing_has_to_be_done_again(
    semantic_run: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--images", str(other / "images"), "--annotations", str(other / "annotations.json")]
    finished = (semantic_run / "stages.json").read_bytes()
    assert main(["evaluate", str(semantic_run), *data, "--quiet"]) == 1
    assert "Add a --taxonomy" in capsys.readouterr().err
    assert (semantic_run / "stages.json").read_bytes() == finished
