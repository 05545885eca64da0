"""The files of instance details that are too long for the scores: curves and image rows beside the predictions."""

from pathlib import Path

from maskwright.evaluation.instances.details import Details
from maskwright.files import write_json

CURVES = "curves.json"
IMAGES = "images.json"


def write_details(folder: Path, details: Details) -> None:
    """Write ``curves.json``, precision and recall of each class by score, and ``images.json``, a row per image."""
    write_json(folder / CURVES, details.curves)
    write_json(folder / IMAGES, details.images)
