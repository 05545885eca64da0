"""The command that scores a run anew, or beside its recipe on other data and in other classes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from maskwright.cli.main import main
from maskwright.evaluation.coco.detection_limit import limited_scores
from maskwright.evaluation.coco.evaluator import ground_truth
from maskwright.progress import Reporter
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.structures import with_masks, without_boxes
from maskwright.training import device
from tests.runs.renamed_shapes import write_renamed_shapes, write_taxonomy


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_taxonomy(tmp_path_factory.mktemp("taxonomies"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_renamed_shapes(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def semantic(semantic_run: Path, forms: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A semantic run that was also scored in other classes."""
    run = shutil.copytree(semantic_run, tmp_path_factory.mktemp("semantic") / "run")
    assert main(["evaluate", str(run), "--taxonomy", str(forms), "--quiet"]) == 0
    return run


def scores_of(run: Path) -> dict[str, Any]:
    return json.loads((run / "scores.json").read_text(encoding="utf-8"))


def test_the_scores_in_other_classes_are_said_beside_those_of_the_recipe(
    semantic: Path, forms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(semantic, tmp_path / "run")
    capsys.readouterr()
    assert main(["evaluate", str(run), "--taxonomy", str(forms), "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    recipes, others, page = (line for line in lines if "baseline" not in line)
    assert recipes.startswith("validation: mIoU")
    assert others.startswith("validation-forms: mIoU")
    assert "rider: no rule" in others
    assert str(run / "report.html") in page


def test_the_page_states_the_taxonomy_and_can_be_written_again(semantic: Path, tmp_path: Path) -> None:
    run = shutil.copytree(semantic, tmp_path / "run")
    panels = (run / "figures" / "panels.json").read_text(encoding="utf-8")
    # Of each part the two images that the recipe asks for, and all six as the worst.
    assert [each["caption"].partition(":")[0] for each in json.loads(panels)] == [
        *["validation"] * 8,
        *["validation-forms"] * 8,
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


@pytest.mark.parametrize("elsewhere", [False, True], ids=["its own data", "other classes"])
def test_a_processor_without_bfloat16_scores_in_full_precision_and_says_so(
    elsewhere: bool,
    semantic: Path,
    forms: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: False)
    run, name = shutil.copytree(semantic, tmp_path / "run"), "validation-forms" if elsewhere else "validation"
    before, more = scores_of(run)[name], ["--taxonomy", str(forms)] if elsewhere else []
    capsys.readouterr()
    assert main(["evaluate", str(run), *more, "--precision", "bf16", "--quiet"]) == 0
    assert "precision: fp32, not bf16: this processor has no instructions" in capsys.readouterr().err
    after = scores_of(run)[name]
    assert {key: after[key] for key in after if key != "data"} == {key: before[key] for key in before if key != "data"}
    assert "inference" not in after


def test_another_limit_of_detections_is_scored_beside_cocos_and_shown(
    instance_run: Path, semantic_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(instance_run, tmp_path / "run")
    before = scores_of(run)["validation"]["segm"]
    capsys.readouterr()
    assert main(["evaluate", str(run), "--max-dets", "2", "--quiet"]) == 0
    scores = scores_of(run)["validation"]
    prepared = Experiment(open_run(run, Reporter(quiet=True))).prepared
    truth = ground_truth(prepared.parts["validation"].selection.images, prepared.table)
    truth["annotations"] = with_masks(truth["annotations"])
    results = json.loads((run / "predictions" / "validation" / "instances.json").read_text(encoding="utf-8"))
    assert scores["segm"] == before
    classes = json.loads((run / "predictions" / "validation" / "classes.json").read_text(encoding="utf-8"))
    index = {number: each["index"] for each in classes for number in each["source_ids"]}
    found: Any = [{**each, "category_id": index[each["category_id"]]} for each in without_boxes(results)]
    assert scores["max_dets"]["segm"] == limited_scores(truth, found, "segm", 2)
    assert "at most 2 detections, mask: AP " in capsys.readouterr().out
    assert "At most 2 detections" in (run / "report.html").read_text(encoding="utf-8")
    assert main(["evaluate", str(run), "--max-dets", "0", "--quiet"]) == 2
    assert main(["evaluate", str(semantic_run), "--max-dets", "2", "--quiet"]) == 2
    assert "expected an instance model" in capsys.readouterr().err


def test_other_data_without_a_class_of_the_model_is_refused_and_nothing_has_to_be_done_again(
    semantic_run: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--images", str(other / "images"), "--annotations", str(other / "annotations.json")]
    finished = (semantic_run / "stages.json").read_bytes()
    assert main(["evaluate", str(semantic_run), *data, "--quiet"]) == 1
    assert "Add a --taxonomy" in capsys.readouterr().err
    assert (semantic_run / "stages.json").read_bytes() == finished
