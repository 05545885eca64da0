"""The function module for CVAT: spec and shapes as its SDK asks for them."""

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.errors import MaskwrightError, UsageError
from maskwright.masks.cropped import crop_masks
from maskwright.runs.loaded_model import load_model
from maskwright.server.cvat import CvatFunction, create, mask_points, polygon_points
from maskwright.structures import Instances
from tests.server.served import CLASSES, picture, random_model


class Sdk:
    """What the module uses of ``cvat_sdk.auto_annotation``, with what it asks of each call."""

    @staticmethod
    def label_spec(name: str, id: int, **more: Any) -> SimpleNamespace:
        return SimpleNamespace(name=name, id=id, **more)

    @staticmethod
    def DetectionFunctionSpec(*, labels: Any) -> SimpleNamespace:
        assert len({label.id for label in labels}) == len(labels)
        return SimpleNamespace(labels=labels)

    @staticmethod
    def mask(label_id: int, points: Any) -> SimpleNamespace:
        return SimpleNamespace(type="mask", label_id=label_id, points=points)

    @staticmethod
    def polygon(label_id: int, points: Any) -> SimpleNamespace:
        assert len(points) >= 6
        assert len(points) % 2 == 0
        return SimpleNamespace(type="polygon", label_id=label_id, points=points)


def asked(least: float | None = None, polygons: bool = False) -> SimpleNamespace:
    return SimpleNamespace(frame_name="a.png", conf_threshold=least, conv_mask_to_poly=polygons)


def decoded(points: list[int], size: tuple[int, int]) -> np.ndarray:
    """The mask of CVAT's ``points``, by its format's description."""
    *runs, left, top, right, bottom = points
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    found = np.zeros(size, np.bool_)
    found[top : bottom + 1, left : right + 1] = values.reshape(bottom + 1 - top, right + 1 - left)
    return found


def with_hole_and_parts() -> np.ndarray:
    mask = np.zeros((40, 50), np.bool_)
    mask[5:25, 6:30] = True
    mask[10:15, 12:20] = False
    mask[30:38, 40:49] = True
    return mask


@pytest.mark.parametrize("seed", range(5))
def test_masks_come_back_to_the_pixel(seed: int) -> None:
    mask = np.random.default_rng(seed).random((23, 17)) > 0.6 if seed else with_hole_and_parts()
    rle = Instances.from_dense(mask[None], labels=[1]).masks[0]
    (cropped,) = crop_masks([rle])
    assert (decoded(mask_points(cropped), mask.shape) == mask).all()


def test_masks_are_those_of_cvat_s_own_code() -> None:
    masks = pytest.importorskip("cvat_sdk.masks")
    mask = with_hole_and_parts()
    (cropped,) = crop_masks(Instances.from_dense(mask[None], labels=[1]).masks)
    assert mask_points(cropped) == masks.encode_mask(mask)
    assert (masks.decode_mask(mask_points(cropped), image_width=50, image_height=40) == mask).all()


def test_a_polygon_encloses_the_pixels_of_all_parts_without_the_holes() -> None:
    mask = with_hole_and_parts()
    points = np.array(polygon_points(Instances.from_dense(mask[None], labels=[1]).masks[0])).reshape(-1, 2)
    # Ten times as large, so that the outline passes between the centres of pixels.
    drawn = np.zeros((400, 500), np.uint8)
    cv2.fillPoly(drawn, [(10 * points).astype(np.int32)], 1)
    assert (drawn[5::10, 5::10].astype(bool) == mask).all()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {task: random_model(task, folder) for task in ("semantic", "instance")}


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_the_shapes_are_what_the_model_finds(task: str, models: dict[str, Path]) -> None:
    function = CvatFunction(load_model(models[task], "cpu"), Sdk())
    assert [(label.id, label.name, label.type) for label in function.spec.labels] == [
        (number, name, "mask") for number, name in enumerate(CLASSES, start=1)
    ]
    image = picture(width=90, height=70)
    shapes = function.detect(asked(0.0), Image.fromarray(image))
    found = function.model.predict(image)
    if task == "semantic":
        labels = [label for label in np.unique(found) if label]
        assert [shape.label_id for shape in shapes] == labels
        assert all((decoded(s.points, found.shape) == (found == s.label_id)).all() for s in shapes)
        return
    shown = [number for number, plane in enumerate(found.dense()) if plane.any()]
    assert [shape.label_id for shape in shapes] == found.labels[shown].tolist() != []
    assert all((decoded(s.points, found.size) == found.dense()[n]).all() for s, n in zip(shapes, shown, strict=True))
    highest = float(found.scores.max())
    assert len(function.detect(asked(highest), Image.fromarray(image))) <= (found.scores >= highest).sum()
    strict = CvatFunction(function.model, Sdk(), score=1.0)
    assert not strict.detect(asked(), Image.fromarray(image))
    polygons = function.detect(asked(0.0, polygons=True), Image.fromarray(image).convert("RGBA"))
    assert {shape.type for shape in polygons} == {"polygon"}
    assert len(polygons) == len(shapes)


def test_its_own_sdk_takes_the_spec_and_the_shapes(models: dict[str, Path]) -> None:
    pytest.importorskip("cvat_sdk.auto_annotation")
    function = create(str(models["instance"]), device="cpu", score=0.0)
    assert [label.name for label in function.spec.labels] == CLASSES
    for polygons, kind in ((False, "mask"), (True, "polygon")):
        shapes = function.detect(asked(polygons=polygons), Image.fromarray(picture()))
        assert shapes
        assert all(shape.frame == 0 and str(shape.type) == kind for shape in shapes)


def test_without_the_sdk_the_remedy_is_named(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MaskwrightError, match="pip install cvat-cli"):
        create(str(models["instance"]))
    with pytest.raises(UsageError, match="score"):
        create(str(models["instance"]), score=2.0)
