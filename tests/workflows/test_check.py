import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from maskwright.errors import UsageError
from maskwright.progress import Reporter
from maskwright.workflows.check import check

QUIET = Reporter(quiet=True)
BOXED = {"bbox": [10, 10, 10, 10], "area": 100}
SOUND = (BOXED, BOXED | {"category_id": 2})


def pictures(folder: Path, *seeds: int) -> Path:
    """A folder of 1.png, 2.png, …, each another picture but where a seed comes again."""
    folder.mkdir()
    for number, seed in enumerate(seeds, start=1):
        noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(noise, (64, 48), interpolation=cv2.INTER_LINEAR))
    return folder


def test_a_sound_file_is_clean(coco):
    summary = check(coco(*SOUND), reporter=QUIET)
    assert summary.exit_code == 0
    assert summary.to_json() == {
        "file": str(summary.findings.source),
        "faults": [],
        "counts": {
            "images": 1,
            "annotations": 2,
            "categories": 2,
            "in": 2,
            "used": 2,
            "skipped": 0,
            "skipped_by": {},
            "errors": 0,
            "warnings": 0,
        },
        "against": None,
        "repairs": None,
    }
    assert summary.lines() == [
        "1 image, 2 categories",
        "annotations: 2 found = 2 used + 0 skipped",
        f"no fault in {summary.findings.source}",
    ]


def test_errors_are_told_first_and_end_in_exit_code_1_and_warnings_do_not(coco):
    warned = check(coco(*SOUND, BOXED | {"id": 0, "segmentation": [[1, 1, 9, 1, 9, 9]], "bbox": [1, 1, 8, 8]}))
    assert (warned.exit_code, warned.findings.codes()) == (0, ["id_zero", "area_disagrees"])
    failed = check(coco(*SOUND, {"id": 0, "segmentation": []} | BOXED))
    assert (failed.exit_code, failed.findings.codes()) == (1, ["empty_segmentation", "id_zero"])
    assert failed.lines()[0] == "error: empty_segmentation"
    assert failed.lines()[-2:] == [
        "annotations: 3 found = 2 used + 1 skipped (1 empty_segmentation)",
        f"1 error, 1 warning in {failed.findings.source}",
    ]


def test_records_that_cannot_be_read_count_as_records(coco):
    path = coco(*SOUND, {"id": ...}, images=[{}, {"id": 1, "width": 9}, {"height": None}], categories={1: "a", 2: "b"})
    counts = check(path).to_json()["counts"]
    assert (counts["images"], counts["annotations"], counts["categories"]) == (3, 3, 2)
    assert counts["in"] == counts["used"] + counts["skipped"] == 3
    assert counts["skipped_by"] == {"missing_id": 1}


@pytest.mark.parametrize("content", [b"", b"{", b"PK\3\4....", b"[]"], ids=["empty", "cut", "zip", "list"])
def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path, content: bytes):
    path = tmp_path / "labels.json"
    path.write_bytes(content)
    summary = check(path, fix=tmp_path / "fixed.json")
    assert summary.exit_code == 1
    ((fault),) = summary.to_json()["faults"]
    assert (fault["severity"], fault["examples"]) == ("error", [str(path)])
    assert not (tmp_path / "fixed.json").exists()
    assert summary.lines()[-1] == f"1 error, 0 warnings in {path}; nothing was repaired: it cannot be read"


def test_a_wrong_request_is_refused_before_anything_is_read(coco, tmp_path: Path):
    path = coco(*SOUND)
    before = sorted(tmp_path.iterdir())
    requests: list[dict[str, Any]] = [
        {"images": tmp_path / "nowhere"},
        {"against": tmp_path / "nowhere.json"},
        {"against_images": tmp_path},
        {"against": path, "against_images": tmp_path},
        {"fix": path},
        {"fix": tmp_path},
    ]
    for request in requests:
        with pytest.raises(UsageError):
            check(path, **request)
    with pytest.raises(UsageError):
        check(tmp_path / "nowhere.json")
    assert sorted(tmp_path.iterdir()) == before


def test_against_another_file_classes_go_by_name_and_images_by_file_name(coco, tmp_path: Path):
    here = coco(*SOUND, name="train.json", images=[{}, {}], categories={1: "person", 2: "dog"})
    there = coco(name="val.json", images=[{}, {"file_name": "x.png"}], categories={1: "dog", 2: "person", 3: "cat"})
    summary = check(here, against=there)
    assert summary.exit_code == 0
    assert dict(summary.findings.counts) == {"class_id_differs": 2, "class_only_there": 1, "same_file_name": 1}
    assert summary.to_json()["against"] == {
        "file": str(there),
        "classes": {
            "shared": 2,
            "differing_ids": {"person": [1, 2], "dog": [2, 1]},
            "only_here": [],
            "only_there": ["cat"],
        },
        "images": {"compared_by": "file name", "same": 1, "unread": 0},
    }


def test_against_another_file_with_both_folders_pictures_are_compared(coco, tmp_path: Path):
    here = coco(*SOUND, name="train.json", images=[{}, {}])
    there = coco(*SOUND, name="val.json", images=[{}, {}, {}])
    folders = {"images": pictures(tmp_path / "a", 1, 2), "against_images": pictures(tmp_path / "b", 3, 1)}
    summary = check(here, against=there, reporter=QUIET, workers=0, **folders)
    assert summary.exit_code == 1
    assert dict(summary.findings.counts) == {"same_image": 1}
    ((fault),) = summary.to_json()["faults"]
    assert fault["examples"] == [1]
    assert "is the same picture as image 2 ('2.png')" in fault["messages"][0]
    assert summary.to_json()["against"]["images"] == {"compared_by": "picture", "same": 1, "near": 0, "unread": 1}


def test_a_repair_leaves_the_images_in_both_files_an_error(coco, tmp_path: Path):
    path = coco(*SOUND)
    folder = pictures(tmp_path / "a", 1)
    summary = check(
        path, images=folder, against=path, against_images=folder, fix=tmp_path / "out.json", workers=0, reporter=QUIET
    )
    assert summary.exit_code == 1


def test_with_a_repair_the_exit_code_is_that_of_what_is_left(coco, tmp_path: Path):
    repaired = check(coco(*SOUND, BOXED | {"segmentation": []}), fix=tmp_path / "a.json")
    assert (repaired.findings.number("error"), repaired.exit_code) == (1, 0)
    left = check(coco(*SOUND, BOXED | {"segmentation": []}, BOXED | {"image_id": 5}), fix=tmp_path / "b.json")
    assert (left.findings.number("error"), left.errors, left.exit_code) == (2, 1, 1)
    assert left.lines()[-3:] == [
        "annotations: 4 found = 2 used + 2 skipped (1 empty_segmentation, 1 unknown_image)",
        "repaired:    4 found = 2 used + 1 skipped + 1 repaired away",
        f"2 errors, 0 warnings in {left.findings.source}; 1 error left in {tmp_path / 'b.json'}",
    ]
    json.dumps(left.to_json())
