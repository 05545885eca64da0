"""The description of an exported model: what goes in, what comes out, its classes, licences and hashes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from maskwright.export.graphs import INPUTS
from maskwright.images.resize import InputSize
from maskwright.model_file import ModelCard
from maskwright.version import __version__

_CODE = {"of": "Maskwright, whose code defines the network", "licence": "Apache-2.0"}

_ROUNDING = {
    "nearest": "sides to the nearest pixel, halves to even",
    "torchvision": "sides rounded down",
    "detectron2": "sides to the nearest pixel, halves up",
}


def describe_export(
    card: ModelCard,
    size: InputSize,
    fixed: tuple[int, int] | None,
    *,
    outputs: Sequence[str],
    padding: Mapping[str, Any] | None = None,
    hashes: Mapping[str, str],
    provenance: Mapping[str, Any],
    materials: Sequence[Mapping[str, Any]] = (),
    precision: str,
) -> dict[str, Any]:
    """Return the description of an exported model as JSON values.

    ``fixed`` is the input's ``(H, W)`` where the file takes no other. ``outputs`` are the names of the outputs in
    order, ``padding`` says how a query model pads its input. ``hashes`` are SHA-256 by file name, ``provenance`` says
    where the weights come from, ``materials`` are the bill of materials of the model, empty where none is recorded.
    ``precision`` is ``float32`` or ``int8``.
    """
    return {
        "maskwright": __version__,
        "model": card.name,
        "task": card.task,
        "precision": precision,
        "classes": card.classes,
        "input": {**_input(card, size, fixed), **({"padding": dict(padding)} if padding is not None else {})},
        "output": [_OUTPUTS["mask_logits" in outputs][name] for name in outputs],
        "licences": _licences(provenance, materials),
        "hashes": dict(hashes),
    }


def _input(card: ModelCard, size: InputSize, fixed: tuple[int, int] | None) -> dict[str, Any]:
    semantic = card.task == "semantic"
    return {
        "name": INPUTS[card.task],
        "shape": [*(["B"] if semantic else []), 3, *(fixed or ("H", "W"))],
        "type": "float32",
        "values": "RGB from 0 to 1: the pixel values divided by 255. Mean and deviation are inside the network.",
        "resize": {
            **asdict(size),
            "interpolation": "bilinear, antialiased",
            "rounding": _ROUNDING[size.rule],
            "orientation": "the stored pixels, without EXIF's orientation",
        },
    }


def _licences(provenance: Mapping[str, Any], materials: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the licences of code, weights and data; a licence that is not recorded is None."""
    if materials:
        return [{"of": each.get("name"), **{key: each[key] for key in each if key != "name"}} for each in materials]
    if not provenance:
        return [dict(_CODE), {"of": "the weights", "licence": None}]
    known = {key: provenance[key] for key in ("file", "address", "sha256") if provenance.get(key)}
    return [dict(_CODE), {"of": "the weights", "licence": provenance.get("licence"), **known}]


_DETECTIONS: Mapping[str, Mapping[str, Any]] = {
    "logits": {
        "name": "logits",
        "shape": ["B", "K+1", "H", "W"],
        "type": "float32",
        "meaning": "Logits of background, then of the classes by their index. Resize them to the image bilinearly "
        "(pixels are squares, align_corners false); the class of a pixel is its largest logit.",
    },
    "boxes": {
        "name": "boxes",
        "shape": ["N", 4],
        "type": "float32",
        "meaning": "x1, y1, x2, y2 in pixels of the input. Scale them to the image, clip them, and drop those without "
        "width or height.",
    },
    "labels": {"name": "labels", "shape": ["N"], "type": "int64", "meaning": "The index of the class, from 1."},
    "scores": {"name": "scores", "shape": ["N"], "type": "float32", "meaning": "From 0 to 1, the highest first."},
    "masks": {
        "name": "masks",
        "shape": ["N", 1, "M", "M"],
        "type": "float32",
        "meaning": "Probabilities within the box. Resize them to the box; a pixel is of the object above 0.5.",
    },
}
_QUERIES: Mapping[str, Mapping[str, Any]] = {
    "scores": {
        "name": "scores",
        "shape": ["Q", "K"],
        "type": "float32",
        "meaning": "Probabilities of the classes by their index, from 1, for each query. The detections are the "
        "likeliest pairs of a query and a class; without the output boxes a score is multiplied by the mean "
        "probability of the pixels of the mask.",
    },
    "mask_logits": {
        "name": "mask_logits",
        "shape": ["Q", "h", "w"],
        "type": "float32",
        "meaning": "Logits on the padded input, which has the image in its upper left corner and is as large as "
        "input.padding says. Resize them bilinearly to the padded input, cut them to the image, resize them to its own "
        "size; a pixel is of the object above 0.",
    },
    "boxes": {
        "name": "boxes",
        "shape": ["Q", 4],
        "type": "float32",
        "meaning": "x1, y1, x2, y2 from 0 to 1 across the padded input.",
    },
}
# Without and with queries.
_OUTPUTS = (_DETECTIONS, _QUERIES)
