import json
from typing import Any

import pytest

from maskwright.annotations.coco.file import coco_of_text
from maskwright.annotations.coco.lvis_file import FederatedLabels, federated_labels, with_file_names

IMAGES: list[dict[str, Any]] = [
    {"id": 7, "height": 9, "width": 8, "coco_url": "http://images/val2017/000000000007.jpg",
     "neg_category_ids": [2], "not_exhaustive_category_ids": [1]},
    {"id": 8, "height": 9, "width": 8, "file_name": "own.jpg", "neg_category_ids": []},
]  # fmt: skip
DOCUMENT = {
    "images": IMAGES,
    "annotations": [{"id": 1, "image_id": 7, "category_id": 1, "segmentation": [[0, 0, 4, 0, 4, 4]]}],
    "categories": [{"id": 1, "name": "aerosol can", "frequency": "c"}, {"id": 2, "name": "alley"}],
}  # fmt: skip


def test_the_labels_of_images_and_classes_are_read() -> None:
    found = federated_labels(json.dumps(DOCUMENT).encode())
    assert found == FederatedLabels({7: [2], 8: []}, {7: [1], 8: []}, {1: "c"})


@pytest.mark.parametrize(
    "content",
    [
        {**DOCUMENT, "images": [{"id": 7, "height": 9, "width": 8, "file_name": "7.jpg"}]},
        {**DOCUMENT, "images": [{**IMAGES[0], "neg_category_ids": "2"}]},
    ],
)
def test_other_files_have_none(content: dict[str, Any]) -> None:
    assert federated_labels(json.dumps(content).encode()) is None


def test_images_are_named_by_the_last_parts_of_their_url(tmp_path) -> None:
    text = with_file_names(json.dumps(DOCUMENT).encode())
    coco = coco_of_text(tmp_path / "lvis.json", text, [])
    assert [image.file_name for image in coco.images] == ["val2017/000000000007.jpg", "own.jpg"]
    assert len(coco.annotations) == 1
    assert coco.kind is None
