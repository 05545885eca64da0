"""The official layout of Cityscapes beside COCO results: the same objects, the same scores."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hotcoco import mask as coco_mask

from maskwright.errors import UsageError
from maskwright.evaluation.cityscapes.layout import read_predictions
from maskwright.evaluation.cityscapes.matching import CLASS_OF_LABEL
from maskwright.evaluation.cityscapes.results import by_frame, read_city_results
from maskwright.evaluation.prediction_files import result_files
from maskwright.label_maps.files import write_classes
from maskwright.masks.binary_png import read_mask
from maskwright.masks.cropped import crop_masks
from maskwright.progress import Reporter
from maskwright.structures import ClassTable, Instances
from maskwright.workflows.scoring.score_cityscapes import score_cityscapes
from tests.evaluation.invented_city import FRAMES, SIZE, write_city

NAMES = [f"{frame}_leftImg8bit.png" for frame in FRAMES]
# Not in the order of their label ids, and a class that is not scored.
TABLE = ClassTable.from_names(["bicycle", "caravan", "car", "person"])
LABELS = {33: 1, 29: 2, 26: 3, 24: 4}


def found_in(folder: Path, frame: str) -> Instances:
    """The predictions of the invented city as a model would give them."""
    rows = [row for row in read_predictions(folder / f"{frame}_pred.txt", folder) if row.label in LABELS]
    masks = np.zeros((*SIZE, len(rows)), np.uint8, order="F")
    for i, row in enumerate(rows):
        region = read_mask(row.mask)
        masks[..., i][region.box] = region.mask
    rles = coco_mask.encode(masks) if rows else []
    scores = np.array([row.confidence for row in rows], np.float32)
    return Instances(
        SIZE, np.zeros((len(rows), 4), np.float32), np.array([LABELS[row.label] for row in rows]), rles, scores
    )


def write(out: Path, images: dict[str, Instances], table: ClassTable = TABLE, layout: str = "cityscapes") -> None:
    with result_files(out, layout, table, images) as add:
        for number, (name, found) in enumerate(images.items(), start=1):
            add(found, number, name)
    write_classes(out, table)


def scores(truth: Path, predictions: Path) -> dict[str, Any]:
    return score_cityscapes(truth, predictions, workers=1, reporter=Reporter(quiet=True)).scores


def test_results_bear_the_category_ids_of_the_table_and_the_given_image_id(tmp_path: Path) -> None:
    full = coco_mask.encode(np.ones(SIZE, np.uint8, order="F"))
    found = Instances(SIZE, np.zeros((2, 4), np.float32), np.array([3, 1]), [full, full])
    with result_files(tmp_path, "coco", TABLE.with_category_ids([2, 90, 3, 1]), ["a.png"]) as add:
        add(found, 700, "a.png")
    records = json.loads((tmp_path / "instances.json").read_text())
    assert [(each["image_id"], each["category_id"]) for each in records] == [(700, 3), (700, 2)]


@pytest.mark.parametrize("seed", range(4))
def test_both_layouts_hold_the_same_objects_and_score_alike(seed: int, tmp_path: Path) -> None:
    write_city(tmp_path, np.random.default_rng(seed))
    images = {f"{frame}_leftImg8bit.png": found_in(tmp_path / "results", frame) for frame in FRAMES}
    out, official = tmp_path / "out", tmp_path / "out" / "cityscapes"
    write(out, images)
    expected = scores(tmp_path, out / "instances.json")
    assert scores(tmp_path, official) == expected
    assert expected["AP"] is not None
    results = read_city_results(out / "instances.json", dict.fromkeys(FRAMES, SIZE))
    grouped = by_frame(results, list(FRAMES))
    for frame in FRAMES:
        rows = [row for row in read_predictions(official / f"{frame}_pred.txt", official) if row.label != 29]
        rles = grouped.get(frame, [])
        assert [(CLASS_OF_LABEL[row.label], row.confidence) for row in rows] == [(c, s) for _, c, s in rles]
        for row, region in zip(rows, crop_masks([rle for rle, _, _ in rles]), strict=True):
            read = read_mask(row.mask)
            assert (read.size, read.top, read.left) == (region.size, region.top, region.left)
            np.testing.assert_array_equal(read.mask, region.mask)


def test_older_results_are_replaced_whole_and_only_when_all_is_done(tmp_path: Path) -> None:
    two = {name: Instances.empty(SIZE) for name in NAMES}
    write(tmp_path, two)
    nothing = coco_mask.encode(np.zeros(SIZE, np.uint8, order="F"))
    unknown_class = Instances(SIZE, np.zeros((1, 4), np.float32), np.array([9]), [nothing])
    with pytest.raises(KeyError):
        write(tmp_path, {NAMES[0]: unknown_class})
    assert len(list((tmp_path / "cityscapes").iterdir())) == 2
    write(tmp_path, {NAMES[0]: two[NAMES[0]]})
    assert [path.name for path in (tmp_path / "cityscapes").iterdir()] == [f"{FRAMES[0]}_pred.txt"]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("place", ["cityscapes/gtFine/val/x.png", "cityscapes"])
def test_what_is_no_result_is_never_replaced(place: str, tmp_path: Path) -> None:
    kept = tmp_path / place
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.touch()
    with pytest.raises(UsageError, match=r"cityscapes: holds (gtFine|cityscapes), .*another --out"):
        result_files(tmp_path, "cityscapes", TABLE, NAMES)
    assert kept.is_file()


def test_classes_and_names_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for table, names in ((ClassTable.from_names(["dog"]), NAMES), (TABLE, ["photo.jpg"])):
        with pytest.raises(UsageError):
            result_files(tmp_path / "out", "cityscapes", table, names)
    assert not (tmp_path / "out").exists()


def test_coco_results_alone_take_any_class_and_name(tmp_path: Path) -> None:
    write(tmp_path, {"photo.jpg": Instances.empty(SIZE)}, ClassTable.from_names(["dog"]), "coco")
    assert json.loads((tmp_path / "instances.json").read_text()) == []
    assert not (tmp_path / "cityscapes").exists()
