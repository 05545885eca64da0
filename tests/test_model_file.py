"""A model file says what it is, comes back to the bit, and is refused when it is damaged or another program's."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from maskwright.errors import WeightsError
from maskwright.model_file import (
    CARD_KEY,
    MATERIALS_KEY,
    card_metadata,
    read_card,
    read_materials,
    read_model_file,
    read_provenance,
    write_model_file,
)
from tests.training.invented_model import TABLE, bits, make_card, make_weights

SOURCE = {"file": "model.pkl", "sha256": "ab12"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    write_model_file(path, make_card(), make_weights(), SOURCE)
    return path


def test_the_model_comes_back_to_the_bit_with_its_card(model: Path) -> None:
    card, weights = read_model_file(model)
    assert bits(weights) == bits(make_weights())
    assert card == make_card()
    assert card.table == TABLE
    assert read_provenance(model) == SOURCE


def test_the_card_alone_is_read_of_a_model_file_and_of_nothing_else(model: Path, tmp_path: Path) -> None:
    assert read_card(model) == make_card()
    save_file({"weight": torch.ones(2)}, tmp_path / "foreign.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(model.read_bytes()[:100])
    (tmp_path / "model.pth").write_bytes(model.read_bytes())
    for name in ("foreign.safetensors", "cut.safetensors", "model.pth", "lost.safetensors"):
        assert read_card(tmp_path / name) is None, name


def test_weights_without_a_source_say_nothing_of_it(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(2)}, tmp_path / "trained.safetensors", card_metadata(make_card()))
    assert read_provenance(tmp_path / "trained.safetensors") == {}
    assert read_card(tmp_path / "trained.safetensors") == make_card()


def test_the_card_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "later.safetensors"
    card = asdict(make_card()) | {"invented_later": 1}
    save_file({"weight": torch.ones(2)}, path, {CARD_KEY: json.dumps(card)})
    with pytest.raises(WeightsError, match=r"later\.safetensors: .*invented_later"):
        read_model_file(path)
    assert read_card(path) is None


def test_safetensors_of_another_program_are_refused_with_the_remedy(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(2)}, tmp_path / "foreign.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match=r"foreign\.safetensors: .*Use checkpoints/best/model\.safetensors of a run"):
        read_model_file(tmp_path / "foreign.safetensors")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_model_file_is_refused(share: float, model: Path) -> None:
    content = model.read_bytes()
    model.write_bytes(content[: int(share * len(content))])
    with pytest.raises(WeightsError, match="Train or copy it again"):
        read_model_file(model)


def test_a_missing_model_file_is_a_weights_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"lost\.safetensors"):
        read_model_file(tmp_path / "lost.safetensors")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": 5},
        {"task": "video"},
        {"options": []},
        {"options": {"widths": [4] * 5000}},
        {"classes": "abc"},
        {"classes": [{"index": 1}]},
        {"classes": [{"index": 2, "name": "a", "color": [1, 2, 3]}]},
        {"classes": [{"index": 1, "name": "a", "color": [1, 2, 300]}]},
        {"epoch": "x"},
        {"scores": {"mIoU": "high"}},
        {"recipe": None},
    ],
    ids=str,
)
def test_a_card_of_wrong_types_is_a_weights_error(wrong: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "wrong.safetensors"
    save_file({"weight": torch.ones(2)}, path, {CARD_KEY: json.dumps(asdict(make_card()) | wrong)})
    with pytest.raises(WeightsError, match=r"wrong\.safetensors: has a damaged card"):
        read_model_file(path)
    assert read_card(path) is None


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"options": ' + '{"a": ' * 200 + "1" + "}" * 201, "[]", "5", "", "nul"]
)
def test_a_card_of_any_text_is_a_weights_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.safetensors"
    save_file({"weight": torch.ones(2)}, path, {CARD_KEY: text, "source": text})
    with pytest.raises(WeightsError, match=r"wrong\.safetensors: has a damaged card"):
        read_model_file(path)
    assert read_card(path) is None
    assert isinstance(read_provenance(path), dict)


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    weights = {"b": torch.arange(3.0), "a": torch.ones(2, 2, dtype=torch.float16)}
    written = set()
    for number in range(8):
        path = tmp_path / f"{number}.safetensors"
        write_model_file(path, make_card(), weights, {"from": "naïve"})
        written.add(path.read_bytes())
    assert len(written) == 1
    card, read = read_model_file(path)
    assert card == make_card()
    assert all(torch.equal(read[name], value) for name, value in weights.items())
    assert read_provenance(path) == {"from": "naïve"}


def test_the_bill_of_materials_comes_back_and_nonsense_in_its_place_is_none(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    materials = [{"part": "backbone", "name": "imagenet", "licence": None}]
    write_model_file(path, make_card(), make_weights(), SOURCE, materials)
    assert read_materials(path) == materials
    assert read_card(path) == make_card()
    for text in ("", "[", "7", "[7]", '[{"part": {}}]', "[" * 50_000, json.dumps([{"part": "x" * 200_000}])):
        save_file({"weight": torch.ones(2)}, path, {**card_metadata(make_card()), MATERIALS_KEY: text})
        assert read_materials(path) == []
    save_file({"weight": torch.ones(2)}, path, {CARD_KEY: "{}"})
    assert read_materials(path) == []
