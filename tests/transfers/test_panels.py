"""Panels: the choice of images, and the content of each cell."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.annotations.taxonomy.shared_classes import shared_classes, transfer_taxonomy
from maskwright.images.decode import read_image
from maskwright.progress import Reporter
from maskwright.recipes.transfer import Bootstrap, ImageSet
from maskwright.reports.pictures.panels import GAP
from maskwright.runs.loaded_model import model_file
from maskwright.transfers.datasets import TransferDataset, load_transfer_dataset
from maskwright.transfers.models import TransferModel, open_transfer_model
from maskwright.transfers.panels import draw_panels
from maskwright.transfers.predictions import PredictionCache
from maskwright.transfers.scores import Rules, TransferEvaluation
from tests.transfers.transferred import SHAPES, detections, predict_from_truth, write_model

SCORE = 0.5
SQUARE = SHAPES.index("square") + 1


def drawn(
    folder: Path, models: dict[str, float | None], count: int, side: Any = "target", wanted: list[str] | None = None
) -> tuple[list[dict[str, str]], TransferDataset]:
    """Panels of six images where each model finds every object with its score (None: nothing), and the images.

    The model called squares finds these alone.
    """
    sets = {}
    for name, seed in (("source", 3), ("there", 4)):
        section = ImageSet.model_validate({"shapes": {"images": 6, "seed": seed}})
        sets[name] = load_transfer_dataset(name, section, folder, folder / name)
    contenders = [of_truth(folder, name, sets.values(), score) for name, score in models.items()]
    source, there = sets.values()
    tables = {model.name: model.card.table for model in contenders}
    taxonomy = transfer_taxonomy(source.table, there.table, tables.values())
    shared = shared_classes(taxonomy, source.table, there.table, tables, wanted)
    compared = TransferEvaluation(shared, source, there, Rules(SCORE, Bootstrap(samples=0)))
    predictions = PredictionCache(folder, "cpu", Reporter(quiet=True))
    records = draw_panels(folder, compared, side, contenders, predictions, count)
    return records, source if side == "source" else there


def of_truth(folder: Path, name: str, sets: Any, score: float | None) -> TransferModel:
    path = write_model(folder / f"model-{name}")
    for truth in sets:
        found = detections(truth, SHAPES, 0, 0, 0.0) if score is not None else []
        if name == "squares":
            found = [each for each in found if each["category_id"] == SQUARE]
        predict_from_truth(folder, name, path, truth, [{**each, "score": score} for each in found])
    return open_transfer_model(name, "model", model_file(path), {})


def number_of(record: dict[str, str]) -> int:
    return int(Path(record["file"]).stem.rpartition("-")[2])


def cells(file: Path, count: int) -> list[np.ndarray]:
    """The ``count`` pictures of a panel, without captions."""
    picture = read_image(file)
    width = (picture.shape[1] - GAP) // count
    assert picture.shape[1] == GAP + count * width
    return [picture[-360 - GAP : -GAP, GAP + i * width : (i + 1) * width].astype(int) for i in range(count)]


@pytest.mark.parametrize(("side", "name"), [("source", "source"), ("target", "there")])
def test_files_and_captions_name_the_side_and_its_images(tmp_path: Path, side: str, name: str):
    records, images = drawn(tmp_path, {"one": 0.9}, 3, side)
    names = {image["id"]: image["file_name"] for image in images.images}
    assert len(records) == len({each["file"] for each in records}) == 3
    for each in records:
        number = number_of(each)
        assert each == {
            "file": f"figures/panels/there-{side}-{number}.jpg",
            "caption": f"{name}: {names[number]}",
        }
        assert (tmp_path / each["file"]).is_file()


def test_each_model_has_a_cell_beside_image_and_truth(tmp_path: Path):
    (record,), _ = drawn(tmp_path, {"blind": None, "unsure": SCORE - 0.01, "sure": SCORE}, 1)
    image, truth, blind, unsure, sure = cells(tmp_path / record["file"], 5)
    # JPEG changes what is the same by a few levels.
    assert np.abs(image - blind).mean() < 2
    assert np.abs(image - unsure).mean() < 2
    assert np.abs(image - truth).mean() > 5
    assert np.abs(image - sure).mean() > 5


@pytest.mark.parametrize(("wanted", "is_drawn"), [(None, True), (["disc", "triangle", "ring"], False)])
def test_classes_that_are_not_compared_are_not_drawn(tmp_path: Path, wanted: list[str] | None, is_drawn: bool):
    (record,), images = drawn(tmp_path, {"squares": 0.9}, 1, wanted=wanted)
    shown = [each for each in images.annotations if each["image_id"] == number_of(record)]
    assert SQUARE in {each["category_id"] for each in shown}
    image, _, found = cells(tmp_path / record["file"], 3)
    assert (np.abs(image - found).mean() > 5) == is_drawn


def test_every_class_is_seen_before_any_image_is_shown_for_nothing(tmp_path: Path):
    records, images = drawn(tmp_path, {"one": None}, 2)
    classes: dict[int, set[int]] = {}
    for each in images.annotations:
        classes.setdefault(each["image_id"], set()).add(each["category_id"])
    first, second = (classes[number_of(each)] for each in records)
    assert len(first) == max(map(len, classes.values()))
    # No other image adds more classes than the second.
    assert len(second - first) == max(len(each - first) for each in classes.values())


def test_no_panel_is_drawn_where_none_is_asked_for(tmp_path: Path):
    records, _ = drawn(tmp_path, {"one": 0.9}, 0)
    assert records == []
    assert not (tmp_path / "figures").exists()
