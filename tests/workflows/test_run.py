"""The main job end to end on built-in data, through the command line."""

import csv
import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from safetensors.torch import load_file

from maskwright.cli.main import main
from maskwright.files import read_json
from maskwright.masks.png import read_label_map
from maskwright.recipes.loading import recipe_text
from maskwright.reports.score_names import is_score
from maskwright.training import device
from maskwright.training.checkpoint import read_state
from tests.drills.runs import TINY_MASK_RCNN, metrics
from tests.small_runs import small_run


def model_bits(run: Path, checkpoint: str = "last") -> dict[str, torch.Tensor]:
    return load_file(run / "checkpoints" / checkpoint / "model.safetensors")


def assert_same_bits(one: Path, other: Path, checkpoint: str = "last") -> None:
    first, second = model_bits(one, checkpoint), model_bits(other, checkpoint)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.fixture(params=["semantic", "instance"])
def finished_run(request: pytest.FixtureRequest) -> Path:
    """The small run of each task in turn."""
    return request.getfixturevalue(f"{request.param}_run")


def test_a_run_leaves_everything_the_design_names(finished_run: Path) -> None:
    for name in (
        "recipe.yaml", "card.json", "metrics.csv", "scores.json", "report.html", "statistics.json", "audit.json",
        "checkpoints/last/model.safetensors", "checkpoints/last/state.pt", "checkpoints/best/model.safetensors",
        "predictions/validation/classes.json", "figures/panels.json",
    ):  # fmt: skip
        assert (finished_run / name).is_file(), name
    assert list((finished_run / "tensorboard").glob("events.*"))
    assert not list(finished_run.rglob("*.part"))


