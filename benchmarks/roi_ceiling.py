"""What a mask head without any fault can reach: ``python benchmarks/roi_ceiling.py [ANNOTATIONS IMAGES]``.

Every object's mask is drawn at the input size, cropped by its box to 28 × 28 as it would be learnt, and pasted back
into the image at full size as if it had been predicted so. The table has the mean IoU with the true mask by COCO's
sizes, for torchvision's rule, Detectron2's, and that of our ``aligned`` models, which does not round what is learnt to
0 and 1; with boxes read off the masks at the input size and with the file's boxes. ``IoU of boxes`` is that of the
former with the latter. Crowds are left out.

Without arguments it takes 100 invented scenes of shapes.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from hotcoco import mask as coco_mask
from torchvision.models.detection.roi_heads import project_masks_on_boxes
from torchvision.ops import box_iou

from maskwright.datasets.instance_boxes import box_pairs
from maskwright.datasets.instance_masks import rasterise_masks
from maskwright.images.resize import InputSize
from maskwright.models.detectron2.pasting import paste_detectron2_mask
from maskwright.models.mask_targets import ForegroundProposals, cropped_masks, mask_targets
from maskwright.prediction.instance import paste_torchvision_mask
from maskwright.recipes.loading import load_recipe
from maskwright.runs.prepare import prepare
from maskwright.structures import Instances, Rle

SIDE = 28
SIZES = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, float("inf"))}
Crop = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Paste = Callable[[torch.Tensor, torch.Tensor, tuple[int, int]], Rle]


@dataclass(frozen=True)
class Rule:
    """How masks are cropped to be learnt, and how they are pasted when predicted."""

    name: str
    crop: Crop
    paste: Paste


def torchvision_crop(masks: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Return the masks ``(N, 28, 28)`` within ``boxes`` ``(N, 4)`` by torchvision's rule; values are from 0 to 1."""
    return project_masks_on_boxes(masks, boxes, torch.arange(len(boxes)), SIDE)


def detectron2_crop(masks: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Return the masks ``(N, 28, 28)`` of 0 and 1 within ``boxes`` ``(N, 4)`` by Detectron2's rule."""
    rows = torch.arange(len(boxes))
    return mask_targets(ForegroundProposals(boxes, rows, rows, masks, torch.ones(4)), SIDE)


def aligned_crop(masks: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Return the masks ``(N, 28, 28)`` from 0 to 1 within ``boxes`` ``(N, 4)`` by the rule of aligned models."""
    rows = torch.arange(len(boxes))
    return cropped_masks(ForegroundProposals(boxes, rows, rows, masks, torch.ones(4)), SIDE)


RULES = (
    Rule("torchvision", torchvision_crop, paste_torchvision_mask),
    Rule("Detectron2", detectron2_crop, paste_detectron2_mask),
    Rule("aligned", aligned_crop, paste_detectron2_mask),
)


def truths(annotations: str | None, images: str | None) -> Iterator[tuple[Instances, tuple[bytes | None, ...]]]:
    """Yield the objects of each image with their outlines, crowds left out."""
    source = f"{{images: {images}, annotations: {annotations}}}"
    data = [f"data={{train: {source}, validation: {source}}}"] if annotations else ["data.shapes.validation=100"]
    with tempfile.TemporaryDirectory() as folder:
        recipe = load_recipe("demo-instance", data)
        for objects in prepare(recipe, Path(folder)).parts["validation"].selection.images:
            single = [i for i, crowd in enumerate(objects.crowd) if not crowd]
            if single:
                yield objects.instances()[single], tuple(objects.outlines[i] for i in single)


def ceilings(truth: Instances, outlines: tuple[bytes | None, ...], short: int) -> dict[str, np.ndarray]:
    """Return the values ``(N,)`` of each row of the table for the objects of one image."""
    size = InputSize(False, short, longest=2 * short).of(truth.size)
    masks = rasterise_masks(truth, outlines, size)
    file, extents = box_pairs(truth, masks).as_subclass(torch.Tensor).reshape(-1, 2, 4).unbind(1)
    back = torch.tensor([truth.size[1] / size[1], truth.size[0] / size[0]] * 2)
    found = {"IoU of boxes": box_iou(extents, file).diagonal().nan_to_num().numpy()}
    for rule in RULES:
        for name, boxes in {"boxes of masks": extents, "file's boxes": file}.items():
            usable = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
            ious = np.zeros(len(truth))
            cropped = rule.crop(masks, boxes)
            for i in usable.nonzero()[:, 0].tolist():
                pasted = rule.paste(cropped[i], boxes[i] * back, truth.size)
                ious[i] = coco_mask.iou([pasted], [truth.masks[i]], [0])[0, 0]
            found[f"{rule.name}, {name}"] = ious
    return found


def main() -> None:
    """Print the table for each input size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("annotations", nargs="?")
    parser.add_argument("images", nargs="?")
    parser.add_argument("--short", type=int, nargs="+", default=[320, 416, 480], help="short sides of the input")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    every = list(truths(asked.annotations, asked.images))
    areas = np.concatenate([truth.areas for truth, _ in every])
    for short in asked.short:
        rows: dict[str, list[np.ndarray]] = defaultdict(list)
        for truth, outlines in every:
            for name, values in ceilings(truth, outlines, short).items():
                rows[name].append(values)
        counts = {name: ((areas >= low) & (areas < high)).sum() for name, (low, high) in SIZES.items()}
        print(f"{f'short side {short}':28}" + "".join(f"{f'{name} ({counts[name]})':>16}" for name in SIZES))
        for name, values in rows.items():
            joined = np.concatenate(values)
            means = [joined[(areas >= low) & (areas < high)].mean() for low, high in SIZES.values()]
            print(f"{name:28}" + "".join(f"{mean:16.3f}" for mean in means))
        print()


if __name__ == "__main__":
    main()
