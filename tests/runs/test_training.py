"""The train stage: what the recipe says about optimiser, schedule and length is what happens."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from maskwright.cli.main import main
from maskwright.models.catalogue import find_model
from maskwright.models.normalisation import IMAGENET, Normalisation, normalisation_of
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs import evaluation
from maskwright.runs import training as train
from maskwright.runs.context import build_model
from maskwright.runs.loaded_model import load_model
from maskwright.runs.stages import train_recipe
from maskwright.synthetic.shapes import write_shapes
from maskwright.training.checkpoint import save_checkpoint
from tests.small_runs import SHARED, small_run


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def scores(value: float) -> dict[str, Any]:
    return {"mIoU": value, "classes": {}}


def test_the_training_stops_when_patience_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([0.1, 0.3, 0.2, 0.3, 0.9])
    monkeypatch.setattr(train, "evaluate_part", lambda *_, **__: scores(next(found)))
    settings = ["train.epochs=9", "train.patience=2"]
    overrides = [part for setting in settings for part in ("--set", setting)]
    assert small_run("semantic", tmp_path / "run", *overrides, verb="train") == 0
    assert [row["validation/mIoU"] for row in rows(tmp_path / "run")] == ["0.1", "0.3", "0.2", "0.3"]
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["best"] == {"epoch": 2, "score": "mIoU", "value": 0.3}


def test_training_and_evaluation_compute_with_the_threads_of_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    step = evaluation.evaluate_part

    def evaluate_part(*arguments: Any, **options: Any) -> dict[str, Any]:
        seen.append(torch.get_num_threads())
        return step(*arguments, **options)

    for module in (train, evaluation):
        monkeypatch.setattr(module, "evaluate_part", evaluate_part)
    before = torch.get_num_threads()
    assert small_run("semantic", tmp_path / "run", "--set", f"train.threads={before + 1}") == 0
    assert set(seen) == {before + 1}
    assert len(seen) >= 2, "in the training and after it"
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_what_is_measured_does_not_change_the_training(
    task: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    measured: Path = request.getfixturevalue(f"{task}_run")
    off = ["--set", "train.validation_loss=false", "--set", "train.measure_training=false"]
    assert small_run(task, tmp_path / "run", *off, verb="train") == 0
    for name in ("last", "best"):
        ours, theirs = (
            load_file(run / "checkpoints" / name / "model.safetensors") for run in (measured, tmp_path / "run")
        )
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(value, theirs[key]) for key, value in ours.items())
    for row, plain in zip(rows(measured), rows(tmp_path / "run"), strict=True):
        del row["seconds"], plain["seconds"]
        assert plain.items() <= row.items()
        more = {key.partition("/")[2] for key in row.keys() - plain.keys()}
        score = "mIoU" if task == "semantic" else "segm_AP"
        assert {"loss", score, f"{'IoU' if task == 'semantic' else 'segm_AP'}/disc"} <= more
        assert float(row["validation/loss"]) > 0
    images = json.loads((measured / "card.json").read_text())["measured"]
    assert images == {"train": 1, "validation_loss": 6 if task == "semantic" else 1}


def test_all_training_images_are_measured_on_demand_as_the_validation_would_measure_them(tmp_path: Path) -> None:
    annotations = write_shapes(tmp_path / "shapes", 5, seed=0)
    part = f"{{images: {tmp_path / 'shapes' / 'images'}, annotations: {annotations}}}"
    overrides = ["train.measure_training=true", f"data={{train: {part}, validation: {part}}}", "train.epochs=1"]
    made = load_recipe("demo-semantic", ["model.options={widths: [4, 8], bottleneck: 8}", *overrides])
    train_recipe(made, tmp_path / "run", reporter=Reporter(quiet=True))
    (row,) = rows(tmp_path / "run")
    other = ("loss", "entropy", "baseline")
    shared = [key for key in row if key.startswith("validation/") and not any(word in key for word in other)]
    assert len(shared) == 5 + 3 * 5
    for key in shared:
        assert row[key] == row[key.replace("validation/", "train/")], key


def test_gradients_of_several_batches_make_one_step_and_the_schedule_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "evaluate_part", lambda *_, **__: scores(0.5))
    # 8 images in batches of 2: 4 batches, 2 steps an epoch, 4 in all; a cosine over 4 steps ends at 0.
    settings = ["train.batch_size=2", "train.accumulate=2", "train.schedule={name: cosine, warmup_steps: 0}"]
    overrides = [part for setting in settings for part in ("--set", setting)]
    assert small_run("semantic", tmp_path / "run", *overrides, verb="train") == 0
    rates = [float(row["learning_rate"]) for row in rows(tmp_path / "run")]
    assert rates == pytest.approx([1.5e-3, 0.0], abs=1e-9)


def test_a_compiled_model_is_saved_under_its_own_names(
    semantic_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Traced, but not translated to machine code, which takes a minute.
    compile_ = torch.compile
    calls = []

    def traced(model: torch.nn.Module, **_: Any) -> object:
        calls.append(model)
        return compile_(model, backend="eager")

    monkeypatch.setattr(torch, "compile", traced)
    assert small_run("semantic", tmp_path / "run", "--set", "train.compile=true", verb="train") == 0
    assert calls
    ours, theirs = (
        load_file(run / "checkpoints" / "last" / "model.safetensors") for run in (tmp_path / "run", semantic_run)
    )
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        torch.testing.assert_close(ours[key], value, rtol=1e-3, atol=1e-4)


def test_the_encoder_has_a_rate_of_its_own_where_the_recipe_says_so() -> None:
    options = ["model.options={widths: [4, 8], bottleneck: 8}", "train.optimizer={lr: 0.01, encoder_lr_factor: 0.1}"]
    for overrides, expected in ((options, [0.001, 0.01]), (options[:1], [3e-3])):
        recipe = load_recipe("demo-semantic", overrides)
        model, _ = build_model(recipe, ["disc", "ring", "square", "triangle"])
        assert [group["lr"] for group in train.build_recipe_optimizer(recipe, model).param_groups] == pytest.approx(
            expected
        )


def test_a_run_keeps_the_normalisation_of_its_backbone_with_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "evaluate_part", lambda *_, **__: scores(0.5))
    name = "smp:Unet/tu-mobilevit_xxs"
    model = f"{{name: '{name}', options: {{encoder_depth: 2, decoder_channels: [8, 8]}}, input: {{size: 32}}}}"
    settings = [f"model={model}", "train.epochs=1"]
    overrides = [part for setting in settings for part in ("--set", setting)]
    assert main(["train", "demo-semantic", *SHARED, *overrides, "--out", str(tmp_path / "run")]) == 0
    loaded = load_model(tmp_path / "run", "cpu")
    expected = Normalisation((0.0,) * 3, (1.0,) * 3)
    assert loaded.card.options["image_std"] == [1.0] * 3
    assert normalisation_of(loaded.module) == expected == find_model(name).normalisation

    # A training that was begun with ImageNet's, which earlier versions took for all, is continued with it.
    old = replace(loaded.card, options={k: v for k, v in loaded.card.options.items() if not k.startswith("image")})
    save_checkpoint(tmp_path / "last", old, loaded.module.state_dict(), {})
    train.keep_normalisation(loaded.module, tmp_path / "last" / "model.safetensors")
    assert normalisation_of(loaded.module) == IMAGENET


@pytest.mark.parametrize(
    ("device", "overrides", "fused"),
    [
        ("cpu", [], None),
        ("cuda", [], True),
        ("mps", ["train.clip_norm=1"], True),
        ("cuda", ["train.precision=16-mixed"], True),
        ("cuda", ["train.precision=16-mixed", "train.clip_norm=1"], None),
    ],
)
def test_on_a_gpu_the_optimiser_is_fused_unless_scaled_gradients_are_clipped(
    device: str, overrides: list[str], fused: bool | None
) -> None:
    recipe = load_recipe("demo-semantic", ["model.options={widths: [4, 8], bottleneck: 8}", *overrides])
    model, _ = build_model(recipe, ["disc", "ring", "square", "triangle"])
    optimizer = train.build_recipe_optimizer(recipe, model, torch.device(device))
    assert [group["fused"] for group in optimizer.param_groups] == [fused]


def test_a_gpu_that_is_not_there_ends_the_run_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert small_run("semantic", tmp_path / "run", "--set", "train.device=cuda", verb="train") == 2
    assert "train.device cuda: torch" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
