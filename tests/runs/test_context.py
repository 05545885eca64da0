"""From a recipe to the parts of an experiment."""

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

from maskwright.errors import UsageError
from maskwright.model_file import ModelCard
from maskwright.models import catalogue
from maskwright.models.entry import PublishedWeights
from maskwright.models.normalisation import IMAGENET, Normalisation, normalisation_of
from maskwright.models.weights.download import Hash
from maskwright.models.weights.loading import WeightsReport
from maskwright.models.weights.published_classes import cityscapes_classes, class_names, coco_classes
from maskwright.recipes.loading import load_recipe
from maskwright.runs.context import build_model, input_size, model_options, monitored_score, starting_normalisation
from maskwright.runs.loaded_model import load_model
from maskwright.structures import ClassTable
from maskwright.training.checkpoint import save_checkpoint
from tests.models.detectron2.conftest import HEADS, TINY, tiny


@pytest.mark.parametrize(
    ("overrides", "image", "expected"),
    [
        (["model.input.size=100"], (48, 64), (100, 100)),
        (["model.input.size=100", "model.input.multiple=32"], (48, 64), (128, 128)),
        (["model.input.resize=short-side", "model.input.size=96", "augment.crop=64"], (48, 64), (96, 128)),
        (
            ["model.input={resize: short-side, size: 96, longest: 100, multiple: 16}", "augment.crop=64"],
            (48, 64),
            (80, 112),
        ),
    ],
)
def test_the_input_size_follows_the_recipe(overrides: list[str], image: tuple[int, int], expected) -> None:
    model = load_recipe("demo-semantic", overrides).model
    assert input_size(model.name, model.options, model.input).of(image) == expected


def test_detection_models_get_the_input_size_as_options() -> None:
    options = model_options(load_recipe("demo-instance", ["model.input.longest=300"]))
    assert (options["short_side"], options["longest"]) == (128, 300)
    assert "short_side" not in model_options(load_recipe("demo-semantic"))


@pytest.mark.parametrize(("more", "rates"), [([], [4, 7, 11]), (["augment.crop=null"], [5, 9, 14])])
def test_atrous_rates_fit_the_crop_or_else_the_input_and_a_saved_model_keeps_them(
    more: list[str], rates: list[int], tmp_path: Path
) -> None:
    overrides = ["model.name=smp:DeepLabV3Plus/resnet18", "model.options={decoder_atrous_rates: auto}"]
    overrides += ["model.input={size: 400}", "augment.crop=320", *more]
    recipe = load_recipe("demo-semantic", overrides)
    assert model_options(recipe) == {"decoder_atrous_rates": rates}
    model, _ = build_model(recipe, ["disc"])
    table = ClassTable.from_names(["disc"]).to_json()
    section = recipe.model.input.model_dump()
    card = ModelCard(recipe.model.name, "semantic", model_options(recipe), table, section, 1, {}, recipe.name)
    save_checkpoint(tmp_path / "best", card, model.state_dict(), {})
    again = load_model(tmp_path / "best", "cpu")
    assert again.card.options == {"decoder_atrous_rates": rates}
    image = torch.rand(1, 3, 96, 96)
    with torch.inference_mode():
        assert torch.equal(again.module(image)["logits"], model.eval()(image)["logits"])


def test_the_best_checkpoint_is_chosen_by_the_task_s_main_score() -> None:
    assert monitored_score(load_recipe("demo-semantic")) == "mIoU"
    assert monitored_score(load_recipe("demo-instance")) == "segm_AP"
    with pytest.raises(UsageError, match="segm_AP50"):
        monitored_score(load_recipe("demo-instance", ["train.best_by=segm_ap50"]))


def test_the_best_checkpoint_can_be_chosen_by_the_iou_of_a_class() -> None:
    recipe = load_recipe("demo-semantic", ["train.best_by=IoU/ring"])
    assert monitored_score(recipe) == monitored_score(recipe, ["disc", "ring"]) == "IoU/ring"
    assert monitored_score(load_recipe("demo-semantic", ["train.best_by=IoU/background"]), []) == "IoU/background"


@pytest.mark.parametrize(("overrides", "classes"), [([], ["disc", "ring"]), (["classes=[disc]"], None)])
def test_a_class_that_does_not_exist_cannot_choose_the_best(overrides: list[str], classes: list[str] | None) -> None:
    with pytest.raises(UsageError, match=r"Nearest: .*IoU/disc"):
        monitored_score(load_recipe("demo-semantic", ["train.best_by=IoU/disk", *overrides]), classes)


def test_a_model_of_the_other_task_is_refused_with_those_of_this_one() -> None:
    recipe = load_recipe("demo-semantic", ["model.name=mask_rcnn_small", "model.options={}"])
    with pytest.raises(UsageError, match=r"mask_rcnn_small is for task: instance, .* Use --set model\.name="):
        build_model(recipe, ["disc", "ring", "square"])


