"""Tensor names of published checkpoints, and those that the library transformers has for the same tensors today.

The library renames the tensors of RF-DETR, Mask2Former on Swin, and SegFormer when it reads a file, and names them as
the publisher does when it writes one.
"""

import re
from collections.abc import Mapping

import torch

Renames = tuple[tuple[str, str], ...]

_RF_DETR: Renames = (
    (r"^backbone\.0\.encoder\.encoder\.", "model.backbone.backbone."),
    (r"\.attention\.attention\.(q|k|v)(?:uery|ey|alue)\.", r".attention.\1_proj."),
    (r"\.attention\.output\.dense\.", ".attention.o_proj."),
    (r"^backbone\.0\.projector\.stages\.0\.0\.", "model.backbone.projector.projector_layer."),
    (r"^backbone\.0\.projector\.stages\.0\.1\.", "model.backbone.projector.layer_norm."),
    (r"\.projector_layer\.m\.", ".projector_layer.bottlenecks."),
    (r"\.cv([12])\.conv\.", r".conv\1.conv."),
    (r"\.cv([12])\.bn\.", r".conv\1.norm."),
    (r"^transformer\.", "model."),
    (r"^(query_feat\.)", r"model.\1"),
    (r"^refpoint_embed\.", "model.reference_point_embed."),
    (r"^(model\.decoder\.)norm\.", r"\1layernorm."),
    (r"(\.layers\.\d+\.)norm1\.", r"\1self_attn_layer_norm."),
    (r"(\.layers\.\d+\.)norm2\.", r"\1cross_attn_layer_norm."),
    (r"(\.layers\.\d+\.)norm3\.", r"\1layer_norm."),
    (r"(\.layers\.\d+\.)linear([12])\.", r"\1mlp.fc\2."),
    (r"\.self_attn\.out_proj\.", ".self_attn.o_proj."),
    (r"^segmentation_head\.bias$", "segmentation_bias"),
    (r"^segmentation_head\.query_features_block\.layers\.0\.", "query_features_block.mlp.fc1."),
    (r"^segmentation_head\.query_features_block\.layers\.2\.", "query_features_block.mlp.fc2."),
    (r"^segmentation_head\.query_features_block\.norm_in\.", "query_features_block.norm."),
    (r"^segmentation_head\.(blocks\.\d+)\.norm\.", r"\1.layernorm."),
    (r"^segmentation_head\.(blocks\.\d+)\.dwconv\.", r"\1.depthwise_conv."),
    (r"^segmentation_head\.(blocks\.\d+)\.pwconv1\.", r"\1.pointwise_conv."),
    (r"^segmentation_head\.", ""),
    (r"^(?!segmentation_|query_features_|blocks\.|spatial_)", "model."),
)
_SWIN: Renames = (
    (r"^(model\.pixel_level_module\.encoder\.)(embeddings|encoder)\.", r"\1swin.\2."),
    (r"(\.swin\..*\.attention)\.self\.(q|k|v)(?:uery|ey|alue)\.", r"\1.\2_proj."),
    (r"\.attention\.self\.(relative_position_bias_table)", r".attention.relative_position_bias.\1"),
    (r"(\.swin\..*)\.attention\.output\.dense\.", r"\1.attention.o_proj."),
    (r"(\.swin\..*)\.intermediate\.dense\.", r"\1.mlp.fc1."),
    (r"(\.swin\..*)\.output\.dense\.", r"\1.mlp.fc2."),
)
_SEGFORMER: Renames = (
    (r"^segformer\.encoder\.patch_embeddings\.(\d+)\.", r"segformer.stages.\1.patch_embeddings."),
    (r"^segformer\.encoder\.block\.(\d+)\.", r"segformer.stages.\1.blocks."),
    (r"^segformer\.encoder\.layer_norm\.(\d+)\.", r"segformer.stages.\1.layer_norm."),
    (r"\.attention\.self\.(q|k|v)(?:uery|ey|alue)\.", r".attention.\1_proj."),
    (r"\.attention\.self\.sr\.", ".attention.sequence_reduction.sequence_reduction."),
    (r"\.attention\.self\.layer_norm\.", ".attention.sequence_reduction.layer_norm."),
    (r"\.attention\.output\.dense\.", ".attention.o_proj."),
    (r"\.mlp\.dense([12])\.", r".mlp.fc\1."),
    (r"\.layer_norm_1\.", ".layernorm_before."),
    (r"\.layer_norm_2\.", ".layernorm_after."),
    (r"^decode_head\.linear_c\.", "decode_head.linear_projections."),
)
# By a tensor that only such a file has.
_FAMILIES: dict[str, Renames] = {
    "segmentation_head.query_features_proj.weight": _RF_DETR,
    "model.pixel_level_module.encoder.embeddings.patch_embeddings.projection.weight": _SWIN,
    "segformer.encoder.patch_embeddings.0.proj.weight": _SEGFORMER,
}
_STACKED = re.compile(r"\.self_attn\.in_proj_(weight|bias)$")


def library_names(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a published checkpoint under the library's names; a state of another network stays as it is.

    The queries, keys and values of the self-attention of RF-DETR's decoder are one tensor in its checkpoint, and three
    here.
    """
    renames = next((renames for mark, renames in _FAMILIES.items() if mark in state), None)
    if renames is None:
        return dict(state)
    found: dict[str, torch.Tensor] = {}
    for name, value in state.items():
        for old, new in renames:
            name = re.sub(old, new, name)
        stacked = _STACKED.search(name) if renames is _RF_DETR else None
        if stacked is None:
            found[name] = value
        else:
            for part, third in zip("qkv", value.chunk(3), strict=True):
                found[f"{name[: stacked.start()]}.self_attn.{part}_proj.{stacked[1]}"] = third
    return found
