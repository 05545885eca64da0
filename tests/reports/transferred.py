"""The numbers of an invented transfer: two models that go from one set to another, and a bound."""

from typing import Any

import numpy as np

from maskwright.evaluation.bootstrap import BootstrapEstimate
from maskwright.evaluation.instances.scores import ScoreEstimates
from maskwright.evaluation.instances.tide import TIDE_ERRORS

CLASSES = ("disc", "ring")
OVERALL = [f"{kind}_{name}" for kind in ("bbox", "segm") for name in ("AP", "AP50", "AP75", "APs", "APm", "APl")]


def measured(level: float, spread: float = 0.02) -> ScoreEstimates:
    """All numbers about ``level``; large objects have none."""
    draws = level + np.linspace(-spread, spread, 41)
    row = {key: BootstrapEstimate(None if key.endswith("APl") else level, draws) for key in OVERALL}
    row |= {
        "boundary_IoU": BootstrapEstimate(level, draws),
        "boundary_IoU_all": BootstrapEstimate(level / 2, draws / 2),
    }
    classes = {
        name: {key: BootstrapEstimate(level, draws) for key in ("bbox", "bbox50", "segm", "segm50")} for name in CLASSES
    }
    errors = {kind: {"count": 3, "dAP": 0.5 - level / 2, "per_100_objects": 12.5} for kind in TIDE_ERRORS}
    return ScoreEstimates(row, classes, errors, dict.fromkeys(CLASSES, 24))


def official(level: float) -> ScoreEstimates:
    """Cityscapes' numbers, of a class that is shared and of one that is not."""
    number = BootstrapEstimate(level, np.full(41, level))
    return ScoreEstimates(
        dict.fromkeys(("AP", "AP50", "shared_AP", "shared_AP50"), number),
        {name: {"AP": number, "AP50": number} for name in ("disc", "rider")},
    )


def numbers(second: float = 0.5, on_cityscapes: bool = False) -> dict[str, Any]:
    """From 0.6 to 0.2 the first model, from 0.6 to ``second`` the other; the bound has 0.55."""
    sides = {"one": (measured(0.6), measured(0.2)), "<other>": (measured(0.6), measured(second, 0.01))}
    rows: dict[str, Any] = {}
    for name, (source, target) in sides.items():
        rows[name] = {
            "role": "model",
            "source": source.to_json(0.95),
            "target": target.to_json(0.95),
            "cityscapes": official(0.125).to_json(0.95) if on_cityscapes else None,
            "shift": target.minus(source).to_json(0.95),
        }
    bound = measured(0.55)
    rows["known"] = {"role": "bound", "source": None, "target": bound.to_json(0.95), "cityscapes": None, "shift": None}
    (one, one_there), (other, other_there) = sides.values()
    shifts = other_there.minus(other).minus(one_there.minus(one))
    difference = {
        "of": "<other>",
        "less": "one",
        "source": other.minus(one).to_json(0.95),
        "target": other_there.minus(one_there).to_json(0.95),
        "shift": shifts.to_json(0.95),
    }
    if on_cityscapes:
        difference["cityscapes"] = official(0.0).to_json(0.95)
    contender = {"model": "mask_rcnn", "classes": list(CLASSES), "sha256": "ab12", "target": None}
    fog = {
        "taxonomy": "classes of the same name",
        "rider": None,
        "rule": ["taxonomy classes of the same name: 2 shared classes: disc, ring"],
        "classes": list(CLASSES),
        "left_out": {"kite": "known lacks it"},
        "images": {"source": 30, "target": 20},
        "models": rows,
        "differences": [difference],
        "gaps": [{"of": "known", "less": "one", "target": bound.minus(one_there).to_json(0.95)}],
    }
    return {
        "name": "invented",
        "description": "Models that do not exist",
        "seed": 0,
        "score": 0.5,
        "bootstrap": {"samples": 41, "seed": 0, "level": 0.95},
        "protocol": "COCO evaluation",
        "cityscapes_protocol": "Cityscapes instance evaluation" if on_cityscapes else None,
        "sets": {
            name: {"images": images, "objects": 48, "made_of": {"shapes": {"images": images}}, "remarks": []}
            for name, images in (("source", 30), ("fog", 20))
        },
        "models": {
            name: {**contender, "role": row["role"], "made": {"use": "runs/it", "licence": "CC BY-SA 3.0"}}
            for name, row in rows.items()
        },
        "targets": {"fog": fog},
        "panels": {"fog": {"source": [], "target": []}},
        "versions": {"python": "3.11"},
        "hardware": {"cores": 2, "memory_gib": None},
        "command": "maskwright transfer invented.yaml",
    }
