"""Finding and loading a trained model by run, checkpoint or file."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from maskwright.errors import UsageError, WeightsError
from maskwright.runs.loaded_model import load_model, model_file
from tests.workflows.spoilt import change_weights


def test_run_checkpoint_and_file_lead_to_the_same_model(semantic_run: Path) -> None:
    file = semantic_run / "checkpoints" / "best" / "model.safetensors"
    assert [model_file(path) for path in (semantic_run, file.parent, file)] == [file] * 3


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model here; expected a run folder"):
        model_file(tmp_path)


def test_a_loaded_model_has_the_trained_weights_and_is_in_evaluation_mode(semantic_run: Path) -> None:
    loaded = load_model(semantic_run, "cpu")
    weights = load_file(semantic_run / "checkpoints" / "best" / "model.safetensors")
    assert all(torch.equal(value, weights[key]) for key, value in loaded.module.state_dict().items())
    assert not loaded.module.training
    assert loaded.table.names == ["disc", "square", "triangle", "ring"]


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
