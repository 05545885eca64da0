"""Checkpoints are restored bit for bit, written completely or not at all, and never executed."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from maskwright.errors import WeightsError
from maskwright.model_file import read_model_file
from maskwright.run_folder import MODEL_FILE
from maskwright.training.checkpoint import STATE_FILE, read_state, save_checkpoint, snapshot
from tests.training.invented_model import bits, make_card, make_weights


def make_state(seed: int = 0) -> dict[str, Any]:
    return {"optimizer": {"state": {0: {"step": 4, "exp_avg": make_weights(seed)["float"]}}}, "best": 0.3, "epoch": 3}


def save(folder: Path, seed: int = 0, epoch: int = 3) -> None:
    save_checkpoint(folder, make_card(epoch), make_weights(seed), make_state(seed))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_training_state_comes_back_to_the_bit(tmp_path: Path) -> None:
    save(tmp_path / "last")
    state = read_state(tmp_path / "last")
    assert state is not None
    before, after = make_state()["optimizer"]["state"][0], state["optimizer"]["state"][0]
    assert bits({"a": after["exp_avg"]}) == bits({"a": before["exp_avg"]})
    assert (state["best"], state["epoch"], after["step"]) == (0.3, 3, 4)


def test_a_second_save_replaces_the_whole_folder(tmp_path: Path) -> None:
    folder = tmp_path / "last"
    save(folder)
    (folder / "stray").write_text("of the first")
    save(folder, seed=1, epoch=4)
    assert sorted(files(folder)) == [MODEL_FILE, STATE_FILE]
    card, weights = read_model_file(folder / MODEL_FILE)
    assert card.epoch == 4
    assert bits(weights) == bits(make_weights(1))
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_a_save_that_fails_leaves_the_old_checkpoint_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "last"
    save(folder)
    before = files(folder)
    # The model is written, then the state cannot be.
    with pytest.raises(Exception, match="pickle"):
        save_checkpoint(folder, make_card(4), make_weights(1), {"cannot be saved": lambda: None})
    assert files(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_a_checkpoint_set_aside_by_a_killed_save_is_found_again(tmp_path: Path) -> None:
    save(tmp_path / "last")
    (tmp_path / "last").rename(tmp_path / ".last.old.part")  # the first of the save's two renames
    state = read_state(tmp_path / "last")
    assert state is not None
    assert state["epoch"] == 3


def test_without_a_checkpoint_there_is_no_state(tmp_path: Path) -> None:
    assert read_state(tmp_path / "last") is None


class Code:
    """A pickle that makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_a_state_with_code_is_refused_and_the_code_does_not_run(tmp_path: Path) -> None:
    folder, made = tmp_path / "last", tmp_path / "made by the code"
    save(folder)
    torch.save({"epoch": 3, "extra": Code(made)}, folder / STATE_FILE)
    with pytest.raises(WeightsError, match="Start again without --resume"):
        read_state(folder)
    assert not made.exists()
    torch.load(folder / STATE_FILE, weights_only=False)  # the code is real
    assert made.exists()


def test_a_truncated_state_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    save(tmp_path / "last")
    path = tmp_path / "last" / STATE_FILE
    content = path.read_bytes()
    for length in range(0, len(content) - 1, len(content) // 40):
        path.write_bytes(content[:length])
        with pytest.raises(WeightsError, match="Start again without --resume"):
            read_state(tmp_path / "last")


def test_a_snapshot_stays_as_it_was_when_the_training_goes_on() -> None:
    model = torch.nn.BatchNorm2d(3)
    weights = model.state_dict()
    state = {"model": weights, "again": [weights["weight"]], "rates": (0.1, None), "step": 4}
    kept = snapshot(state)
    with torch.no_grad():
        model.weight.zero_()
    assert kept["model"]["weight"].tolist() == [1.0, 1.0, 1.0]
    assert kept["again"][0] is kept["model"]["weight"]
    assert (kept["rates"], kept["step"]) == ((0.1, None), 4)
    # The versions of the modules, by which later versions of torch read old states.
    assert kept["model"]._metadata == weights._metadata
    assert kept["model"].keys() == weights.keys()


def test_a_checkpoint_without_a_state_has_the_model_file_alone(tmp_path: Path) -> None:
    folder = tmp_path / "best"
    save(folder)
    save_checkpoint(folder, make_card(4), make_weights(1), None)
    assert sorted(files(folder)) == [MODEL_FILE]
    assert read_state(folder) is None
    assert bits(read_model_file(folder / MODEL_FILE)[1]) == bits(make_weights(1))
    # Readable by those whom the umask lets read.
    save(tmp_path / "last")
    assert (folder / MODEL_FILE).stat().st_mode == (tmp_path / "last" / MODEL_FILE).stat().st_mode


def test_weights_are_kept_once_and_come_back_with_the_state_to_the_bit(tmp_path: Path) -> None:
    weights = make_weights(0)
    save_checkpoint(tmp_path / "last", make_card(3), weights, {**make_state(0), "model": None})
    state = read_state(tmp_path / "last")
    assert state is not None
    assert bits(state["model"]) == bits(weights)
    assert state["epoch"] == 3


def test_a_state_whose_model_file_is_damaged_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last", make_card(3), make_weights(0), {"model": None})
    (tmp_path / "last" / MODEL_FILE).write_bytes(b"damaged")
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        read_state(tmp_path / "last")


def test_the_same_checkpoint_has_the_same_bytes(tmp_path: Path) -> None:
    materials = [{"part": "backbone", "name": "imagenet", "licence": None}]
    for number in range(8):
        save_checkpoint(tmp_path / str(number), make_card(3), make_weights(0), None, materials)
    assert len({(folder / MODEL_FILE).read_bytes() for folder in tmp_path.iterdir()}) == 1
    assert [file.name for file in (tmp_path / "0").iterdir()] == [MODEL_FILE]
