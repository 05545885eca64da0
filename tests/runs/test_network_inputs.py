"""What networks see: every key of ``augment`` changes it in every family of models, or the recipe is refused."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from maskwright.errors import UsageError
from maskwright.images.decode import read_image
from maskwright.models.catalogue import MODELS, PATTERNS, find_model
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe, validate_recipe
from maskwright.recipes.training import Augment
from maskwright.runs.context import build_model, predictor_of
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.masks import masks_stage
from maskwright.runs.training_data import build_loader
from tests.models.detectron2.conftest import HEADS, TINY

# A small model of each family; a name of the catalogue belongs to the longest that it begins with.
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "deeplabv3": ("deeplabv3_mobilenet_v3_small", {}),
    "deeplabv3_point_rend": ("deeplabv3_point_rend_mobilenet_v3_small", {}),
    "lraspp": ("lraspp_mobilenet_v3_small", {}),
    "fcn": ("fcn_resnet50", {}),
    "residual_attention_unet": ("residual_attention_unet", {"widths": [4, 8], "bottleneck": 8}),
    "smp:": ("smp:Unet/resnet18", {}),
    "smp:…/tu-": ("smp:Unet/tu-mobilenetv3_small_050", {}),
    "mask_rcnn": ("mask_rcnn_small", {}),
    "cascade_mask_rcnn": ("cascade_mask_rcnn_small", {}),
    "panet": ("panet_small", {}),
    "point_rend": ("point_rend_small", {"coarse_features": 16}),
    "mask_rcnn:timm:": ("mask_rcnn:timm:mobilenetv3_small_050", {"pyramid_channels": 16, "box_features": 16}),
    "mask2former": ("mask2former_tiny", {}),
    "mask2former_semantic": ("mask2former_tiny_semantic", {}),
    "eomt": ("eomt_tiny", {}),
    "eomt_semantic": ("eomt_tiny_semantic", {}),
    "rf_detr_seg": ("rf_detr_seg_tiny", {}),
    "segformer": ("segformer_b0", {}),
    "detectron2_mask_rcnn": ("detectron2_mask_rcnn_resnet50_fpn", TINY | HEADS["mask_rcnn"]),
    "detectron2_point_rend": ("detectron2_point_rend_resnet50_fpn", TINY | HEADS["point_rend"]),
}
SEMANTIC = [family for family, (name, _) in FAMILIES.items() if find_model(name).task == "semantic"]
INSTANCE = [family for family in FAMILIES if family not in SEMANTIC]
STRONG: dict[str, Any] = {
    "horizontal_flip": 1, "vertical_flip": 1, "rotation": 40, "brightness": 0.5, "contrast": 0.5, "saturation": 0.9,
    "hue": 0.4, "scale": [0.5, 0.5], "crop": 32, "copy_paste": 1,
}  # fmt: skip
SIDE = 64


class Seen(Exception):
    """Ends a forward pass at the first convolution; ``args`` holds its input."""


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Experiment]:
    """Return an experiment of each task, with masks."""
    made = {}
    for task in ("semantic", "instance"):
        recipe = load_recipe(f"demo-{task}", ["data.shapes={train: 4, validation: 1, seed: 3}", "train.batch_size=4"])
        made[task] = Experiment(create_run(recipe, tmp_path_factory.mktemp(task) / "run", Reporter(quiet=True)))
    masks_stage(made["semantic"])
    return made


def varied(begun: dict[str, Experiment], family: str, augment: dict[str, Any], **train: Any) -> Experiment:
    """Return the experiment with a model of ``family`` and with ``augment`` alone."""
    name, options = FAMILIES[family]
    base = begun[find_model(name).task]
    content = base.recipe.model_dump(mode="json")
    resize = content["model"]["input"]["resize"]
    own = {key: value for key, value in options.items() if key not in ("short_side", "longest")}
    content["model"] = {"name": name, "options": own, "input": {"resize": resize, "size": SIDE}}
    content["augment"], content["train"] = augment, content["train"] | train
    made = Experiment(replace(base.run, recipe=validate_recipe(content, "varied")))
    made.prepared = base.prepared
    return made


@cache
def network(family: str) -> nn.Module:
    """Return a model of ``family`` that gives its input away: the first convolution raises :class:`Seen`."""
    name, options = FAMILIES[family]
    own = {key: value for key, value in options.items() if key not in ("short_side", "longest")}
    recipe = load_recipe(f"demo-{find_model(name).task}").model_copy(deep=True)
    content = recipe.model_dump(mode="json")
    content["model"] = {"name": name, "options": own, "input": content["model"]["input"]}
    module, _ = build_model(validate_recipe(content, family), ["disc", "square", "triangle", "ring"])

    def give(_: nn.Module, given: tuple[torch.Tensor]) -> None:
        raise Seen(given[0].clone())

    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.register_forward_pre_hook(give)
    return module


def input_of(module: nn.Module, given: Sequence[Any]) -> torch.Tensor:
    """Return the batch ``(B, 3, H, W)`` that the first layer of ``module`` gets."""
    with pytest.raises(Seen) as seen:
        module(*given)
    return seen.value.args[0]


def trained_on(experiment: Experiment, family: str) -> torch.Tensor:
    """Return the first training batch as the first layer of the network sees it."""
    loader, sampler = build_loader(experiment)
    sampler.set_epoch(1)
    batch = next(iter(loader))
    return input_of(network(family).train(), batch if family in INSTANCE else batch[:1])


def covered(batch: torch.Tensor) -> float:
    """Return the share of pixels that differ from the lower right one of their image, which is padding."""
    return float((batch != batch[..., -1:, -1:]).any(dim=1).float().mean())


@pytest.mark.parametrize("key", STRONG)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_augmentation_changes_what_the_network_sees(family: str, key: str, begun: dict[str, Experiment]) -> None:
    plain = trained_on(varied(begun, family, {}), family)
    changed = trained_on(varied(begun, family, {key: STRONG[key]}), family)
    if family.startswith("eomt") and key in ("crop", "scale"):  # an image is padded in a square of one size
        assert changed.shape == plain.shape
        assert covered(changed) < 0.6 * covered(plain)
    elif key == "crop":  # nothing enlarges it again
        assert changed.shape[2:] == (32, 32)
    elif key == "scale":  # half of each side; detectors pad a batch to multiples of 32
        assert max(changed.shape[2:]) < max(plain.shape[2:])
        assert all(new < old / 2 + 32 for new, old in zip(changed.shape[2:], plain.shape[2:], strict=True))
    else:
        assert changed.shape == plain.shape
        assert (changed - plain).abs().mean() > 0.01 * plain.std()


def test_no_key_of_a_recipe_is_left_out() -> None:
    assert set(STRONG) == set(Augment.model_fields)


def test_no_family_of_the_catalogue_is_left_out() -> None:
    names = [*MODELS, *PATTERNS, "mask_rcnn:timm:NAME"]
    assert [name for name in names if not any(name.startswith(family) for family in FAMILIES)] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_the_network_sees_in_training_what_it_sees_in_prediction(family: str, begun: dict[str, Experiment]) -> None:
    experiment = varied(begun, family, {}, batch_size=1)
    loader, sampler = build_loader(experiment)
    sampler.set_epoch(1)
    part = experiment.prepared.parts["train"]
    rule = find_model(FAMILIES[family][0]).resizing
    for (index, _), batch in zip(sampler, loader, strict=True):
        trained = input_of(network(family).train(), batch if family in INSTANCE else batch[:1])
        image = read_image(part.path_of(part.selection.images[index]))
        predicted = input_of(Predicting(experiment, network(family).eval()), [image])
        assert trained.shape == predicted.shape
        # By torchvision's rule training has whole grey levels, and prediction has not; a level is below 1 / 255 / 0.2.
        assert (trained - predicted).abs().max() <= (1 / 255 / 0.2 if rule == "torchvision" else 0)


class Predicting(nn.Module):
    """The predictor of an experiment as a module of one image."""

    def __init__(self, experiment: Experiment, module: nn.Module) -> None:
        super().__init__()
        self.predictor = predictor_of(experiment, module)

    def forward(self, image: np.ndarray) -> Any:
        """Predict ``image``."""
        return self.predictor.predict(image)


@pytest.mark.parametrize("family", INSTANCE)
def test_a_batch_of_an_instance_model_holds_images_of_different_scales(
    family: str, begun: dict[str, Experiment]
) -> None:
    images, targets = next(iter(build_loader(varied(begun, family, {"scale": [0.5, 2]}))[0]))
    assert len({tuple(image.shape) for image in images}) > 1
    input_of(network(family).train(), (images, targets))


@pytest.mark.parametrize("family", SEMANTIC)
def test_a_semantic_model_gets_images_of_different_scales_in_crops_or_one_by_one_or_not_at_all(
    family: str, begun: dict[str, Experiment]
) -> None:
    with pytest.raises(UsageError, match=r"augment\.scale: \[0\.5, 2\.0\] .*set augment\.crop.*train\.batch_size: 1"):
        varied(begun, family, {"scale": [0.5, 2]})
    plain = trained_on(varied(begun, family, {"crop": 48}), family)
    cropped = trained_on(varied(begun, family, {"scale": [0.5, 2], "crop": 48}), family)
    assert cropped.shape == plain.shape
    assert not torch.equal(cropped, plain)
    single = varied(begun, family, {"scale": [0.5, 2]}, batch_size=1)
    assert len({tuple(images.shape) for images, _ in build_loader(single)[0]}) > 1


def test_images_of_different_sizes_are_refused_in_a_batch_of_a_semantic_model(begun: dict[str, Experiment]) -> None:
    made = varied(begun, "lraspp", {})
    content = made.recipe.model_dump(mode="json")
    content["model"]["input"] = {"resize": "short-side", "size": SIDE}
    images = list(made.prepared.parts["train"].selection.images)
    assert len({image.image.width / image.image.height for image in images}) > 1
    for change, refused in (({}, True), ({"augment": {"crop": 32}}, False), ({"train": {"batch_size": 1}}, False)):
        varying = {key: content[key] | value for key, value in change.items()}
        other = Experiment(replace(made.run, recipe=validate_recipe(content | varying, "varied")))
        other.prepared = made.prepared
        if refused:
            with pytest.raises(UsageError, match=r"short-side: .* sizes, such as .*augment\.crop.*square"):
                build_loader(other)
        else:
            next(iter(build_loader(other)[0]))
