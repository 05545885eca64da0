"""The losses by name, and the construction of the loss that a recipe names from its parts."""

from collections.abc import Callable
from functools import partial

import torch

from maskwright.errors import unknown_name
from maskwright.models.losses.cross_entropy import cross_entropy
from maskwright.models.losses.focal import focal
from maskwright.models.losses.hard_pixels import hard_cross_entropy
from maskwright.models.losses.lovasz import lovasz
from maskwright.models.losses.pixel_weights import pixel_weights
from maskwright.models.losses.tversky import dice, focal_tversky, tversky

# logits (B, K+1, H, W) and labels (B, H, W) int64 to named scalars whose sum is minimised
SemanticLoss = Callable[[torch.Tensor, torch.Tensor], dict[str, torch.Tensor]]

LOSSES: dict[str, tuple[str, ...]] = {
    "cross_entropy": ("cross_entropy",),
    "dice_ce": ("cross_entropy", "dice"),
    "focal": ("focal",),
    "tversky": ("tversky",),
    "focal_tversky": ("focal_tversky",),
    "lovasz": ("lovasz",),
    "lovasz_ce": ("cross_entropy", "lovasz"),
}


def build_loss(
    name: str,
    ignore_index: int,
    *,
    class_weights: torch.Tensor | None = None,
    boundary_weight: float = 0.0,
    boundary_sigma: float = 5.0,
    focal_gamma: float = 2.0,
    tversky_alpha: float = 0.3,
    tversky_beta: float = 0.7,
    tversky_gamma: float = 4 / 3,
    ohem_share: float | None = None,
    ohem_threshold: float | None = None,
) -> SemanticLoss:
    """Return the loss ``name`` of ``LOSSES``: a function of logits and labels that returns its parts by name.

    The function takes logits ``(B, K+1, H, W)`` and labels ``(B, H, W)`` int64, and returns scalars whose sum is
    minimised. Pixels of ``ignore_index`` do not count. ``class_weights`` ``(K+1,)`` and the boundary options weigh the
    pixels of ``cross_entropy`` and ``focal``. The other parts are computed by class over the whole batch and take no
    pixel weights. ``ohem_share`` and ``ohem_threshold`` are the share and the threshold of the hard pixels over which
    ``cross_entropy`` is the mean, see :mod:`maskwright.models.losses.hard_pixels`; without them it is that of all.

    Raises ``UsageError`` with the nearest name when there is no such loss.
    """
    if name not in LOSSES:
        raise unknown_name("loss", name, LOSSES)
    shape = {"alpha": tversky_alpha, "beta": tversky_beta}
    regions = {
        "dice": dice,
        "tversky": partial(tversky, **shape),
        "focal_tversky": partial(focal_tversky, **shape, gamma=tversky_gamma),
        "lovasz": lovasz,
    }
    weigh = partial(
        pixel_weights,
        ignore_index=ignore_index,
        class_weights=class_weights,
        boundary_weight=boundary_weight,
        boundary_sigma=boundary_sigma,
    )
    weighted = class_weights is not None or boundary_weight > 0
    mining = ohem_share is not None or ohem_threshold is not None

    def part(kind: str, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return one part of the loss."""
        if kind == "cross_entropy" and mining:
            return hard_cross_entropy(logits, labels, ignore_index, weigh(labels), ohem_share, ohem_threshold)
        if kind == "cross_entropy":
            return cross_entropy(logits, labels, ignore_index, weigh(labels) if weighted else None)
        if kind == "focal":
            return focal(logits, labels, ignore_index, weigh(labels), focal_gamma)
        return regions[kind](logits, labels, ignore_index)

    return lambda logits, labels: {kind: part(kind, logits, labels) for kind in LOSSES[name]}
