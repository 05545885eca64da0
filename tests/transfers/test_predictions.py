"""Predictions are cached, and made again only when the model or the images have changed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hotcoco import mask as coco_mask
from torch import nn

from maskwright.files import read_json, write_json
from maskwright.images.resize import InputSize
from maskwright.progress import Reporter
from maskwright.recipes.transfer import ImageSet
from maskwright.runs.loaded_model import LoadedModel, model_file
from maskwright.structures import ClassTable
from maskwright.transfers import predictions as transfer_predictions
from maskwright.transfers.datasets import TransferDataset, load_transfer_dataset
from maskwright.transfers.models import TransferModel, open_transfer_model
from maskwright.transfers.predictions import PredictionCache
from tests.transfers.transferred import SHAPES, write_model

QUIET = Reporter(quiet=True)


class Bright(nn.Module):
    """Finds one square of class 2 whose score is the mean brightness of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen = 0

    def forward(self, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        self.seen += len(images)
        found = {"boxes": [[4.0, 8.0, 20.0, 24.0]], "scores": [images[0].mean()], "labels": [2]}
        return [{**{key: torch.tensor(value) for key, value in found.items()}, "masks": torch.ones(1, 1, 28, 28)}]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Bright]:
    """The models that were loaded so far."""
    loaded: list[Bright] = []

    def load(path: Path, device: str) -> LoadedModel[Any]:
        assert device == "cpu"
        loaded.append(Bright().eval())
        card: Any = SimpleNamespace()
        return LoadedModel(
            module=loaded[-1],
            task="instance",
            classes=ClassTable.from_names(SHAPES, [(3,), (7,), (11,), (20,)]),
            input_size=InputSize(True, 32),
            file=path,
            card=card,
        )

    monkeypatch.setattr(transfer_predictions, "load_model", load)
    return loaded


def images(folder: Path, name: str = "there", count: int = 3) -> TransferDataset:
    section = ImageSet.model_validate({"shapes": {"images": count}})
    return load_transfer_dataset(name, section, folder, folder / name)


def model(folder: Path, name: str = "one", salt: float = 0.0) -> TransferModel:
    return open_transfer_model(name, "model", model_file(write_model(folder / name, salt=salt)), {})


def test_every_image_is_predicted_and_kept_as_it_is_given(tmp_path: Path, loads: list[Bright]):
    there = images(tmp_path)
    found = PredictionCache(tmp_path, "cpu", QUIET).of(model(tmp_path), there)
    assert [each["image_id"] for each in found] == [image["id"] for image in there.images]
    assert len({each["score"] for each in found}) == 3  # each from its own pixels
    for each, image in zip(found, there.images, strict=True):
        assert (each["file_name"], each["category_id"]) == (image["file_name"], 2)
        x, y = image["width"] / 32, image["height"] / 32  # the model sees 32 × 32 pixels
        assert each["bbox"] == pytest.approx([4 * x, 8 * y, 16 * x, 16 * y], abs=1e-3)
        mask = coco_mask.decode(each["segmentation"])
        assert mask.shape == (image["height"], image["width"])
        assert mask[round(10 * y) : round(22 * y), round(6 * x) : round(18 * x)].all()
        assert not mask[round(26 * y) :].any()
    kept = tmp_path / "predictions" / "one" / "there"
    assert [each["name"] for each in read_json(kept / "classes.json")] == list(SHAPES)
    assert [each["score"] for each in read_json(kept / "instances.json")] == [each["score"] for each in found]
    # In the file ids are those of the model's training file, in memory indices.
    assert {each["category_id"] for each in read_json(kept / "instances.json")} == {7}


def test_what_is_kept_needs_no_model(tmp_path: Path, loads: list[Bright]):
    there, one = images(tmp_path), model(tmp_path)
    first = PredictionCache(tmp_path, "cpu", QUIET).of(one, there)
    again = PredictionCache(tmp_path, "cpu", QUIET).of(one, there)
    assert again == first
    assert isinstance(again[0]["segmentation"]["counts"], bytes)
    assert len(loads) == 1


def test_what_an_earlier_version_kept_has_indices(tmp_path: Path, loads: list[Bright]):
    there, one = images(tmp_path), model(tmp_path)
    first = PredictionCache(tmp_path, "cpu", QUIET).of(one, there)
    folder = tmp_path / "predictions" / "one" / "there"
    write_json(folder / "classes.json", ClassTable.from_names(SHAPES).to_json())
    records = read_json(folder / "instances.json")
    write_json(folder / "instances.json", [{**each, "category_id": 2} for each in records])
    assert PredictionCache(tmp_path, "cpu", QUIET).of(one, there) == first
    assert len(loads) == 1


def test_another_model_file_or_other_images_are_predicted_anew(tmp_path: Path, loads: list[Bright]):
    PredictionCache(tmp_path, "cpu", QUIET).of(model(tmp_path), images(tmp_path))
    more = PredictionCache(tmp_path, "cpu", QUIET).of(model(tmp_path), images(tmp_path, count=4))
    assert (len(loads), len(more)) == (2, 4)
    PredictionCache(tmp_path, "cpu", QUIET).of(model(tmp_path, salt=1.0), images(tmp_path, count=4))
    assert len(loads) == 3


def test_sets_and_models_are_kept_apart_and_a_model_is_loaded_once_for_its_sets(tmp_path: Path, loads: list[Bright]):
    predictions = PredictionCache(tmp_path, "cpu", QUIET)
    sets = images(tmp_path), images(tmp_path, "here", 2)
    for name in ("one", "other"):
        for each in sets:
            predictions.of(model(tmp_path, name), each)
    assert [each.seen for each in loads] == [5, 5]
    kept = {path.relative_to(tmp_path / "predictions").as_posix() for path in tmp_path.rglob("made.json")}
    assert kept == {f"{name}/{place}/made.json" for name in ("one", "other") for place in ("there", "here")}


def test_predictions_that_broke_off_are_not_taken_for_whole(
    tmp_path: Path, loads: list[Bright], monkeypatch: pytest.MonkeyPatch
):
    there, one = images(tmp_path), model(tmp_path)
    read, last = transfer_predictions.read_image, there.path_of(there.images[-1])

    def broken(path: Path) -> np.ndarray:
        if path == last:
            raise KeyboardInterrupt
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(transfer_predictions, "read_image", broken)
        with pytest.raises(KeyboardInterrupt):
            PredictionCache(tmp_path, "cpu", QUIET).of(one, there)
    assert len(PredictionCache(tmp_path, "cpu", QUIET).of(one, there)) == 3
    assert len(loads) == 2


def test_a_model_that_finds_nothing_has_an_empty_list(tmp_path: Path, loads: list[Bright]):
    there, one = images(tmp_path, count=1), model(tmp_path)
    folder = tmp_path / "predictions" / "one" / "there"
    write_json(folder / "instances.json", [])
    write_json(folder / "made.json", {"model": one.sha256, "images": there.identity})
    assert PredictionCache(tmp_path, "cpu", QUIET).of(one, there) == []
    assert not loads
