"""A review with a suspect of each kind, its tasks, and the decisions as its page saves them."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwright.progress import Reporter
from maskwright.reviewing.review import Review, write_review
from tests.reviewing.scenes import SIDE, written
from tests.reviewing.test_search import CASES

QUIET = Reporter(quiet=True)
VERDICTS = ("accept", "reject", "unsure")


def reviewed(folder: Path, *tools: str, out: str = "review", **more: Any) -> tuple[Path, Review]:
    """Return the labels and their review, with the tasks of ``tools``."""
    labels, predictions = written(folder, *(case[0] for case in CASES.values()), clean=30)
    for image in json.loads(labels.read_text())["images"]:
        cv2.imwrite(str(folder / image["file_name"]), np.zeros((SIDE, SIDE, 3), np.uint8))
    return labels, write_review(labels, predictions, folder, folder / out, 200, False, QUIET, tools, **more)


def chosen(review: Review) -> dict[str, str]:
    """Return a verdict for each suspect but the last, all three in turn."""
    return {each["id"]: VERDICTS[i % 3] for i, each in enumerate(review.suspects[:-1])}


def saved_by_page(review: Review, verdicts: dict[str, str]) -> Path:
    """Write the decisions as the page's script does, and return the file."""
    decisions = [
        {
            "suspect": each["id"],
            "kind": each["kind"],
            "image": each["file_name"],
            "changes": each["changes"],
            "decision": verdicts[each["id"]],
        }
        for each in review.suspects
        if each["id"] in verdicts
    ]
    path = review.path.parent / "decisions.json"
    content = {"format": "maskwright review decisions", "annotations": review.numbers["annotations"]}
    path.write_text(json.dumps({**content, "decisions": decisions}))
    return path
