from pathlib import Path

import pytest

from maskwright.errors import DataError
from maskwright.evaluation.results.classes import class_index, read_class_table
from maskwright.files import write_json, write_text
from maskwright.structures import ClassTable

NAMES = {0: "cake", 18: "dog", 44: "person"}


def beside(folder: Path, *names: str) -> Path:
    write_json(folder / "classes.json", ClassTable.from_names(names).to_json())
    return folder / "results.json"


def test_without_classes_json_ids_are_the_truths_own(tmp_path: Path):
    index = class_index(tmp_path / "results.json", NAMES, {7: "kite"})
    assert index.categories == {0: 0, 18: 18, 44: 44}
    assert index.foreign == {7: "kite"}


def test_with_classes_json_of_an_earlier_version_ids_are_its_indices_and_classes_meet_by_name(tmp_path: Path):
    index = class_index(beside(tmp_path, "person", "zebra", "cake"), NAMES)
    assert index.categories == {1: 44, 3: 0}
    assert index.foreign == {2: "zebra"}


def test_category_ids_in_classes_json_go_before_its_indices(tmp_path: Path):
    table = ClassTable.from_names(["person", "zebra", "cake"]).with_category_ids([2, 1, 90])
    write_json(tmp_path / "classes.json", table.to_json())
    index = class_index(tmp_path / "results.json", NAMES)
    assert index.categories == {2: 44, 90: 0}
    assert index.foreign == {1: "zebra"}


def test_names_meet_in_any_unicode_form(tmp_path: Path):
    assert class_index(beside(tmp_path, "cafe\u0301"), {5: "caf\u00e9"}).categories == {1: 5}


def test_no_shared_name_is_refused_with_the_nearest(tmp_path: Path):
    with pytest.raises(DataError, match="Nearest to 'persons': person"):
        class_index(beside(tmp_path, "persons"), NAMES)


def test_a_name_of_two_categories_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="two categories called 'dog'"):
        class_index(beside(tmp_path, "dog"), {1: "dog", 2: "dog"})


def test_two_classes_of_one_category_id_are_refused(tmp_path: Path):
    records = [{**each, "category_id": 7} for each in ClassTable.from_names(["dog", "cake"]).to_json()]
    write_json(tmp_path / "classes.json", records)
    with pytest.raises(DataError, match=r"classes\.json: is no class table"):
        read_class_table(tmp_path / "classes.json")


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', '[{"index": 1}]', "7"])
def test_a_damaged_class_table_is_refused_by_name(tmp_path: Path, text: str):
    write_text(tmp_path / "classes.json", text)
    with pytest.raises(DataError, match=r"classes\.json"):
        read_class_table(tmp_path / "classes.json")
