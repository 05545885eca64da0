from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.runs.source_file import SourceFiles

CATEGORIES = {1: "person", 2: "bicycle", 3: "kite", 4: "car"}


def test_without_a_taxonomy_a_file_is_in_its_own_classes_by_id(coco):
    source = SourceFiles().read(coco(categories=CATEGORIES))
    assert source.use is None
    assert source.table().names == list(CATEGORIES.values())


def test_the_classes_are_the_target_s_in_its_order_with_the_file_s_ids(coco):
    source = SourceFiles().read(coco({"category_id": 3}, {}, categories=CATEGORIES), "coco-to-cityscapes", "person")
    assert [(each.name, each.source_ids) for each in source.table()] == [
        ("person", (1,)),
        ("car", (4,)),
        ("bicycle", (2,)),
    ]
    assert str(source.use) == "taxonomy coco-to-cityscapes, rider: person"
    assert len(source.coco.annotations) == 1


def test_an_unknown_taxonomy_is_refused(coco, tmp_path: Path):
    with pytest.raises(UsageError, match="Unknown taxonomy 'coco-to-vok'"):
        SourceFiles().read(coco(), "coco-to-vok")
    with pytest.raises(UsageError, match="Unknown rule for riders"):
        SourceFiles().read(coco(), "coco-to-cityscapes", "persons")  # type: ignore[arg-type]