def test_the_card_says_how_the_run_was_made(finished_run: Path) -> None:
    card = json.loads((finished_run / "card.json").read_text())
    assert card["seed"] == 0
    assert [c["name"] for c in card["classes"]] == ["disc", "square", "triangle", "ring"]
    assert card["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert card["model"]["parameters"] > 0
    assert len(card["data"]["train"]["sha256"]) == 64
    counts = card["data"]["train"]["counts"]
    assert counts["in"] == counts["used"] + sum(counts["skipped"].values())


def test_metrics_have_a_row_for_every_epoch(finished_run: Path) -> None:
    with (finished_run / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for part, row in (("train", rows[0]), ("train", rows[1]), ("validation", rows[1])):
        losses = {k: float(v) for k, v in row.items() if k.startswith(part) and not is_score(k.partition("/")[2])}
        total = losses.pop(f"{part}/loss")
        assert losses
        assert total == pytest.approx(sum(losses.values()), rel=1e-5)


def test_semantic_scores_are_those_of_the_saved_label_maps(semantic_run: Path) -> None:
    hits, union = [0] * 5, [0] * 5
    for file in (semantic_run / "predictions" / "validation" / "label_maps").iterdir():
        truth = read_label_map(semantic_run / "masks" / "validation" / file.name)
        predicted = read_label_map(file)
        counted = truth != 255
        for label in range(5):
            true, found = (truth == label) & counted, (predicted == label) & counted
            hits[label] += int((true & found).sum())
            union[label] += int((true | found).sum())
    scores = json.loads((semantic_run / "scores.json").read_text())["validation"]
    ious = [h / u for h, u in zip(hits, union, strict=True) if u]
    assert scores["mIoU"] == pytest.approx(sum(ious) / len(ious), abs=1e-12)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_instance_scores_are_those_pycocotools_gives_the_saved_results(instance_run: Path, kind: str) -> None:
    truth_file = instance_run / "data" / "validation" / "annotations.json"
    results = json.loads((instance_run / "predictions" / "validation" / "instances.json").read_text())
    assert results
    # As they are written: their ids are those of the truth.
    if kind == "segm":  # Detectron2 drops boxes before masks are scored.
        for record in results:
            del record["bbox"]
    coco = COCO(str(truth_file))
    evaluation = COCOeval(coco, coco.loadRes(results), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    scores = json.loads((instance_run / "scores.json").read_text())["validation"][kind]
    # pycocotools says -1 where there is nothing to measure, we say None.
    expected = [None if value < 0 else pytest.approx(value, abs=1e-12) for value in evaluation.stats]
    assert list(scores.values()) == expected


def test_a_second_run_does_nothing_again(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [finished_run / name for name in ("checkpoints/last/model.safetensors", "scores.json", "report.html")]
    before = [file.stat().st_mtime_ns for file in files]
    recipe = finished_run / "recipe.yaml"
    assert main(["run", str(recipe), "--out", str(finished_run)]) == 0
    assert [file.stat().st_mtime_ns for file in files] == before
    assert "train: already finished" in capsys.readouterr().err


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_the_same_recipe_and_seed_give_the_same_bits(task: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert small_run(task, tmp_path / "again", verb="train") == 0
    assert_same_bits(request.getfixturevalue(f"{task}_run"), tmp_path / "again")


@pytest.mark.parametrize("model", ["cascade_mask_rcnn:resnet18", "panet:resnet18", "point_rend:resnet18"])
def test_other_instance_models_give_the_same_bits_too(model: str, tmp_path: Path) -> None:
    short = ["--set", f"model.name={model}", "--set", "train.epochs=1", "--set", "data.shapes.validation=1"]
    for out in ("once", "again"):
        assert small_run("instance", tmp_path / out, *short, verb="train") == 0
    assert_same_bits(tmp_path / "once", tmp_path / "again")


def test_an_instance_model_learns_in_mixed_precision_with_averages_over_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: True)
    settings = ["train.precision=bf16-mixed", "train.ema=0.9", "train.accumulate=2", "train.epochs=1"]
    more = [part for each in settings for part in ("--set", each)]
    assert small_run("instance", tmp_path / "run", *more, verb="train") == 0
    with (tmp_path / "run" / "metrics.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert 0 < float(row["train/loss"]) < 100
    assert 0 <= float(row["validation/segm_AP"]) <= 1


def test_a_processor_without_bfloat16_trains_in_full_precision_and_says_so(
    semantic_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: False)
    assert small_run("semantic", tmp_path / "run", "--set", "train.precision=bf16-mixed", verb="train") == 0
    assert "precision: 32-true, not bf16-mixed: this processor has no instructions" in capsys.readouterr().err
    assert read_json(tmp_path / "run" / "card.json")["hardware"]["precision"] == "32-true"
    full, plain = model_bits(tmp_path / "run"), model_bits(semantic_run)
    assert all(torch.equal(full[key], plain[key]) for key in plain)


def test_another_seed_gives_other_weights(semantic_run: Path, tmp_path: Path) -> None:
    assert small_run("semantic", tmp_path / "other", "--set", "seed=1", verb="train") == 0
    one, other = model_bits(semantic_run), model_bits(tmp_path / "other")
    assert any(not torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_a_resumed_training_ends_with_the_bits_of_an_unbroken_one(
    task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    more = [
        "--set",
        "train.checkpoint_every=1",
        "--set",
        "train.ema=0.9",
        *(TINY_MASK_RCNN if task == "instance" else []),
    ]
    assert small_run(task, unbroken, *more, verb="train") == 0
    shutil.copytree(unbroken, broken)
    # The state after epoch 1, as a kill during epoch 2 leaves it.
    for name in ("last", "best"):
        shutil.rmtree(broken / "checkpoints" / name)
        shutil.copytree(broken / "checkpoints" / "epoch-0001", broken / "checkpoints" / name)
    shutil.rmtree(broken / "checkpoints" / "epoch-0002")
    stages = json.loads((broken / "stages.json").read_text())
    del stages["train"]
    (broken / "stages.json").write_text(json.dumps(stages))
    state = read_state(broken / "checkpoints" / "last")
    assert state is not None
    assert state["position"]["epoch"] == 1
    again = ["run", str(broken / "recipe.yaml"), "--out", str(broken), "--quiet"]
    assert main(again) == 2, "a forgotten --resume must not throw the training away"
    assert "interrupted after epoch 1" in capsys.readouterr().err
    assert main([*again, "--resume"]) == 0
    for checkpoint in ("last", "best", "epoch-0002"):
        assert_same_bits(unbroken, broken, checkpoint)
    assert metrics(unbroken) == metrics(broken)
    assert [row["epoch"] for row in metrics(broken)] == ["1", "2"]


def test_a_folder_of_another_recipe_is_refused(semantic_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert small_run("semantic", semantic_run, "--set", "train.epochs=3") == 2
    assert "differs in train.epochs" in capsys.readouterr().err


def test_a_folder_with_other_files_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert small_run("semantic", tmp_path) == 2
    assert "not a run folder" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_evaluate_and_report_work_on_a_finished_run(finished_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished_run, copy)
    before = (copy / "scores.json").read_text()
    (copy / "scores.json").unlink()
    assert main(["evaluate", str(copy), "--quiet"]) == 0
    assert (copy / "scores.json").read_text() == before
    (copy / "report.html").unlink()
    assert main(["report", str(copy), "--quiet"]) == 0
    assert (copy / "report.html").is_file()


def test_weights_that_cannot_be_fetched_stop_the_job_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", no_network)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", no_network)
    out = tmp_path / "run"
    arguments = ["--set", "model.weights=imagenet", "--set", "model.options={}"]
    assert small_run("semantic", out, "--set", "model.name=deeplabv3_mobilenet_v3_large", *arguments) == 1
    message = capsys.readouterr().err
    assert "no route to host" in message
    assert "model.weights to its path" in message
    assert not out.exists()


@pytest.mark.parametrize(
    ("setting", "nearest"),
    [
        ("classes=[disk]", "Nearest: disc"),
        ("model.name=residual_unet", "residual_attention_unet"),
        ("model.name=mask_rcnn_small", "mask_rcnn_small is for task: instance, and the recipe has task: semantic"),
        ("model.options.width=[4]", "Nearest: widths"),
        ("model.weights=imagnet.pth", "imagnet.pth"),
        ("train.epoch=3", "Nearest: epochs"),
        ("train.best_by=miou", "Nearest: mIoU"),
        ("train.optimizer.name=adamv", "Nearest: adam"),
    ],
)
def test_a_wrong_name_is_answered_by_the_nearest_before_any_work(
    setting: str, nearest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert small_run("semantic", out, "--set", setting) == 2
    assert nearest in capsys.readouterr().err
    assert not out.exists()


def test_a_missing_annotation_file_names_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lables.json").write_text("{}")
    recipe = yaml.safe_load(recipe_text("demo-semantic"))
    recipe["data"] = {
        "root": str(tmp_path),
        "train": {"images": ".", "annotations": "labels.json"},
        "validation": {"images": ".", "annotations": "labels.json"},
    }
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe))
    assert main(["run", str(file), "--out", str(tmp_path / "run")]) == 2
    assert "lables.json" in capsys.readouterr().err
