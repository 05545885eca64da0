import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright.errors import DataError, UsageError
from maskwright.progress import Reporter
from maskwright.workflows.scoring.score_cityscapes import CityscapesScores, score_cityscapes

FRAME, OTHER = "aachen_000000_000019", "aachen_000001_000019"
SIZE = (20, 30)
CAR = (slice(2, 14), slice(3, 15))
POLYGON = [[3, 2, 15, 2, 15, 14, 3, 14]]


def scored(*arguments: Path, **options: Any) -> CityscapesScores:
    return score_cityscapes(*arguments, reporter=Reporter(quiet=True), **options)


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A car on a road, found exactly, in the official layout; a second frame without anything."""
    truth = tmp_path / "gtFine" / "val" / "aachen"
    truth.mkdir(parents=True)
    (tmp_path / "results").mkdir()
    for frame in (FRAME, OTHER):
        ids = np.full(SIZE, 7, np.uint16)
        if frame == FRAME:
            ids[CAR] = 26000
        Image.fromarray(ids).save(truth / f"{frame}_gtFine_instanceIds.png")
        Image.fromarray(np.minimum(ids, 26).astype(np.uint8)).save(truth / f"{frame}_gtFine_labelIds.png")
        lines = f"{FRAME}_0.png 26 0.9\n" if frame == FRAME else ""
        (tmp_path / "results" / f"{frame}_pred.txt").write_text(lines, encoding="utf-8")
    mask = np.zeros(SIZE, np.uint8)
    mask[CAR] = 255
    Image.fromarray(mask).save(tmp_path / "results" / f"{FRAME}_0.png")
    return tmp_path


def write_labels(folder: Path, *frames: str) -> Path:
    folder.mkdir(exist_ok=True)
    for frame in frames:
        Image.fromarray(np.full(SIZE, 7, np.uint8)).save(folder / f"{frame}_predLabels.png")
    return folder


def write_records(path: Path, *records: dict[str, Any]) -> Path:
    path.parent.mkdir(exist_ok=True)
    defaults = {"image_id": 0, "category_id": 26, "score": 0.9, "segmentation": POLYGON}
    path.write_text(json.dumps([defaults | each for each in records]), encoding="utf-8")
    return path


def test_mask_files_in_the_official_layout_are_scored(city: Path):
    summary = scored(city, city / "results")
    assert summary.scores["AP"] == pytest.approx(1.0)
    assert summary.scores["images"] == 2
    assert summary.remarks == []


def test_coco_results_are_scored_from_their_file_or_folder(city: Path):
    path = write_records(city / "rle" / "instances.json", {"file_name": f"{FRAME}_leftImg8bit.png"})
    for place in (path, path.parent):
        assert scored(city, place).scores["classes"]["car"]["AP"] == pytest.approx(1.0)


def test_records_that_cannot_be_scored_are_named(city: Path):
    good = {"file_name": f"{FRAME}_leftImg8bit.png"}
    records = good, good | {"category_id": 7}, {"file_name": "bonn_000000_000019.png"}, good | {"segmentation": None}
    path = write_records(city / "rle" / "instances.json", *records, good | {"bbox": [0, 0, 1, 1], "segmentation": None})
    remarks = " ".join(scored(city, path).remarks)
    for words in ("record 1 has category_id 7", "record 2 is of 'bonn", "record 3 has neither"):
        assert words in remarks
    assert "1 records have no mask" in remarks


def test_pixels_are_scored_beside_instances_and_mask_files_are_no_label_maps(city: Path):
    write_labels(city / "results", FRAME, OTHER)
    scores = scored(city, city / "results", pixel=True).scores
    assert scores["AP"] == pytest.approx(1.0)
    assert scores["pixel"]["classes"]["car"] == 0.0
    assert scores["pixel"]["classes"]["road"] == pytest.approx(1 - 144 / 1200)
    assert scores["pixel"]["class_iIoU"]["car"] == 0.0


def test_label_maps_may_lie_elsewhere(city: Path):
    labels = write_labels(city / "maps", FRAME, OTHER)
    summary = scored(city, city / "results", pixel=True, label_maps=labels)
    assert summary.scores["pixel"]["images"] == 2


def test_label_maps_alone_have_pixel_scores_alone(city: Path):
    summary = scored(city, write_labels(city / "maps", FRAME, OTHER), pixel=True)
    assert summary.scores["AP"] is None
    assert summary.scores["classes"] == {}
    assert "only pixels are scored" in summary.remarks[0]


def test_without_instance_images_there_is_no_weighted_iou(city: Path):
    for path in city.glob("gtFine/val/*/*_instanceIds.png"):
        path.unlink()
    pixel = scored(city, write_labels(city / "maps", FRAME, OTHER), pixel=True).scores["pixel"]
    assert pixel["mIoU"] is not None
    assert pixel["mean_iIoU"] is None


def test_an_image_without_results_is_refused_by_name(city: Path):
    (city / "results" / f"{OTHER}_pred.txt").unlink()
    with pytest.raises(DataError, match=rf"1 of 2 images \({OTHER}\)"):
        scored(city, city / "results")
    with pytest.raises(DataError, match="no label map"):
        scored(city, write_labels(city / "maps", FRAME), pixel=True)


def test_results_of_other_images_are_named(city: Path):
    (city / "results" / "ulm_000000_000019_pred.txt").touch()
    assert "ulm_000000_000019" in scored(city, city / "results").remarks[0]


def test_nothing_to_score_is_a_usage_error(city: Path):
    (city / "empty").mkdir()
    with pytest.raises(UsageError, match="add --pixel"):
        scored(city, city / "empty")


def write_distances(folder: Path, frame: str = FRAME, number: int = 26000) -> Path:
    path = folder / "distances.json"
    path.write_text(json.dumps({frame: {str(number): {"distance": 60.0, "confidence": 1.0}}}), encoding="utf-8")
    return path


@pytest.fixture
def large_city(city: Path) -> Path:
    """The car of the city, large enough to count as near, and found by both layouts."""
    (truth,) = city.glob(f"gtFine/val/*/{FRAME}_gtFine_instanceIds.png")
    ids = np.full((40, 60), 7, np.uint16)
    ids[:30, :40] = 26000
    Image.fromarray(ids).save(truth)
    Image.fromarray((ids > 7).astype(np.uint8) * 255).save(city / "results" / f"{FRAME}_0.png")
    outline = {"segmentation": [[0, 0, 40, 0, 40, 30, 0, 30]], "file_name": f"{FRAME}_leftImg8bit.png"}
    write_records(city / "rle" / "instances.json", outline)
    return city


@pytest.mark.parametrize("results", ["results", "rle"])
def test_with_distances_there_is_the_ap_of_near_objects_and_all_else_is_as_without(results: str, large_city: Path):
    path = write_distances(large_city)
    summary = scored(large_city, large_city / results, distances=path)
    plain = scored(large_city, large_city / results)
    assert summary.remarks == plain.remarks == []
    # 60 m away: within 100 m, not within 50.
    found = [summary.scores[key] for key in ("AP", "AP_100m", "AP50_100m", "AP_50m", "AP50_50m")]
    assert found == [pytest.approx(1.0)] * 3 + [None, None]
    assert "AP_50m" not in str(plain.scores)
    changed = {"protocol", "classes"}
    assert {key: value for key, value in summary.scores.items() if key in plain.scores.keys() - changed} == {
        key: value for key, value in plain.scores.items() if key not in changed
    }
    for name, row in plain.scores["classes"].items():
        assert row.items() <= summary.scores["classes"][name].items()


def test_objects_without_a_distance_are_counted(large_city: Path):
    path = write_distances(large_city, number=26001)
    summary = scored(large_city, large_city / "results", distances=path)
    assert summary.scores["AP_100m"] is None
    assert summary.remarks == [f"{path}: has no distance of 1 objects; they count as near nowhere."]


def test_distances_of_other_images_or_for_nothing_are_refused(city: Path):
    with pytest.raises(DataError, match=rf"is of ulm_000000_000019; expected .* such as {FRAME}"):
        scored(city, city / "results", distances=write_distances(city, "ulm_000000_000019"))
    with pytest.raises(UsageError, match="without --distances"):
        scored(city, write_labels(city / "maps", FRAME, OTHER), pixel=True, distances=write_distances(city))
