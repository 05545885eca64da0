"""A fake run folder as training and evaluation would leave it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.structures import ClassTable

MakeRun = Callable[..., Path]
COCO_KEYS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """``make_run(task, names)`` writes a complete run; the last class has no score."""

    def make(task: str = "semantic", names: tuple[str, ...] = ("person", "dog", "cake")) -> Path:
        run = tmp_path / "run"
        (run / "figures" / "panels").mkdir(parents=True)
        (run / "recipe.yaml").write_text(f"name: fake\ntask: {task}\n", encoding="utf-8")
        _write(run / "card.json", _card(task, names))
        _write(run / "statistics.json", _statistics(names))
        _write(run / "scores.json", {"validation": _semantic(names) if task == "semantic" else _instance(names)})
        if task == "instance":
            (run / "predictions" / "validation").mkdir(parents=True)
            curve = {"score": [0.9, 0.5, 0.3], "precision": [1.0, 1.0, 0.75], "recall": [0.2, 0.4, 0.6]}
            _write(run / "predictions" / "validation" / "curves.json", dict.fromkeys(names[:-1], curve))
        _metrics(run / "metrics.csv", task)
        image = np.full((20, 60, 3), 90, np.uint8)
        cv2.imwrite(str(run / "figures" / "panels" / "0001.png"), image)
        _write(run / "figures" / "panels.json", [{"file": "figures/panels/0001.png", "caption": "image 1 & mask"}])
        return run

    return make


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _card(task: str, names: tuple[str, ...]) -> dict:
    counts = {"in": 120, "used": 100, "skipped": {"crowd region": 15, "empty segmentation": 5}}
    split = {"annotations": "data/train.json", "sha256": "ab" * 32, "images": 1234, "counts": counts}
    return {
        "name": "fake",
        "task": task,
        "classes": ClassTable.from_names(names).to_json(),
        "seed": 7,
        "versions": {"torch": "2.9.0", "numpy": "2.4.6"},
        "hardware": {"device": "cpu", "processor": "some cpu", "cores": 2, "memory_gib": 7.9},
        "weights": {"source": "torchvision COCO", "loaded": 300, "skipped": 2, "reshaped": 1},
        "data": {"train": split, "validation": split | {"images": 56}},
        "model": {"name": "some_model", "parameters": 1234567},
        "command": "maskwright run fake --out run",
        "seconds": {"train": 3725.0, "evaluate": 4.25},
    }


def _statistics(names: tuple[str, ...]) -> dict:
    classes = {name: {"instances": 10 * i + 1, "images": i + 1, "pixels": None} for i, name in enumerate(names)}
    return {"train": {"images": 1234, "classes": classes}, "validation": {"images": 56, "classes": classes}}


def _semantic(names: tuple[str, ...]) -> dict:
    scored: dict = {
        name: {"IoU": 0.5, "Dice": 0.6667, "accuracy": 0.75, "boundary_IoU": 0.25} for name in ("background", *names)
    }
    scored[names[-1]] = {"IoU": None, "Dice": None, "accuracy": float("nan"), "boundary_IoU": None}
    pixels = [[10 * i + 1000 * (i == j) for j in range(len(scored))] for i in range(len(scored))]
    pixels[-1] = [0] * len(scored)
    full = {"from": 0.5, "to": 1.0, "count": 100, "confidence": 0.8, "accuracy": 0.7}
    empty = {"from": 0.0, "to": 0.5, "count": 0, "confidence": None, "accuracy": None}
    baseline = {"mIoU": 0.142, "classes": {"background": {"IoU": 0.85}} | {name: {"IoU": 0.0} for name in names}}
    return {
        "mIoU": 0.6134,
        "mean_dice": 0.7391,
        "pixel_accuracy": None,
        "classes": scored,
        "baseline": baseline,
        "boundary_mIoU": 0.2468,
        "calibration": {"ECE": 0.1234, "MCE": 0.1234, "bins": [empty, full]},
        "confusion": {"rows": "truth", "names": list(scored), "pixels": pixels},
        "protocol": "From one confusion matrix of all pixels.",
    }


def _instance(names: tuple[str, ...]) -> dict:
    scored = {name: {"bbox": 0.4, "bbox50": 0.6, "segm": 0.35, "segm50": 0.55, "instances": 9} for name in names}
    scored[names[-1]] = {"bbox": None, "bbox50": None, "segm": None, "segm50": None, "instances": 0}
    overall = dict.fromkeys(COCO_KEYS, 0.4321) | {"APs": None}
    best = {"score": 0.37, "F1": 0.71, "precision": 0.8, "recall": 0.64}
    for row in scored.values():
        row |= {"best_IoU": 0.53, "best_Dice": 0.61, "precision": 0.72, "recall": 0.56, "F1": 0.63, "best": best}
    scored[names[-1]] |= {"best_IoU": None, "recall": None, "best": dict.fromkeys(best)}
    return {
        **{"bbox": overall, "segm": overall, "classes": scored, "protocol": "COCO, 100 detections per image."},
        **details(names),
    }


def details(names: tuple[str, ...]) -> dict:
    """What lies behind the scores of an instance model, with the keys of ``scores.json``."""
    full = {"from": 0.5, "to": 1.0, "count": 100, "confidence": 0.8, "accuracy": 0.7}
    counts = [[10 * i + 100 * (i == j) for j in range(len(names) + 1)] for i in range(len(names) + 1)]
    error = {"count": 3, "dAP": 0.0123, "meaning": "class wrong, place right"}
    image = {"image_id": 7, "file_name": "seven.png", "precision": 0.5, "recall": 0.25, "F1": 0.1}
    return {
        "at_score": {"kind": "segm", "score": 0.4, "iou": 0.5, "precision": 0.81, "recall": 0.62, "F1": 0.7}
        | {"right": 1030, "wrong": 4, "missed": 5},
        "foreground": {"mean_IoU": 0.6369, "mean_Dice": 0.7012, "images": 56},
        "overlap": {
            "best": {"mean_IoU": 0.5511, "mean_Dice": 0.6622, "objects": 90},
            "one_to_one": {"mean_IoU": 0.5433, "mean_Dice": 0.6544, "objects": 90},
        },
        "tide": {"AP": 0.55, "iou": 0.5, "background_iou": 0.1, "errors": {"Cls": error}, "FP": 0.1, "FN": 0.2},
        "confusion": {"rows": "truth", "names": [*names, "nothing"], "counts": counts, "most_confused": []},
        "calibration": {"ECE": 0.1234, "MCE": 0.1234, "bins": [full]},
        "worst_images": [image | {"right": 2, "wrong": 11, "missed": 6, "IoU": 0.1357}] * 12,
    }


def _metrics(path: Path, task: str) -> None:
    score = "mIoU" if task == "semantic" else "segm_AP"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["epoch", "train/loss", "train/loss_mask", f"validation/{score}", "learning_rate", "seconds"])
        rows.writerow([1, 1.5, 0.5, "", 1e-4, 10])
        rows.writerow([2, 1.1, 0.4, 0.61, 1e-4, 10])
        rows.writerow([3, "nan", 0.3, 0.6, 1e-4, 10])
