"""The table of published checkpoints: complete, without duplicates, and of existing models."""

import re

from maskwright.models.catalogue import MODELS
from maskwright.models.detectron2.zoo import ZOO


def test_every_checkpoint_has_an_address_with_its_hash_and_a_model() -> None:
    for name, model in ZOO.items():
        assert model.name == name
        assert re.fullmatch(
            r"https://dl\.fbaipublicfiles\.com/detectron2/.+/model_final_[0-9a-f]{6}\.pkl", model.address
        )
        assert re.fullmatch(r"[0-9a-f]{6}", model.md5_start)
        assert model.file == f"{name}-{model.md5_start}.pkl"
        assert model.model in MODELS
        assert MODELS[model.model].published[model.tag].address == model.address


def test_no_two_share_a_file_or_a_tag() -> None:
    assert len({model.file for model in ZOO.values()}) == len(ZOO)
    assert len({model.address for model in ZOO.values()}) == len(ZOO)
    assert len({(model.model, model.tag) for model in ZOO.values()}) == len(ZOO)


def test_the_published_figures_that_the_studies_name_are_there() -> None:
    mask_rcnn, point_rend = ZOO["mask_rcnn_R_50_FPN_3x"], ZOO["pointrend_rcnn_R_50_FPN_3x_coco"]
    assert (mask_rcnn.box_ap, mask_rcnn.mask_ap) == (41.0, 37.2)
    assert (point_rend.box_ap, point_rend.mask_ap) == (None, 38.3)
