import pytest

from maskwright.reports import legend_colors as legend
from maskwright.structures import ClassTable


def test_each_class_has_its_name_and_its_colour() -> None:
    table = ClassTable.from_names(["dog", "kite"])
    found = legend.legend_colors(table)
    assert [name for name, _ in found] == ["dog", "kite"]
    assert [tuple(bytes.fromhex(color[1:])) for _, color in found] == [each.color for each in table]


def test_a_name_that_pictures_cannot_have_comes_with_the_index_that_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legend, "can_write", str.isascii)
    assert [name for name, _ in legend.legend_colors(ClassTable.from_names(["dog", "犬"]))] == ["dog", "#2 犬"]
