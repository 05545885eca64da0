"""Pages of 300 photos stay below 5 MB: of a review with 200 suspects, of a comparison, and of a run."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from maskwright.images.decode import read_image
from maskwright.images.resize import resize_image
from maskwright.progress import Reporter
from maskwright.reports.run.page import MOST_PANELS, write_page
from maskwright.reports.run.worst_images import WORST, WORST_KIND
from maskwright.run_folder import RunFolder
from maskwright.workflows.compare import compare
from maskwright.workflows.review import review

QUIET = Reporter(quiet=True)
LARGEST = 5_000_000
pytestmark = pytest.mark.slow


def results(labels: Path, out: Path, drop: int, shift: float) -> Path:
    """Write the objects of ``labels`` as results: every ``drop``-th is missing, every third ``shift`` pixels aside."""
    records: list[dict[str, Any]] = []
    for number, each in enumerate(json.loads(labels.read_text(encoding="utf-8"))["annotations"]):
        if each["iscrowd"] or number % drop == 0 or not isinstance(each["segmentation"], list):
            continue
        aside = shift if number % 3 == 0 else 0.0
        outline = [[value + aside for value in ring] for ring in each["segmentation"]]
        ids = {key: each[key] for key in ("image_id", "category_id")}
        records.append({**ids, "score": 0.9 - number % 7 / 100, "segmentation": outline})
    out.write_text(json.dumps(records), encoding="utf-8")
    return out


def test_the_pages_of_300_photos_stay_below_5_mb(shared: Path, tmp_path: Path) -> None:
    part = shared / "data" / "coco300" / "validation-300"
    labels, images = part / "labels.json", part / "data"
    one, other = (results(labels, tmp_path / f"{drop}.json", drop, shift) for drop, shift in ((5, 25.0), (2, 60.0)))
    found = review(labels, one, images=images, out=tmp_path / "review", reporter=QUIET)
    assert len(found.suspects) > 200
    page = tmp_path / "review" / "review.html"
    assert page.read_text(encoding="utf-8").count('class="suspect"') >= 200
    compare(one, other, truth=labels, images=images, samples=100, out=tmp_path / "compare", reporter=QUIET)
    sizes = {file.name: file.stat().st_size for file in (page, *(tmp_path / "compare").glob("*.html"))}
    assert len(sizes) == 2
    assert max(sizes.values()) < LARGEST, sizes


def test_the_page_of_a_run_with_panels_of_photos_stays_below_5_mb(
    instance_run: Path, shared: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(instance_run, run)
    photos = sorted((shared / "data" / "coco300" / "validation-300" / "data").glob("*.jpg"))
    panels = []
    # A sample has three pictures beside each other, a worst image four.
    for number in range(MOST_PANELS + WORST):
        beside = 3 if number < MOST_PANELS else 4
        shown = [resize_image(read_image(photo), (480, 640)) for photo in photos[number * 4 :][:beside]]
        strip = np.hstack(shown)[:, :, ::-1]
        cv2.imwrite(str(run / f"{number}.jpg"), strip)
        kind = {"kind": WORST_KIND, "part": "validation", "image": f"{number}.jpg"} if beside == 4 else {}
        panels.append({"file": f"{number}.jpg", "caption": f"photo {number}", **kind})
    RunFolder(run).panels_file.write_text(json.dumps(panels), encoding="utf-8")
    page = write_page(run)
    assert page.read_text(encoding="utf-8").count("data:image/webp") >= MOST_PANELS + WORST
    assert page.stat().st_size < LARGEST, page.stat().st_size
