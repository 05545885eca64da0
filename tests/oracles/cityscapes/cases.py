"""Small data sets in Cityscapes' layout: twenty of one frame, rectangles on a road with a trap, and three of streets.

``expected.json`` beside this file has what the official scripts gave for them.
"""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

FRAME = "synth_000000_000019"
HEIGHT, WIDTH = 64, 128
UNLABELLED, ROAD, PERSON, CAR, TRUCK, CARAVAN = 0, 7, 24, 26, 27, 29  # label ids; caravans do not count

Box = tuple[int, int, int, int]  # top, bottom, left, right in pixels, half-open
LEFT: Box = (5, 25, 5, 25)
RIGHT: Box = (5, 25, 40, 60)
UPPER_HALF: Box = (5, 15, 5, 25)
NOTHING: Box = (0, 0, 0, 0)


@dataclass(frozen=True)
class Case:
    """True regions as (instance id, box), and predictions as (label id, score, box)."""

    truth: list[tuple[int, Box]] = field(default_factory=lambda: [(CAR * 1000, LEFT)])
    predictions: list[tuple[int, float, Box]] = field(default_factory=list)


def car(score: float, box: Box = LEFT) -> tuple[int, float, Box]:
    """A predicted car."""
    return CAR, score, box


FIRST, SECOND = CAR * 1000, CAR * 1000 + 1
TWO_CARS = [(FIRST, LEFT), (SECOND, RIGHT)]

CASES = {
    "perfect": Case(TWO_CARS, [car(0.9), car(0.8, RIGHT)]),
    "one_missing": Case(TWO_CARS, [car(0.9)]),
    "no_preds": Case(),
    "iou_exactly_half": Case(predictions=[car(0.9, UPPER_HALF)]),
    "iou_just_over_half": Case(predictions=[car(0.9, (5, 16, 5, 25))]),
    "duplicate_lower": Case(predictions=[car(0.9), car(0.5)]),
    "fp_higher": Case(predictions=[car(0.5), car(0.9, RIGHT)]),
    "fp_lower": Case(predictions=[car(0.9), car(0.5, RIGHT)]),
    "fp_in_void": Case([(FIRST, LEFT), (UNLABELLED, RIGHT)], [car(0.5), car(0.9, RIGHT)]),
    "fp_half_void": Case([(FIRST, LEFT), (UNLABELLED, (5, 15, 40, 60))], [car(0.5), car(0.9, RIGHT)]),
    "fp_on_group": Case([(FIRST, LEFT), (CAR, RIGHT)], [car(0.5), car(0.9, RIGHT)]),
    "group_only": Case([(CAR, RIGHT)], [car(0.9, RIGHT)]),
    "all_ignored_no_match": Case([(FIRST, LEFT), (UNLABELLED, RIGHT)], [car(0.9, RIGHT)]),
    "ignored_class_pred": Case(predictions=[car(0.5), (CARAVAN, 0.9, RIGHT)]),
    "wrong_class": Case(predictions=[(TRUCK, 0.9, LEFT)]),
    "empty_pred_mask": Case(predictions=[car(0.5), car(0.9, NOTHING)]),
    "pred_small": Case(predictions=[car(0.5), car(0.9, (50, 52, 100, 102))]),
    "small_gt_99_unmatched": Case([(FIRST, LEFT), (SECOND, (50, 59, 5, 16))], [car(0.9)]),
    "small_gt_100_unmatched": Case([(FIRST, LEFT), (SECOND, (50, 60, 5, 15))], [car(0.9)]),
    "instid_exactly_1000s": Case([(PERSON * 1000, LEFT)], [(PERSON, 0.9, LEFT)]),
}

# Six frames each with objects of all classes, drawn at random; stored beside this file.
STREETS = ("random_00", "random_07", "random_12")


def write_cases(out: Path) -> Path:
    """Write every case and street as ``out/NAME/{gtFine,results,results_sem}`` and return ``out``."""
    for name, case in CASES.items():
        write_case(out / name, case)
    for name in STREETS:
        with zipfile.ZipFile(Path(__file__).with_name(f"{name}.zip")) as archive:
            archive.extractall(out)
    return out


def write_case(folder: Path, case: Case) -> None:
    """Write the true maps, the predicted masks with their text, and the truth once more as a semantic prediction."""
    truth, results, semantic = folder / "gtFine/val/synth", folder / "results", folder / "results_sem"
    for each in (truth, results / "masks", semantic):
        each.mkdir(parents=True)
    instances = np.full((HEIGHT, WIDTH), ROAD, np.uint16)
    for value, box in case.truth:
        instances[inside(box)] = value
    labels = np.where(instances < 1000, instances, instances // 1000).astype(np.uint8)
    Image.fromarray(instances).save(truth / f"{FRAME}_gtFine_instanceIds.png")
    Image.fromarray(labels).save(truth / f"{FRAME}_gtFine_labelIds.png")
    Image.fromarray(labels).save(semantic / f"{FRAME}_pred_labelIds.png")
    lines = []
    for number, (label, score, box) in enumerate(case.predictions):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[inside(box)] = 255
        Image.fromarray(mask).save(results / "masks" / f"{FRAME}_{number}.png")
        lines.append(f"masks/{FRAME}_{number}.png {label} {score}\n")
    (results / f"{FRAME}_pred.txt").write_text("".join(lines), encoding="utf-8")


def inside(box: Box) -> tuple[slice, slice]:
    """The rows and columns of ``box``."""
    top, bottom, left, right = box
    return slice(top, bottom), slice(left, right)
