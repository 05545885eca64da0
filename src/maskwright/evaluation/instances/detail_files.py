"""What lies behind the scores of instances and is too long for them: files beside the predictions."""

from pathlib import Path

from maskwright.evaluation.instances.details import Details
from maskwright.files import write_json

CURVES = "curves.json"
IMAGES = "images.json"


def write_details(folder: Path, details: Details) -> None:
    """Write ``curves.json``, precision and recall of each class at every score, and ``images.json``, a row an image."""
    write_json(folder / CURVES, details.curves)
    write_json(folder / IMAGES, details.images)
