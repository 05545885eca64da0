from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.results.file_ids import read_file_ids, running_ids
from maskwright.structures import ClassTable

TABLE = ClassTable.from_names(["person", "dog"])


@pytest.fixture
def truth(write_json: Callable[..., Path]) -> Path:
    names = {700: "val/a.jpg", 3: "b.jpg", 41: "one/c.jpg", 42: "two/c.jpg"}
    images = [{"id": number, "file_name": name, "height": 4, "width": 4} for number, name in names.items()]
    categories = [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}]
    return write_json({"images": images, "annotations": [], "categories": categories}, "truth.json")


def test_images_and_classes_have_the_ids_of_the_file(truth: Path):
    found = read_file_ids(truth, TABLE, ["b.jpg", "a.jpg"])
    assert found.table.category_ids == [1, 18]
    assert found.images == {"b.jpg": 3, "a.jpg": 700}
    assert found.remarks == ()


def test_what_the_file_lacks_or_names_twice_has_ids_of_its_own_and_is_told(truth: Path):
    found = read_file_ids(truth, ClassTable.from_names(["kite", "dog"]), ["c.jpg", "a.jpg", "d.jpg"])
    assert found.table.category_ids == [19, 18]
    assert found.images == {"c.jpg": 701, "a.jpg": 700, "d.jpg": 702}
    classes, images = found.remarks
    assert "truth.json: has no category kite" in classes
    assert "2 of the images" in images
    assert "c.jpg, d.jpg" in images


def test_a_file_of_other_classes_and_a_missing_one_are_refused(truth: Path, tmp_path: Path):
    with pytest.raises(DataError, match=r"none of the classes dogs.*Nearest to 'dogs': dog"):
        read_file_ids(truth, ClassTable.from_names(["dogs"]), [])
    with pytest.raises(UsageError, match="nowhere"):
        read_file_ids(tmp_path / "nowhere.json", TABLE, [])


def test_without_a_file_images_are_numbered(tmp_path: Path):
    found: Any = running_ids(TABLE, ["b.jpg", "a.jpg"])
    assert (found.table, found.images) == (TABLE, {"b.jpg": 1, "a.jpg": 2})
