import json
from dataclasses import replace
from pathlib import Path

import pytest

from maskwright.recipes.variants import Variant, variants
from maskwright.reports.score_names import SWEEP_SCORES
from maskwright.reports.sweep.outcome import CLASS_SCORE, read_outcome
from tests.reports.conftest import MakeRun
from tests.reports.swept import a_sweep, semantic_outcome

(VARIANT,) = variants(["loss=ce"])
STAGES = ("check", "masks", "train", "evaluate", "report")


def finish(run: Path, *stages: str) -> Path:
    (run / "stages.json").write_text(json.dumps({stage: {"seconds": 1} for stage in stages}))
    return run


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_a_finished_run_is_read_as_its_files_say(make_run: MakeRun, task: str):
    run = finish(make_run(task), *STAGES)
    outcome = read_outcome(VARIANT, run, task)
    scores = json.loads((run / "scores.json").read_text())["validation"]
    found = outcome.parts["validation"]
    assert outcome.status == "finished"
    assert outcome.seconds == 30, "three epochs of ten seconds"
    if task == "semantic":
        assert found.overall == {key: scores[key] for key in SWEEP_SCORES[task]}
        assert found.classes == {name: row["IoU"] for name, row in scores["classes"].items()}
        assert outcome.curve == {1: None, 2: 0.61, 3: 0.6}
    else:
        overall = scores["segm"]["AP"], scores["segm"]["AP50"], scores["bbox"]["AP"]
        assert found.overall == dict(zip(("segm_AP", "segm_AP50", "bbox_AP"), overall, strict=True))
        assert found.classes == {name: row["segm"] for name, row in scores["classes"].items()}
    assert CLASS_SCORE[task] in ("IoU", "mask AP")


def test_what_is_not_finished_is_said_to_be_so(make_run: MakeRun, tmp_path: Path):
    assert read_outcome(VARIANT, tmp_path / "nothing", "semantic").status == "waiting"
    run = make_run()
    assert read_outcome(VARIANT, run, "semantic").status == "interrupted"
    assert read_outcome(VARIANT, finish(run, "check", "train", "evaluate"), "semantic").status == "interrupted"
    failed = read_outcome(VARIANT, finish(run, *STAGES), "semantic", "The disk is full.")
    assert (failed.status, failed.error, failed.parts) == ("failed", "The disk is full.", {})


def test_the_best_has_the_highest_score_on_validation_the_first_of_equals():
    low, high, equal = (semantic_outcome(loss, v) for loss, v in (("ce", 0.2), ("focal", 0.4), ("lovasz", 0.4)))
    unmeasured = semantic_outcome("tversky", None)
    assert a_sweep(low, unmeasured, high, equal).best is high
    assert a_sweep(unmeasured).best is None
    assert a_sweep(*a_sweep().outcomes[1::2]).best is None
    test = semantic_outcome("ce", 0.9).parts["validation"]
    tested = replace(low, parts={"test": test, **low.parts})
    sweep = a_sweep(tested, high)
    assert sweep.parts == ["validation", "test"]
    assert sweep.best is high


def test_json_holds_the_sweep_and_every_variant_and_is_json():
    sweep = a_sweep()
    said = json.loads(json.dumps(sweep.to_json(), allow_nan=False))
    assert said["sweep"] == {"loss": ["ce", "tversky", "dice_ce", "lovasz"]}
    assert said["set"] == ["train.epochs=2"]
    assert said["decided_by"] == {"part": "validation", "score": "mIoU"}
    assert said["best"] == "loss=dice_ce"
    assert [variant["status"] for variant in said["variants"]] == ["finished", "failed", "finished", "waiting"]
    classes = {"background": 0.95, "person": 0.25, "cake": None}
    assert said["variants"][0]["scores"]["validation"]["classes"] == classes
    assert said["variants"][0]["overrides"][0] == "loss.name=cross_entropy"
    assert said["variants"][1]["error"].startswith("The loss became nan.")
    assert said["seed"] == 7
    seeds = a_sweep(replace(semantic_outcome("ce", 0.1), variant=Variant({"seed": "3"}, ("seed=3",))))
    assert seeds.to_json()["seed"] is None


def test_a_panoptic_run_has_its_qualities(make_run: MakeRun) -> None:
    run = finish(make_run("semantic"), "train", "evaluate", "report")
    part = {"PQ": 0.5, "SQ": 0.8, "RQ": 0.625}
    scores = {**part, "things": part, "stuff": {"PQ": 0.25}, "classes": {"car": {"PQ": 0.75}}}
    (run / "scores.json").write_text(json.dumps({"validation": scores}))
    found = read_outcome(VARIANT, run, "panoptic").parts["validation"]
    assert found.overall == {**part, "PQ_things": 0.5, "PQ_stuff": 0.25}
    assert found.overall.keys() == SWEEP_SCORES["panoptic"].keys()
    assert found.classes == {"car": 0.75}
