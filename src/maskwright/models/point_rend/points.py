"""PointRend's points: where they lie, how features are sampled there, and how masks are refined at them.

Kirillov et al. 2020, "PointRend: Image Segmentation as Rendering" (arXiv:1912.08193). Points are ``(…, P, 2)`` float32,
x before y, from 0 to 1 across the map or box they belong to.
"""

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

# points (N, P, 2) to logits (N, K, P)
LogitsAt = Callable[[torch.Tensor], torch.Tensor]


def point_sample(maps: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return the bilinear values ``(B, C, P)`` of ``maps`` ``(B, C, H, W)`` at ``points`` ``(B, P, 2)``.

    Values are those at the centres of cells; outside the map they are zero.
    """
    return functional.grid_sample(maps, 2.0 * points[:, :, None] - 1.0, align_corners=False)[..., 0]


def regular_grid(side: int, device: torch.device | None = None) -> torch.Tensor:
    """Return the centres of ``side`` × ``side`` cells, row by row: ``(side², 2)``."""
    centres = (torch.arange(side, dtype=torch.float32, device=device) + 0.5) / side
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2)


def to_image_points(boxes: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return ``points`` ``(N, P, 2)`` of ``boxes`` ``(N, 4)`` in pixels of the image, ``(N, P, 2)``."""
    return points * (boxes[:, None, 2:] - boxes[:, None, :2]) + boxes[:, None, :2]


def box_features(
    features: torch.Tensor, boxes: Sequence[torch.Tensor], points: torch.Tensor, stride: int
) -> torch.Tensor:
    """Return the values ``(N, C, P)`` of ``features`` ``(B, C, H, W)`` at points of the boxes.

    ``boxes`` holds ``(N, 4)`` of each image in pixels. ``points`` ``(N, P, 2)`` are those of all boxes together. A cell
    of ``features`` covers ``stride`` pixels.
    """
    height, width = features.shape[-2:]
    found, start = [], 0
    for image, own in enumerate(boxes):
        # Divided by numbers: a tensor of the two would be copied to the device, and the host would wait for it.
        end = start + own.shape[0]
        x, y = to_image_points(own, points[start:end]).unbind(-1)
        across = torch.stack([x / (width * stride), y / (height * stride)], dim=-1)
        values = point_sample(features[image : image + 1], across.reshape(1, -1, 2))[0]
        found.append(values.reshape(features.shape[1], own.shape[0], points.shape[1]).transpose(0, 1))
        start = end
    return torch.cat(found)


def masks_at(masks: torch.Tensor, rows: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return the values ``(N, P)`` float of the masks ``rows`` ``(N,)`` of ``masks`` ``(T, H, W)`` at their ``points``.

    Points ``(N, P, 2)`` are in pixels of the masks. Values are those of :func:`point_sample`, from the four pixels
    around each point. No mask is made float, and the host does not wait to learn which masks are wanted.
    """
    height, width = masks.shape[1:]
    x, y = (points - 0.5).unbind(-1)  # a pixel has its value at its centre
    values = torch.zeros_like(x)
    for column, row in ((x.floor() + right, y.floor() + down) for down in (0, 1) for right in (0, 1)):
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        share = (1 - (x - column).abs()) * (1 - (y - row).abs())
        # A place outside is not read: a box that is not finite must end in its loss, not in a fault of the device.
        found = masks[rows[:, None], torch.where(inside, row, 0).long(), torch.where(inside, column, 0).long()]
        values = values + torch.where(inside, share * found, 0)
    return values


def certainty(logits: torch.Tensor) -> torch.Tensor:
    """Return how far ``logits`` ``(N, K, …)`` are from another decision, ``(N, …)``.

    For one channel it is the distance from 0; for several the highest probability minus the second highest.
    """
    if logits.shape[1] == 1:
        return logits[:, 0].abs()
    # The maximum twice: topk over a dimension that is not the last takes five times as long.
    probabilities = logits.softmax(dim=1)
    largest, index = probabilities.max(dim=1)
    return largest - probabilities.scatter(1, index[:, None], -1.0).amax(dim=1)


def most_uncertain(logits: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ``count`` cells with the lowest :func:`certainty` of ``logits`` ``(N, K, H, W)``.

    The result is their flat index ``(N, P)`` int64 and their centres ``(N, P, 2)``.
    """
    height, width = logits.shape[-2:]
    index = certainty(logits).flatten(1).topk(min(count, height * width), dim=1, largest=False).indices
    centres = torch.stack([(index % width + 0.5) / width, (index // width + 0.5) / height], dim=-1)
    return index, centres


def refine(logits: torch.Tensor, size: tuple[int, int], count: int, logits_at: LogitsAt) -> torch.Tensor:
    """Return ``logits`` interpolated to ``size`` ``(H, W)``, with the ``count`` most uncertain cells predicted anew.

    ``logits`` is ``(N, K, H, W)``; ``logits_at`` maps points ``(N, P, 2)`` to logits ``(N, K, P)``. One step of section
    3.1 of the paper.
    """
    logits = functional.interpolate(logits, size, mode="bilinear", align_corners=False)
    index, points = most_uncertain(logits, count)
    index = index[:, None].expand(-1, logits.shape[1], -1)
    return logits.flatten(2).scatter(2, index, logits_at(points).to(logits.dtype)).view(logits.shape)


def subdivide(
    logits_at: LogitsAt,
    objects: int,
    side: int,
    steps: int,
    count: int,
    device: torch.device | None = None,
) -> torch.Tensor:
    """Return logits ``(N, 1, M, M)`` of N = ``objects`` masks, with M = ``side`` · 2^``steps``.

    Section 3.1 of the paper. ``logits_at`` maps points ``(N, P, 2)`` to logits ``(N, 1, P)``. It predicts every cell of
    the first grid, then the ``count`` most uncertain cells of each doubled grid; the other cells are interpolated. A
    grid of at most ``count`` cells is predicted as a whole and needs no interpolation before, so the first grid is as
    fine as ``count`` allows.
    """
    while steps > 0 and 4 * side**2 <= count:
        side, steps = 2 * side, steps - 1
    logits = logits_at(regular_grid(side, device).expand(objects, -1, -1)).reshape(objects, 1, side, side)
    for _ in range(steps):
        side *= 2
        logits = refine(logits, (side, side), count, logits_at)
    return logits


@torch.no_grad()
def training_points(logits: torch.Tensor, count: int, oversample: int = 3, importance: float = 0.75) -> torch.Tensor:
    """Return ``count`` random points ``(N, count, 2)`` for training, more of them where ``logits`` are uncertain.

    ``logits`` is ``(N, K, H, W)``. ``oversample`` times as many points are drawn uniformly; the most uncertain of them
    make up the share ``importance``. The others are drawn uniformly anew. Section 3.1 of the paper: k and β.
    """
    drawn = torch.rand(len(logits), oversample * count, 2, device=logits.device)
    # Sample logits, not certainties: between -1 and 1 lies a point of 0, which the certainty of neither cell shows.
    important = int(importance * count)
    index = certainty(point_sample(logits, drawn)).topk(important, dim=1, largest=False).indices
    uncertain = drawn.gather(1, index[..., None].expand(-1, -1, 2))
    return torch.cat([uncertain, torch.rand(len(logits), count - important, 2, device=logits.device)], dim=1)
