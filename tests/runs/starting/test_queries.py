"""The number of queries from the data: by the densest training image, and never of weights that have their own."""

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.model_file import ModelCard
from maskwright.progress import Reporter
from maskwright.recipes.schema import Recipe
from maskwright.runs.context import model_options
from maskwright.runs.prepare import densest_image
from maskwright.runs.source_file import SourceFiles
from maskwright.runs.starting import queries
from maskwright.runs.starting.queries import room_for, with_queries

QUIET = Reporter(quiet=True)


@pytest.fixture
def data(tmp_path: Path) -> dict[str, Any]:
    """Two images: of 3 dogs, a crowd of dogs, two objects of sky and one without a mask; and of one dog."""
    square = [[0, 0, 4, 0, 4, 4, 0, 4]]
    rows = [(1, 1, 0)] * 3 + [(1, 1, 1), (1, 2, 0), (1, 2, 0), (2, 1, 0)]
    annotations = [
        {"id": number, "image_id": image, "category_id": category, "iscrowd": crowd, "segmentation": square,
         "area": 16, "bbox": [0, 0, 4, 4]}
        for number, (image, category, crowd) in enumerate(rows, start=1)
    ]  # fmt: skip
    annotations.append({**annotations[0], "id": 99, "segmentation": []})
    images = [{"id": number, "file_name": f"{number}.png", "height": 8, "width": 8} for number in (1, 2)]
    categories = [{"id": 1, "name": "dog"}, {"id": 2, "name": "sky"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (tmp_path / "labels.json").write_text(json.dumps(content))
    source = {"images": ".", "annotations": "labels.json"}
    return {"root": str(tmp_path), "train": source, "validation": source}


def recipe(data: dict[str, Any], task: str = "instance", **model: Any) -> Recipe:
    suffix = "" if task == "instance" else f"_{task}"
    model = {"name": f"mask2former_tiny{suffix}", "options": {"queries": "auto", "channels": 32}, **model}
    return Recipe.model_validate(
        {"name": "a", "task": task, "data": data, "model": model, "train": {"epochs": 1, "batch_size": 1}}
    )


@pytest.mark.parametrize(("objects", "expected"), [(0, 50), (33, 50), (34, 100), (133, 200), (200, 300), (201, 400)])
def test_there_is_room_for_half_as_many_objects_again(objects: int, expected: int) -> None:
    assert room_for(objects) == expected


def test_the_densest_image_is_found_without_crowds_and_objects_without_a_mask(data: dict[str, Any]) -> None:
    assert densest_image(recipe(data), SourceFiles()) == ("1.png", 5)
    stuff = recipe({**data, "stuff": ["sky"]}, "panoptic")
    assert densest_image(stuff, SourceFiles()) == ("1.png", 4)
    assert densest_image(recipe(data).model_copy(update={"classes": ["sky"]}), SourceFiles()) == ("1.png", 2)


def test_auto_becomes_a_number_and_other_options_stay(
    data: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = with_queries(recipe(data), SourceFiles(), Reporter())
    assert found.model.options == {"channels": 32, "queries": 50}
    assert "queries: 50, for the 5 objects of the densest image 1.png" in capsys.readouterr().err
    monkeypatch.setattr(queries, "_USUAL", (5, 10))
    assert with_queries(recipe(data), SourceFiles(), QUIET).model.options["queries"] == 10
    given = recipe(data, options={"queries": 7})
    assert with_queries(given, SourceFiles(), QUIET) is given


def test_published_weights_label_maps_and_built_in_data_keep_the_models_number(data: dict[str, Any]) -> None:
    published = recipe(data, name="rf_detr_seg_small", weights="coco", options={"queries": "auto"})
    for each in (published, recipe(data, "semantic"), recipe({"shapes": {}})):
        assert "queries" not in with_queries(each, SourceFiles(), QUIET).model.options


def test_a_model_file_keeps_what_its_card_says(data: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    card = ModelCard(
        name="mask2former_tiny", task="instance", options={"queries": 77}, classes=[], input={}, epoch=1, scores={},
        recipe={}, training_images=None,
    )  # fmt: skip
    monkeypatch.setattr(queries, "read_card", lambda path: card)
    started = recipe(data, weights="runs/a/model.safetensors")
    assert with_queries(started, SourceFiles(), QUIET).model.options["queries"] == 77


def test_a_trial_has_the_models_default(data: dict[str, Any]) -> None:
    assert "queries" not in model_options(recipe(data))
