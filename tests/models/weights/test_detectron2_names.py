"""Old Detectron2 names become current; settings are separated from weights."""

import pytest

from maskwright.models.weights.detectron2_names import anchor_level, current_name, current_names, is_setting

HEAD = "roi_heads.mask_head."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("roi_heads.mask_coarse_head.coarse_mask_fc1.weight", f"{HEAD}coarse_head.fc1.weight"),
        ("roi_heads.mask_coarse_head.coarse_mask_fc2.bias", f"{HEAD}coarse_head.fc2.bias"),
        ("roi_heads.mask_coarse_head.reduce_spatial_dim_conv.bias", f"{HEAD}coarse_head.reduce_spatial_dim_conv.bias"),
        ("roi_heads.mask_coarse_head.prediction.weight", f"{HEAD}coarse_head.prediction.weight"),
        ("roi_heads.mask_point_head.fc3.weight", f"{HEAD}point_head.fc3.weight"),
        ("roi_heads.mask_point_head.predictor.bias", f"{HEAD}point_head.predictor.bias"),
        (f"{HEAD}coarse_head.coarse_mask_fc1.weight", f"{HEAD}coarse_head.fc1.weight"),
        (f"{HEAD}mask_fcn1.weight", f"{HEAD}mask_fcn1.weight"),
        ("backbone.body.conv1.weight", "backbone.body.conv1.weight"),
    ],
)
def test_an_old_name_becomes_that_of_today_and_stays_so(old: str, new: str) -> None:
    assert current_name(old) == new
    assert current_name(new) == new


def test_the_values_stay_with_their_names() -> None:
    assert current_names({"roi_heads.mask_point_head.fc1.bias": 1, "a": 2}) == {f"{HEAD}point_head.fc1.bias": 1, "a": 2}


def test_pixel_statistics_and_anchors_are_settings() -> None:
    anchors = "proposal_generator.anchor_generator.cell_anchors."
    assert [is_setting(name) for name in ("pixel_mean", "pixel_std", f"{anchors}4")] == [True] * 3
    assert not is_setting("proposal_generator.rpn_head.conv.weight")
    assert [anchor_level(name) for name in (f"{anchors}0", f"{anchors}4", "pixel_mean", anchors)] == [0, 4, None, None]
