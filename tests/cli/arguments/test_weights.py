"""Classes and options as a person types them."""

from pathlib import Path

import pytest

from maskwright.cli.arguments.weights import parse_classes, parse_options
from maskwright.errors import UsageError
from maskwright.files import write_json


def test_classes_are_names_or_a_file_of_them(tmp_path: Path) -> None:
    assert parse_classes(None) is None
    assert parse_classes("traffic light, car") == ["traffic light", "car"]
    (tmp_path / "classes.txt").write_text('traffic light\n\ncar \n"zebra\\ncrossing"\n', encoding="utf-8")
    assert parse_classes(str(tmp_path / "classes.txt")) == ["traffic light", "car", "zebra\ncrossing"]
    records = [{"index": 2, "name": "car"}, {"index": 1, "name": "traffic light"}]
    write_json(tmp_path / "classes.json", records)
    assert parse_classes(str(tmp_path / "classes.json")) == ["traffic light", "car"]


@pytest.mark.parametrize(
    "content", [b"{", b'[{"name": "car"}]', b'[{"index": 1, "name": 5}]', b"[" * 100_000, b"\xff\xfe"]
)
def test_a_file_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "classes.json").write_bytes(content)
    with pytest.raises(UsageError, match="or one name a line"):
        parse_classes(str(tmp_path / "classes.json"))


def test_options_are_values_as_in_a_recipe() -> None:
    assert parse_options(None) == {}
    assert parse_options(["short_side=640", "pixel_std=[1, 2.5, 3]", "point_loss=smooth_l1"]) == {
        "short_side": 640, "pixel_std": [1, 2.5, 3], "point_loss": "smooth_l1",
    }  # fmt: skip


@pytest.mark.parametrize("pair", ["short_side", "=5", "a=[1"])
def test_an_option_that_is_none_is_refused(pair: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        parse_options([pair])
