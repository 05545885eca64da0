"""COCO images through every format and back, by pycocotools, object by object."""

import json
from pathlib import Path
from typing import Any

import hotcoco
import numpy as np
import numpy.typing as npt
import pytest
from pycocotools import mask as oracle

from maskwright.progress import Reporter
from maskwright.workflows.convert import convert
from tests.annotations.formats.examples import Masks, by_pycocotools

QUIET = Reporter(quiet=True)
EVERY = 12


@pytest.fixture(scope="module", params=["train-300", "validation-300"])
def part(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Every twelfth image of a file, and the folder of its images."""
    folder = shared / "data" / "coco300" / request.param
    document = json.loads((folder / "labels.json").read_text())
    document["images"] = document["images"][::EVERY]
    kept = {image["id"] for image in document["images"]}
    document["annotations"] = [a for a in document["annotations"] if a["image_id"] in kept and a["segmentation"]]
    path = tmp_path_factory.mktemp("part") / "labels.json"
    path.write_text(json.dumps(document))
    return path, folder / "data"


def there_and_back(part: tuple[Path, Path], target: str, tmp_path: Path) -> tuple[Masks, Masks, Any]:
    path, images = part
    summary = convert(path, tmp_path / "there", source_format="coco", target_format=target, reporter=QUIET)
    back = tmp_path / "back.json"
    convert(tmp_path / "there", back, source_format=target, target_format="coco", images=[images], reporter=QUIET)
    hotcoco.COCO(str(back))
    return by_pycocotools(path), by_pycocotools(back), summary.audits[0]


def test_labelme_brings_back_every_object(part: tuple[Path, Path], tmp_path: Path):
    before, after, account = there_and_back(part, "labelme", tmp_path)
    assert after == before
    assert account.objects.used == account.objects.found == sum(len(objects) for *_, objects in before.values())


def test_yolo_brings_back_every_object_that_is_no_crowd(part: tuple[Path, Path], tmp_path: Path):
    before, after, account = there_and_back(part, "yolo", tmp_path)
    things = {name: (*size, [each for each in objects if not each[1]]) for name, (*size, objects) in before.items()}
    assert after == things
    crowds = sum(crowd for *_, objects in before.values() for _, crowd, _ in objects)
    assert crowds > 0
    assert account.objects.skipped == {"crowd": crowds}


def painted(objects: list[tuple[str, bool, bytes]], height: int, width: int) -> npt.NDArray[np.object_]:
    """The class of each pixel, the later object on top, crowds left out."""
    labels = np.full((height, width), "", dtype=object)
    for name, crowd, counts in objects:
        if not crowd:
            labels[oracle.decode({"size": [height, width], "counts": counts}).astype(np.bool_)] = name
    return labels


@pytest.mark.parametrize("target", ["voc", "label-maps"])
def test_maps_bring_back_the_class_on_top_at_every_pixel(part: tuple[Path, Path], tmp_path: Path, target: str):
    before, after, account = there_and_back(part, target, tmp_path)
    assert before.keys() == after.keys()
    for name, (height, width, objects) in before.items():
        shown = painted(after[name][2], height, width)
        np.testing.assert_array_equal(shown, painted(objects, height, width), err_msg=name)
    assert account.objects.adds_up
    assert account.changes["overlap_pixels"] > 0
