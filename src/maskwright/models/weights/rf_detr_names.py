"""Tensor names of RF-DETR-Seg's own checkpoints, and those that the library transformers has for the same tensors."""

import re
from collections.abc import Mapping

import torch

_MARK = "segmentation_head.query_features_proj.weight"
# The parts of a name, from the front to the back: what stands in a checkpoint, and in the library.
_RENAMES = tuple(
    (re.compile(old), new)
    for old, new in (
        (r"^backbone\.0\.encoder\.encoder\.", "model.backbone.backbone."),
        (r"\.attention\.attention\.(query|key|value)\.", lambda found: f".attention.{found[1][0]}_proj."),
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
)
_STACKED = re.compile(r"\.in_proj_(weight|bias)$")


def library_names(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return an RF-DETR-Seg checkpoint under the library's names; a state of another network stays as it is.

    The queries, keys and values of the decoder's self-attention are one tensor in the checkpoint, and three here.
    """
    if _MARK not in state:
        return dict(state)
    found: dict[str, torch.Tensor] = {}
    for name, value in state.items():
        for old, new in _RENAMES:
            name = old.sub(new, name)
        stacked = _STACKED.search(name)
        if stacked is None:
            found[name] = value
        else:
            for part, third in zip("qkv", value.chunk(3), strict=True):
                found[f"{name[: stacked.start()]}.{part}_proj.{stacked[1]}"] = third
    return found