def test_a_model_of_other_classes_starts_from_what_it_knows_of_those_it_shares(tmp_path: Path) -> None:
    small = ["model.options={widths: [4, 8], bottleneck: 8}"]
    recipe = load_recipe("demo-semantic", small)
    trained, _ = build_model(recipe, ["disc", "ring"])
    table = ClassTable.from_names(["disc", "ring"]).to_json()
    card = ModelCard(recipe.model.name, "semantic", dict(recipe.model.options), table, {}, 1, {}, recipe.name)
    save_checkpoint(tmp_path / "best", card, trained.state_dict(), {})
    again = load_recipe("demo-semantic", [*small, f"model.weights={tmp_path / 'best' / 'model.safetensors'}"])
    model, coverage = build_model(again, ["ring", "square"])
    assert coverage is not None
    assert str(coverage).endswith("the heads keep what they know of ring, by name")
    model.eval()
    trained.eval()
    with torch.inference_mode():
        images = torch.rand(1, 3, 32, 32)
        now, before = (each(images)["logits"] for each in (model, trained))
        assert torch.equal(now[:, :2], before[:, [0, 2]])


D2 = "detectron2_mask_rcnn_resnet50_fpn"
PET = ["cat", "unicorn", "person"]


def pickled(path: Path, network: nn.Module) -> Path:
    """The weights of ``network`` as Detectron2 writes them, which says nothing of classes."""
    path.write_bytes(pickle.dumps({"model": {key: value.numpy() for key, value in network.state_dict().items()}}, 3))
    return path


def started(weights: Path | str, classes: list[str], name: str = D2) -> tuple[nn.Module, WeightsReport]:
    """A tiny model for ``classes`` from ``weights``, and what is said of them."""
    options = TINY | HEADS["mask_rcnn"] if name == D2 else {"pyramid_channels": 8, "box_features": 8}
    overrides = [f"model.name={name}", f"model.options={options}", f"model.weights={weights}"]
    model, coverage = build_model(load_recipe("demo-instance", overrides), classes)
    assert coverage is not None
    return model, coverage


def assert_keeps(model: nn.Module, zoo: nn.Module, pairs: dict[int, int]) -> None:
    """The Detectron2 ``model`` has at place ``i`` the scores, boxes and masks of the ``zoo``'s class ``pairs[i]``."""
    layers = {"box_predictor.cls_score": 1, "box_predictor.bbox_pred": 4, "mask_head.predictor": 1}
    for layer, size in layers.items():
        for part in ("weight", "bias"):
            ours, theirs = (getattr(m.get_submodule(f"roi_heads.{layer}"), part) for m in (model, zoo))
            for i, j in pairs.items():
                assert torch.equal(ours[size * i : size * (i + 1)], theirs[size * j : size * (j + 1)])
    ours, theirs = (m.get_submodule("roi_heads.box_predictor.cls_score").weight[-1] for m in (model, zoo))
    assert torch.equal(ours, theirs)  # of the background


