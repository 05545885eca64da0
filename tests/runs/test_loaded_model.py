"""Finding and loading a trained model by run, checkpoint or file."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from maskwright.errors import UsageError, WeightsError
from maskwright.masks.png import read_label_map
from maskwright.model_file import card_metadata, read_model_file
from maskwright.run_folder import RunFolder, model_file
from maskwright.runs.loaded_model import load_model
from maskwright.structures import Instances
from tests.workflows.spoilt import change_weights


def test_run_checkpoint_and_file_lead_to_the_same_model(semantic_run: Path) -> None:
    file = semantic_run / "checkpoints" / "best" / "model.safetensors"
    assert [model_file(path) for path in (semantic_run, file.parent, file)] == [file] * 3
    assert [load_model(path).file for path in (str(semantic_run), RunFolder(semantic_run))] == [file] * 2


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model here; expected a run folder"):
        model_file(tmp_path)


def test_a_loaded_model_has_the_trained_weights_and_is_in_evaluation_mode(semantic_run: Path) -> None:
    loaded = load_model(semantic_run, "cpu")
    weights = load_file(semantic_run / "checkpoints" / "best" / "model.safetensors")
    assert all(torch.equal(value, weights[key]) for key, value in loaded.module.state_dict().items())
    assert not loaded.module.training
    assert loaded.classes.names == ["disc", "square", "triangle", "ring"]


def test_weights_that_do_not_fit_their_card_are_refused(semantic_run: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    source = semantic_run / "checkpoints" / "best" / "model.safetensors"
    with safe_open(source, framework="pt") as file:
        card = json.loads(file.metadata()["maskwright"])
    card["options"]["widths"] = [4, 12]
    save_file(load_file(source), tmp_path / "model.safetensors", metadata={"maskwright": json.dumps(card)})
    with pytest.raises(WeightsError, match="does not fit the model residual_attention_unet"):
        load_model(tmp_path, "cpu")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_weights_that_are_not_finite_are_refused_by_name(
    task: str, value: float, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    shutil.copytree(request.getfixturevalue(f"{task}_run") / "checkpoints" / "best", tmp_path / "best")
    name = change_weights(tmp_path / "best" / "model.safetensors", value)
    with pytest.raises(
        WeightsError, match=rf"best/model\.safetensors: NaN .* in 1 of \d+ tensors, such as {name}; exp"
    ):
        load_model(tmp_path / "best", "cpu")


def test_a_checkpoint_is_complete_in_itself(semantic_run: Path, tmp_path: Path) -> None:
    shutil.copy(semantic_run / "checkpoints" / "last" / "model.safetensors", tmp_path / "anything.safetensors")
    assert load_model(tmp_path / "anything.safetensors", "cpu").card.task == "semantic"


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_what_a_model_predicts_is_what_the_evaluation_saved(task: Any, request: pytest.FixtureRequest) -> None:
    run: Path = request.getfixturevalue(f"{task}_run")
    model = load_model(str(run), "cpu", task=task)
    assert (model.task, model.device, len(model.classes)) == (task, torch.device("cpu"), 4)
    photos = sorted((run / "data" / "validation" / "images").iterdir())
    saved = run / "predictions" / "validation"
    records = json.loads((saved / "instances.json").read_text()) if task == "instance" else []
    for photo, found in zip(photos, model.predict(photos), strict=True):
        if isinstance(found, Instances):
            of_photo = [record for record in records if record["file_name"] == photo.name]
            assert found.scores.tolist() == [np.float32(record["score"]) for record in of_photo]
            counts = [record["segmentation"]["counts"].encode() for record in of_photo]
            assert [rle["counts"] for rle in found.masks] == counts
        else:
            np.testing.assert_array_equal(found, read_label_map(saved / "label_maps" / f"{photo.stem}.png"))
    assert records or task == "semantic"


def test_a_model_of_another_task_or_on_an_unknown_device_is_refused(semantic_run: Path) -> None:
    with pytest.raises(UsageError, match=r"model\.safetensors: .* task semantic; expected .* instance"):
        load_model(semantic_run, task="instance")
    with pytest.raises(UsageError, match="Nearest: cpu"):
        load_model(semantic_run, "cpus")


def test_a_model_that_answers_with_nan_is_named_by_its_file(semantic_run: Path) -> None:
    model = load_model(semantic_run, "cpu")
    with torch.no_grad():
        next(model.module.parameters()).fill_(float("nan"))
    with pytest.raises(WeightsError, match=r"best/model\.safetensors: The model answers"):
        model.predict(np.zeros((8, 8, 3), np.uint8))


@pytest.mark.parametrize(
    "changed",
    [
        {"options": {"widths": [10**6, 10**6]}},  # terabytes
        {"options": {"widths": [-4, 8]}},
        {"name": "no_such_model"},
        {"task": "instance"},
        {"input": {"sise": 32}},
        {"input": {"size": "x"}},
    ],
    ids=str,
)
def test_a_card_that_describes_another_model_is_refused_before_memory_is_taken(
    changed: dict[str, Any], semantic_run: Path, tmp_path: Path
) -> None:
    source = semantic_run / "checkpoints" / "best" / "model.safetensors"
    card, weights = read_model_file(source)
    file = tmp_path / "changed.safetensors"
    save_file(weights, file, card_metadata(replace(card, **changed)))
    with pytest.raises(WeightsError, match=r"changed\.safetensors: "):
        load_model(file, "cpu")
