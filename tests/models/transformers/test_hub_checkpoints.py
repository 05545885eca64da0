"""Weights of the hub by name: each has a model, a licence and its classes, and fills that model."""

from pathlib import Path
from typing import Any

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models import entry
from maskwright.models.catalogue import MODELS, create_model, find_model, load_weights
from maskwright.models.published_weights import list_weights
from maskwright.models.transformers.hub_checkpoints import HUB_CHECKPOINTS, hub_checkpoint, published_on_hub
from maskwright.models.transformers.mask2former import SWIN_BACKBONES
from maskwright.models.weights.head_transfer import class_rows
from maskwright.models.weights.materials import require_licences, starting_materials
from tests.models.transformers.small_queries import EOMT, SMALL
from tests.models.transformers.test_entries import SMALL_SWIN

WHOLE = [each for each in HUB_CHECKPOINTS if each.tag != "imagenet"]


def hub_gives(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "fetch_hub_file", lambda file: path / file.name)


def test_every_checkpoint_is_of_a_model_and_has_a_name_of_its_own() -> None:
    assert len({(each.model, each.tag) for each in HUB_CHECKPOINTS}) == len(HUB_CHECKPOINTS)
    for each in HUB_CHECKPOINTS:
        published = MODELS[each.model].published[each.tag]
        assert (published.hub, published.licence.name) == (each.file, each.licence)
        assert hub_checkpoint(each.model, each.tag) is each
    assert hub_checkpoint("segformer_b0", "coco") is None
    assert published_on_hub("eomt_tiny") == {}


def test_the_list_has_the_publishers_figures_and_says_what_must_be_accepted() -> None:
    found = {(each["model"], each["weights"]): each for each in list_weights() if "huggingface" in each["address"]}
    assert found.keys() == {(each.model, each.tag) for each in WHOLE}
    for each in WHOLE:
        listed = found[each.model, each.tag]
        score, other = ("mask_AP", "mIoU") if each.tag == "coco" else ("mIoU", "mask_AP")
        assert (listed[score], listed[other], listed["publisher"]) == (each.score, None, each.publisher)
        assert listed["accept"] == (None if each.licence == "mit" else each.licence)


def test_a_recipe_with_non_commercial_weights_stops_and_the_bill_has_what_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"coco of mask2former_swin_tiny.*--accept-licence cc-by-nc-4\.0"):
        require_licences("mask2former_swin_tiny", "coco")
    with pytest.raises(UsageError, match=r"mask2former-swin-tiny-coco-instance/model\.safetensors.*cc-by-nc-4\.0"):
        require_licences("mask2former_swin_tiny", "mask2former-swin-tiny-coco-instance/model.safetensors")
    require_licences("eomt_large", "coco")
    known = hub_checkpoint("segformer_b0", "ade20k")
    bill = starting_materials("segformer_b0", "ade20k")[-1]
    assert known is not None
    assert (bill["part"], bill["sha256"], known.revision in bill["address"]) == ("weights", known.sha256, True)
    assert starting_materials("segformer_b0", "imagenet")[-1]["part"] == "backbone"


@pytest.mark.parametrize(
    ("name", "tag", "options"),
    [
        ("mask2former_swin_tiny", "coco", SMALL),
        ("eomt_large", "coco", EOMT),
        ("mask2former_swin_tiny_semantic", "ade20k", SMALL),
        ("eomt_large_semantic", "ade20k", EOMT),
        ("segformer_b0", "ade20k", {}),
    ],
)
def test_heads_keep_the_classes_of_the_publisher_by_name(
    name: str, tag: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publishers' heads for label maps have no background; the model's own stays."""
    monkeypatch.setitem(SWIN_BACKBONES, "swin_tiny", SMALL_SWIN)
    found = find_model(name)
    published = found.published[tag]
    assert published.classes is not None
    background = int(found.task == "semantic")
    source: Any = create_model(name, len(published.classes) - background, options)
    library = source.network.network if name.startswith("segformer") else source.network
    head = next(m for key, m in library.named_modules() if key.endswith(("class_predictor", "decode_head.classifier")))
    torch.nn.init.normal_(head.bias)
    library.save_pretrained(tmp_path)
    hub_gives(tmp_path, monkeypatch)

    def build(count: int) -> Any:
        return create_model(name, count, options)

    model = build(3)
    own = {key: value.clone() for key, value in model.state_dict().items()}
    names = ["disc", "car", "person"]
    rows = class_rows(model, build, published.classes, names, found.background_first, found.no_object_last)
    report = load_weights(model, name, tag, rows)
    assert report is not None
    assert (report.share, report.classes) == (1.0, ["car", "person"])
    [key] = [key for key in own if key.endswith(("class_predictor.bias", "decode_head.classifier.bias"))]
    loaded, given = model.state_dict()[key], head.bias
    for number, kept in enumerate(names[1:], start=1 + background):
        assert loaded[number] == given[published.classes.index(kept)]
    assert torch.equal(loaded[: 1 + background], own[key][: 1 + background])
    if len(loaded) > 3 + background:
        assert loaded[-1] == given[-1]  # no object


@pytest.mark.parametrize("backbone", ["b0", "b1", "b2"])
def test_the_encoder_of_segformer_starts_from_its_classifier(
    backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    model: Any = create_model(f"segformer_{backbone}", 3, {})
    config = transformers.SegformerConfig(**{**model.network.network.config.to_dict(), "num_labels": 10})
    source = transformers.SegformerForImageClassification(config)
    source.save_pretrained(tmp_path)
    hub_gives(tmp_path, monkeypatch)
    report = load_weights(model, f"segformer_{backbone}", "imagenet")
    assert report is not None
    assert all("decode_head" in key for key in report.missing)
    for key, value in source.segformer.state_dict().items():
        assert torch.equal(model.network.network.segformer.state_dict()[key], value), key
