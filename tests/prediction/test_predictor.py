"""A list gives the results of its images one by one, with every family of networks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from pycocotools import mask as coco_mask
from torch import nn

from maskwright.errors import NotFinite, UsageError, WeightsError
from maskwright.images.resize import InputSize
from maskwright.models import catalogue
from maskwright.models.detectron2.network import Detectron2RCNN
from maskwright.models.mask_rcnn import build_mask_rcnn
from maskwright.models.point_rend.rcnn import build_point_rend_rcnn
from maskwright.prediction.batches import LOOKAHEAD
from maskwright.prediction.predictor import Predictor
from maskwright.prediction.semantic import predict_logits, predict_pixels
from maskwright.prediction.test_time_augmentation import Views
from maskwright.structures import ClassTable, Instances
from tests.models.detectron2.conftest import tiny
from tests.prediction.invented import Local, random_image

TABLE = ClassTable.from_names(["one", "two", "three"])
SMALL: dict[str, Any] = {
    "backbone": "resnet18", "pyramid_channels": 16, "box_features": 16, "mask_channels": (8, 8), "short_side": 64,
    "longest": 96, "score_threshold": 0.0, "proposals_test": 50, "detections": 20, "anchor_sizes": (8, 16, 32, 64, 96),
}  # fmt: skip
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "mask_rcnn": lambda: build_mask_rcnn(3, **SMALL),
    "mask_rcnn_v2": lambda: build_mask_rcnn(3, version=2, **SMALL),
    "mask_scoring": lambda: build_mask_rcnn(3, mask_scoring=True, **SMALL),
    "cascade": lambda: build_mask_rcnn(3, cascade_ious=(0.5, 0.6, 0.7), **SMALL),
    "panet": lambda: build_mask_rcnn(3, path_aggregation=True, **SMALL),
    "point_rend": lambda: build_point_rend_rcnn(3, **SMALL),
    "detectron2_mask_rcnn": lambda: tiny("mask_rcnn", score_threshold=0.0, detections=10),
    "detectron2_point_rend": lambda: tiny("point_rend", score_threshold=0.0, detections=10),
}
# Resized and padded, these are of three sizes; those of one size have several sizes of their own.
SIZES = [(64, 96), (96, 64), (60, 95), (40, 40), (50, 70), (90, 63), (64, 96), (33, 47), (64, 64)]


def smooth_images() -> list[npt.NDArray[np.uint8]]:
    """Images with blobs of colour, in which networks with random weights find different objects."""
    chance = np.random.default_rng(5)
    return [
        cv2.resize(chance.integers(0, 256, (6, 6, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
        for height, width in SIZES
    ]


def predictor(module: nn.Module, task: Any = "instance", size: InputSize = InputSize(True, 32)) -> Predictor[Any]:  # noqa: B008
    if task == "instance":
        rule = "detectron2" if isinstance(module, Detectron2RCNN) else "torchvision"
        size = InputSize(False, 64, longest=96, rule=rule)
    return Predictor(module.eval(), task, TABLE, size, file=None)


def seen_batches(module: nn.Module) -> list[tuple[int, ...]]:
    """The shapes of the batches that the backbone of ``module`` gets from now on."""
    shapes: list[tuple[int, ...]] = []
    module.backbone.register_forward_pre_hook(lambda _, given: shapes.append(tuple(given[0].shape)))  # type: ignore[operator, union-attr]
    return shapes


@pytest.mark.parametrize("network", NETWORKS)
def test_a_list_gives_the_objects_that_its_images_give_one_by_one(network: str) -> None:
    torch.manual_seed(0)
    model, images = predictor(NETWORKS[network]()), smooth_images()
    alone = [model.predict(image) for image in images]
    shapes = seen_batches(model.module)
    together = model.predict(images, batch=3)
    assert sorted(shapes) == [(2, 3, 64, 64), (2, 3, 64, 96), (2, 3, 96, 64), (3, 3, 64, 96)]
    assert sum(len(found) for found in alone) >= 5 * len(images)
    for one, other, image in zip(alone, together, images, strict=True):
        assert one.size == other.size == image.shape[:2]
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_allclose(other.boxes, one.boxes, rtol=0, atol=1e-4)
        np.testing.assert_allclose(other.scores, one.scores, rtol=0, atol=1e-5)
        for mask, same in zip(one.masks, other.masks, strict=True):
            # A pixel changes side where its probability is within rounding of the threshold, here nowhere.
            assert (coco_mask.decode(mask) != coco_mask.decode(same)).sum() == 0


@pytest.mark.parametrize("network", ["panet", "detectron2_mask_rcnn"])
def test_one_image_at_a_time_is_the_same_to_the_bit(network: str) -> None:
    torch.manual_seed(0)
    model, images = predictor(NETWORKS[network]()), smooth_images()[:3]
    for found, image in zip(model.predict(images, batch=1), images, strict=True):
        alone = model.predict(image)
        np.testing.assert_array_equal(found.boxes, alone.boxes)
        np.testing.assert_array_equal(found.scores, alone.scores)
        assert found.masks == alone.masks


def test_results_encoded_in_threads_are_the_same_to_the_bit_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    model, images = predictor(NETWORKS["mask_rcnn"]()), smooth_images()
    alone = [list(model.instances(enumerate(images), batch)) for batch in (1, 4)]
    monkeypatch.setattr(Predictor, "result_threads", 3)
    for before, batch in zip(alone, (1, 4), strict=True):
        beside = list(model.instances(enumerate(images), batch))
        assert [number for number, _, _ in beside] == list(range(len(images)))
        for (_, _, one), (_, _, other) in zip(before, beside, strict=True):
            assert other.classes == TABLE
            assert (one.boxes == other.boxes).all()
            assert (one.scores == other.scores).all()
            assert one.masks == other.masks


@pytest.mark.parametrize("network", ["mask_rcnn", "detectron2_mask_rcnn"])
@pytest.mark.parametrize("size", [(1, 1), (2, 400), (400, 2), (64, 96), (65, 96), (33, 250), (97, 41)])
def test_the_padded_size_is_that_of_the_batch_that_one_image_is(network: str, size: tuple[int, int]) -> None:
    module = NETWORKS[network]().eval()
    shapes = seen_batches(module)
    with torch.inference_mode():
        module([torch.rand(3, *size)])
    assert [shape[-2:] for shape in shapes] == [module.padded_size(size)]  # type: ignore[operator]


VIEWS = [Views(), Views(flip=True, scales=(0.5, 1.5)), Views(window=24)]


@pytest.mark.parametrize("views", VIEWS, ids=["plain", "flip and scales", "window"])
@pytest.mark.parametrize("size", [InputSize(True, 32), InputSize(False, 32, 16)], ids=["square", "short side"])
def test_a_list_gives_the_label_maps_that_its_images_give_one_by_one(views: Views, size: InputSize) -> None:
    model = predictor(Local(), "semantic", size)
    images = [random_image(each) for each in SIZES]
    alone = [model.predict(image, views=views) for image in images]
    assert {label_map.shape for label_map in alone} == set(SIZES)
    assert all(len(np.unique(label_map)) > 2 for label_map in alone)
    for one, other in zip(alone, model.predict(images, batch=4, views=views), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_semantic_network_sees_images_of_one_input_size_together() -> None:
    shapes = []
    module = Local()
    module.register_forward_pre_hook(lambda _, given: shapes.append(tuple(given[0].shape)))
    predictor(module, "semantic").predict([random_image(size) for size in SIZES], batch=4)
    assert shapes == [(4, 3, 32, 32), (4, 3, 32, 32), (1, 3, 32, 32)]
    shapes.clear()
    sides = InputSize(False, 32, 16)
    predictor(module, "semantic", sides).predict([random_image(size) for size in SIZES], batch=9)
    assert sorted(shape[0] for shape in shapes) == [1, 2, 2, 4]


def test_a_network_of_the_catalogue_gives_a_list_what_it_gives_one_by_one() -> None:
    torch.manual_seed(0)
    model = predictor(catalogue.create_model("lraspp_mobilenet_v3_small", 3, {}), "semantic", InputSize(True, 64))
    images = [random_image(size) for size in SIZES[:4]]
    (alone,) = zip(*(predict_pixels(model.module, [image], model.input_size) for image in images), strict=True)
    for one, (_, _, other) in zip(alone, model.pixels(((None, image) for image in images), 4), strict=True):
        np.testing.assert_allclose(one.confidence, other.confidence, atol=1e-5)
        assert (one.label_map != other.label_map).mean() < 1e-3


class Counting(nn.Module):
    """Finds an object of score 0.2 and one of 0.9 in every image; with ``bad`` the output is NaN."""

    def __init__(self, bad: bool = False) -> None:
        super().__init__()
        self.weight, self.images, self.bad = nn.Parameter(torch.zeros(1)), 0, bad

    def forward(self, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        self.images += len(images)
        if self.bad:
            raise NotFinite("The model answers an image with NaN or infinity")
        boxes, labels = torch.tensor([[0.0, 0, 4, 4], [1, 1, 3, 3]]), torch.tensor([1, 3])
        found = {
            "boxes": boxes,
            "labels": labels,
            "scores": torch.tensor([0.9, 0.2]),
            "masks": torch.ones(2, 1, 28, 28),
        }
        return [found for _ in images]


def test_an_array_a_path_and_lists_of_them_are_images(tmp_path: Path) -> None:
    model, image = predictor(Counting()), random_image((8, 9))
    cv2.imwrite(str(tmp_path / "one.png"), image)
    assert isinstance(model.predict(image), Instances)
    assert model.predict(image[:, :, 0]).size == (8, 9)
    assert model.predict(tmp_path / "one.png").size == model.predict(str(tmp_path / "one.png")).size == (8, 9)
    for several in ([image, tmp_path / "one.png"], (image, image), (each for each in (image, image))):
        found = model.predict(several)
        assert isinstance(found, list)
        assert len(found) == 2
    assert model.predict([]) == []


def test_objects_carry_the_classes_of_the_model() -> None:
    model, images = predictor(Counting()), [random_image((8, 9)), random_image((9, 8))]
    assert [found.classes for found in model.predict(images, score=0.5)] == [TABLE, TABLE]
    assert model.predict(images[0]).classes is TABLE


def test_scores_below_the_asked_one_are_left_out() -> None:
    model, image = predictor(Counting()), random_image((8, 9))
    assert [len(model.predict(image, score=score)) for score in (0.0, 0.5, 1.0)] == [2, 1, 0]


def test_a_generator_is_read_as_results_are_taken() -> None:
    read: list[int] = []

    def images() -> Iterator[npt.NDArray[np.uint8]]:
        for number in range(50):
            read.append(number)
            yield random_image((8, 9))

    module = Counting()
    found = predictor(module).iter_predict(images(), batch=2)
    next(found)
    assert len(read) == module.images == 2 * LOOKAHEAD
    assert sum(1 for _ in found) == 49


def test_items_stay_with_their_images() -> None:
    images = [random_image(size) for size in SIZES]
    found = list(predictor(Counting()).instances(zip("abcdefghi", images, strict=True), 4))
    assert [item for item, _, _ in found] == list("abcdefghi")
    for (_, image, instances), given in zip(found, images, strict=True):
        assert image is given
        assert instances.size == given.shape[:2]


@pytest.mark.parametrize(
    ("task", "options", "named"),
    [
        ("instance", {"batch": 0}, "batch 0"),
        ("instance", {"score": 1.5}, r"score 1\.5"),
        ("instance", {"views": Views(flip=True)}, "views"),
        ("semantic", {"score": 0.5}, "score"),
    ],
)
def test_arguments_that_mean_nothing_are_refused_at_the_call(task: str, options: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        predictor(Local(), task).iter_predict([random_image((8, 9))], **options)


def test_a_wrong_image_of_a_list_is_named_by_its_place() -> None:
    with pytest.raises(UsageError, match=r"^images\[1\]: dtype float64"):
        predictor(Counting()).predict([random_image((8, 9)), np.zeros((8, 9, 3))])


def test_answers_that_are_not_finite_name_the_file() -> None:
    bad = Counting(bad=True)
    with pytest.raises(WeightsError, match=r"^here/model\.safetensors: The model answers"):
        Predictor(bad, "instance", TABLE, InputSize(True, 8), Path("here/model.safetensors")).predict(
            random_image((8, 8))
        )
    with pytest.raises(NotFinite, match=r"^The model answers"):
        predictor(bad).predict(random_image((8, 8)))


@pytest.mark.parametrize("batch", [1, 3])
def test_whoever_watches_sees_each_output_with_its_images_and_changes_nothing(batch: int) -> None:
    module = Local().eval()
    model = predictor(module, "semantic")
    images = [(number, random_image((20 + number, 30))) for number in range(4)]
    seen: dict[int, torch.Tensor] = {}

    def watch(numbers: list[int], output: dict[str, torch.Tensor]) -> None:
        assert len(numbers) <= batch
        seen.update(zip(numbers, output["logits"], strict=True))

    found = [label_map for *_, label_map in model.label_maps(images, batch=batch, watch=watch)]
    plain = [label_map for *_, label_map in model.label_maps(images, batch=batch)]
    assert all(np.array_equal(one, other) for one, other in zip(found, plain, strict=True))
    for number, image in images:
        (logits,) = predict_logits(module, [image], InputSize(True, 32))
        small = torch.nn.functional.interpolate(seen[number][None], image.shape[:2], mode="bilinear")[0]
        torch.testing.assert_close(small, logits)
