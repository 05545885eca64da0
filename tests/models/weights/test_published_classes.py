"""Published weights carry the classes of their heads, in the heads' order."""

import pytest
from torchvision.models import MobileNet_V2_Weights, ResNet50_Weights, get_model_weights
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights, MaskRCNN_ResNet50_FPN_Weights

from maskwright.models.catalogue import MODELS
from maskwright.models.weights.published_classes import cityscapes_classes, class_names, coco_classes


def test_coco_has_80_in_the_order_of_its_ids() -> None:
    coco = coco_classes()
    assert len(coco) == 80
    assert (coco["person"], coco["stop sign"], coco["toothbrush"]) == (1, 13, 90)
    assert list(coco.values()) == sorted(coco.values())


def test_cityscapes_has_8() -> None:
    assert cityscapes_classes() == ["person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"]


@pytest.mark.parametrize("weights", [MaskRCNN_ResNet50_FPN_Weights.COCO_V1, MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1])
def test_torchvisions_coco_keeps_the_gaps_in_the_ids_and_no_name_repeats(weights) -> None:
    names = class_names(weights)
    assert names is not None
    assert len(names) == len(set(names)) == 90
    # The heads have a row for each id of COCO's files, the background's before them.
    assert all(names[number - 1] == name for name, number in coco_classes().items())


def test_torchvisions_segmenters_have_the_20_of_pascal_voc() -> None:
    names = class_names(get_model_weights("lraspp_mobilenet_v3_large").DEFAULT)
    assert names is not None
    assert (len(names), names[0], names[-1]) == (20, "aeroplane", "tvmonitor")


@pytest.mark.parametrize("weights", [MobileNet_V2_Weights.DEFAULT, ResNet50_Weights.DEFAULT])
def test_a_backbone_has_no_classes(weights) -> None:
    assert class_names(weights) is None


def test_of_every_published_weights_the_classes_are_known_or_there_are_no_heads() -> None:
    for entry in MODELS.values():
        for tag, published in entry.published.items():
            of_80 = entry.name.startswith(("detectron2", "mask2former", "eomt"))
            expected = {"imagenet": None, "cityscapes": 8, "ade20k": 150}.get(tag, 80 if of_80 else 20)
            if entry.name.startswith("mask_rcnn") and tag == "coco":
                expected = 90
            if entry.name.startswith("rf_detr"):
                expected = 91  # ids of COCO from 0
            assert (len(published.classes) if published.classes is not None else None) == expected
