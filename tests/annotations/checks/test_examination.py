from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from maskwright.annotations.checks.examination import examine
from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.selection.select import select

BOXED = {"bbox": [10, 10, 10, 10], "area": 100}
OTHER = BOXED | {"category_id": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images of 48 × 64 pixels, 3.png cut off, 4.png of another size, and no 2.png."""
    folder = tmp_path / "images"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    for name, image in (("1.png", pixels), ("3.png", pixels), ("4.png", pixels[:, :32])):
        cv2.imwrite(str(folder / name), image)
    content = (folder / "3.png").read_bytes()
    (folder / "3.png").write_bytes(content[: len(content) // 2])
    return folder


def test_a_sound_file_has_no_fault(coco):
    found = examine(read_coco(coco(BOXED, OTHER)))
    assert found.findings.to_json() == []
    assert (found.audit.found, found.audit.used, dict(found.audit.skipped)) == (2, 2, {})
    assert found.repairable == set()


def test_every_annotation_is_used_or_skipped_for_one_reason(coco):
    found = examine(
        read_coco(
            coco(
                BOXED,
                OTHER,
                BOXED | {"segmentation": []},
                BOXED | {"segmentation": [[1, 2]], "bbox": [1, 2, 3]},
                BOXED | {"id": 1},
                BOXED | {"image_id": 9},
                BOXED | {"id": ...},
                BOXED | {"iscrowd": "no"},
                BOXED | {"id": "9", "segmentation": [[1, 1, 9, 1, 9, 9], [1, 2]]},
            )
        )
    )
    assert (found.audit.found, found.audit.used) == (9, 3)
    assert dict(found.audit.skipped) == dict.fromkeys(
        ("empty_segmentation", "bad_polygon", "duplicate_id", "unknown_image", "missing_id", "bad_annotation"), 1
    )
    assert found.audit.adds_up
    assert {"bad_box", "string_id", "dropped_parts"} <= set(found.findings.codes())


def test_images_are_opened_only_when_their_folder_is_given(coco, folder: Path):
    read = read_coco(coco(BOXED, OTHER, images=[{}, {}]))
    assert examine(read).findings.codes() == []
    assert examine(read, folder, workers=0).findings.codes() == ["missing_image", "unlisted_image"]


def test_with_images_the_same_annotations_are_used_as_in_training(coco, folder: Path):
    changes: list[dict[str, Any]] = [{"image_id": 1 + number % 4} for number in range(12)]
    changes[4] |= {"segmentation": []}
    changes[5] |= {"segmentation": []}
    read = read_coco(coco(*(BOXED | change for change in changes), images=[{}, {}, {}, {}]))
    found = examine(read, folder, workers=0).audit
    training = select(read, class_table(read), folder).audit
    assert (found.found, found.used) == (training.found, training.used) == (12, 2)
    assert dict(found.skipped) == {
        "empty_segmentation": 2,
        "missing_image": 2,
        "truncated_image": 3,
        "image_size": 3,
    }


def test_two_images_of_one_mask_file_are_used_all_the_same(coco, folder: Path):
    (folder / "sub").mkdir()
    (folder / "sub" / "1.png").write_bytes((folder / "1.png").read_bytes())
    path = coco(BOXED, OTHER | {"image_id": 2}, images=[{}, {"file_name": "sub/1.png"}])
    found = examine(read_coco(path), folder, workers=0)
    assert found.findings.counts["shared_mask_file"] == 1
    assert found.audit.used == 2


def test_annotations_that_a_repair_may_mend_are_listed(coco):
    found = examine(read_coco(coco(BOXED, OTHER | {"bbox": [9, 9, 0, 0]}, BOXED | {"area": 9000}, OTHER | {"id": 0})))
    assert found.repairable == {2, 0}


def test_progress_can_be_shown(coco, folder: Path):
    seen = []
    read = read_coco(coco(BOXED, OTHER, images=[{}, {}]))
    examine(read, folder, workers=0, track=lambda items: (seen.append(item) or item for item in items))
    assert len(seen) == 2


@pytest.mark.parametrize("segmentation", [..., None, []])
def test_a_file_of_boxes_has_one_fault_for_all_its_objects(coco, segmentation: Any):
    many = [BOXED | {"segmentation": segmentation} for _ in range(30)] + [OTHER | {"segmentation": segmentation}]
    found = examine(read_coco(coco(*many)))
    assert found.findings.codes() == ["boxes_file"]
    assert found.findings.counts["boxes_file"] == 1
    assert dict(found.audit.skipped) == {"boxes_file": 31}
    assert found.audit.adds_up
    assert found.repairable == set()


def test_wrong_boxes_are_named_in_a_file_of_boxes_too(coco):
    found = examine(read_coco(coco(BOXED | {"segmentation": [], "bbox": [1, 1, -3, 2]}, OTHER | {"segmentation": []})))
    assert set(found.findings.codes()) == {"boxes_file", "negative_box"}