@pytest.mark.parametrize(("tag", "names"), [("coco-3x", list(coco_classes())), ("cityscapes", cityscapes_classes())])
def test_published_weights_keep_what_they_know_of_classes_by_name(
    tag: str, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, zoo = catalogue.MODELS[D2], tiny(classes=len(names))
    published = {tag: replace(entry.published[tag], download=zoo.state_dict)}  # with the classes that it has
    monkeypatch.setitem(catalogue.MODELS, D2, replace(entry, published=published))
    model, coverage = started(tag, ["car", "unicorn", "person"])
    assert str(coverage).endswith("; the heads keep what they know of car, person, by name")
    assert coverage.classes == ["car", "person"]
    assert_keeps(model, zoo, {0: names.index("car"), 2: 0})


def test_as_many_classes_as_cityscapes_has_are_not_taken_for_those_of_cityscapes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry, zoo = catalogue.MODELS[D2], tiny(classes=8)
    published = {"cityscapes": replace(entry.published["cityscapes"], download=zoo.state_dict)}
    monkeypatch.setitem(catalogue.MODELS, D2, replace(entry, published=published))
    _, coverage = started("cityscapes", list("abcdefgh"))
    assert str(coverage).endswith("; the heads keep what they know of no class, by name")
    model, coverage = started("cityscapes", cityscapes_classes())
    assert coverage.classes is None  # all are the same
    assert_keeps(model, zoo, {i: i for i in range(8)})


def test_torchvisions_coco_is_carried_over_by_name_through_its_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "mask_rcnn_small"
    names = class_names(MaskRCNN_ResNet50_FPN_Weights.COCO_V1)
    assert names is not None
    old = catalogue.create_model(name, 90, {"pyramid_channels": 8, "box_features": 8})
    known = {"coco": PublishedWeights(old.state_dict, "https://example.org/weights", tuple(names))}
    monkeypatch.setitem(catalogue.MODELS, name, replace(catalogue.MODELS[name], published=known))
    model, coverage = started("coco", PET, name)
    assert coverage.classes == ["cat", "person"]
    ours, theirs = (m.get_submodule("roi_heads.box_predictor.bbox_pred").weight for m in (model, old))
    assert torch.equal(ours[4:8], theirs[4 * 17 : 4 * 18])  # COCO's id of cat; the background is before the classes
    assert torch.equal(ours[12:], theirs[4:8])


def test_a_file_that_names_no_classes_gives_its_heads_by_position_and_says_so(tmp_path: Path) -> None:
    zoo = tiny(classes=3)
    model, coverage = started(pickled(tmp_path / "own.pkl", zoo), PET)
    assert str(coverage).endswith("; the file does not name its classes: the heads are taken by position")
    assert_keeps(model, zoo, {i: i for i in range(3)})


def test_a_file_that_names_no_classes_and_has_others_leaves_the_heads_new(tmp_path: Path) -> None:
    _, coverage = started(pickled(tmp_path / "own.pkl", tiny(classes=4)), PET)
    assert str(coverage).endswith("has another number of them: the heads are new")
    assert coverage.reshaped == 6


def test_a_published_file_is_known_by_its_hash_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, zoo = catalogue.MODELS[D2], tiny(classes=80)
    path = pickled(tmp_path / "model_final.pkl", zoo)
    start = Hash("md5", hashlib.md5(path.read_bytes()).hexdigest()[:6])
    published = {"coco-3x": replace(entry.published["coco-3x"], hash=start)}
    monkeypatch.setitem(catalogue.MODELS, D2, replace(entry, published=published))
    model, coverage = started(path, PET)
    assert coverage.classes == ["cat", "person"]
    assert_keeps(model, zoo, {0: list(coco_classes()).index("cat"), 2: 0})


def test_of_a_backbone_no_head_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "mask_rcnn_small"
    backbone = catalogue.create_model(name, 3, {"pyramid_channels": 8, "box_features": 8}).backbone.body
    entry = catalogue.MODELS[name]
    known = {"imagenet": replace(entry.published["imagenet"], download=backbone.state_dict)}
    monkeypatch.setitem(catalogue.MODELS, name, replace(entry, published=known))
    _, coverage = started("imagenet", PET, name)
    assert "heads" not in str(coverage)
    assert coverage.classes is None


@pytest.mark.parametrize(
    ("name", "weights", "expected"),
    [
        ("residual_attention_unet", "none", {}),
        ("smp:Unet/tu-mobilevit_xxs", "none", {"image_mean": [0.0] * 3, "image_std": [1.0] * 3}),
        ("smp:Unet/efficientnet-b0", "none", {}),
        ("smp:Unet/efficientnet-b0", "advprop", {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}),
        ("smp:Unet/efficientnet-b0", "lost.pth", {}),
        ("smp:Unet/xception", "lost.pth", {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}),
    ],
)
def test_a_training_normalises_as_its_weights_were_trained(name: str, weights: str, expected: dict[str, Any]) -> None:
    recipe = load_recipe("demo-semantic", [f"model={{name: '{name}', weights: {weights}, input: {{size: 64}}}}"])
    assert starting_normalisation(recipe) == expected


def test_detectron2s_networks_keep_their_own_normalisation() -> None:
    assert starting_normalisation(load_recipe("demo-instance", [f"model={{name: {D2}}}"])) == {}


@pytest.mark.parametrize("own", [{}, {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}])
def test_a_model_file_brings_its_normalisation_with_it_and_an_old_one_imagenets(
    own: dict[str, Any], tmp_path: Path
) -> None:
    name, small = "smp:Unet/tu-mobilevit_xxs", {"encoder_depth": 2, "decoder_channels": [8, 8]}
    trained = catalogue.create_model(name, 2, {**small, **own})
    table = ClassTable.from_names(["disc", "ring"]).to_json()
    card = ModelCard(name, "semantic", {**small, **own}, table, {}, 1, {}, "old")
    save_checkpoint(tmp_path / "best", card, trained.state_dict(), {})
    file = tmp_path / "best" / "model.safetensors"
    model = f"{{name: '{name}', options: {small}, weights: {file}, input: {{size: 64}}}}"
    module, _ = build_model(load_recipe("demo-semantic", [f"model={model}"]), ["disc", "ring"])
    expected = Normalisation.from_options(own)
    assert normalisation_of(module) == normalisation_of(load_model(file, "cpu").module) == expected


def test_a_recipe_may_normalise_otherwise() -> None:
    options = {"widths": [4, 8], "bottleneck": 8, "image_mean": [0.5, 0.5, 0.5]}
    module, _ = build_model(load_recipe("demo-semantic", [f"model.options={options}"]), ["disc", "ring"])
    assert normalisation_of(module) == Normalisation((0.5,) * 3, IMAGENET.std)


def test_panoptic_quality_chooses_the_best_checkpoint_or_that_of_a_class() -> None:
    recipe = load_recipe("mask2former-tiny-panoptic")
    assert monitored_score(recipe) == "PQ"
    assert monitored_score(load_recipe("mask2former-tiny-panoptic", ["train.best_by=PQ_stuff"])) == "PQ_stuff"
    assert monitored_score(load_recipe("mask2former-tiny-panoptic", ["train.best_by=PQ/car"])) == "PQ/car"
    with pytest.raises(UsageError, match="PQ/car"):
        monitored_score(load_recipe("mask2former-tiny-panoptic", ["train.best_by=PQ/cat"]))
