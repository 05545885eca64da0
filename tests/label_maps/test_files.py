from pathlib import Path

import pytest

from maskwright.annotations.formats.yolo_layout import read_layout
from maskwright.errors import DataError
from maskwright.evaluation.semantic.label_names import read_label_names
from maskwright.label_maps.files import mask_files, write_classes
from maskwright.structures import ClassTable

HOSTILE = ["cat\nbackground", "dog\r", "cow\u2028pig", "a\x85b", '"quoted"', "\x1b[2J", "plain"]


def test_a_mask_bears_the_stem_of_its_image():
    assert mask_files(["a/b/1.jpg", "c.d.png", "windows\\2.jpg", "none"]) == {
        "a/b/1.jpg": "1.png",
        "c.d.png": "c.d.png",
        "windows\\2.jpg": "2.png",
        "none": "none.png",
    }


@pytest.mark.parametrize(
    "names", [["1.jpg", "1.png"], ["a/1.jpg", "b/1.jpg"], ["Cat.jpg", "cat.jpg"], ["1.jpg", "1.jpg"]], ids=str
)
def test_two_images_that_would_share_a_mask_are_refused_by_name(names: list[str]):
    with pytest.raises(DataError, match=rf"'{names[0]}' and '{names[1]}' would share the mask file"):
        mask_files(names)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a/..", "C:\\x\\passwd"])
def test_a_mask_never_lies_outside_its_folder(name: str):
    (file,) = mask_files([name]).values()
    assert "/" not in file
    assert "\\" not in file
    assert file.endswith(".png")


def test_every_name_keeps_its_line_whatever_is_in_it(tmp_path: Path):
    """A line break in a name had moved all labels after it, and scores named the wrong classes."""
    table = ClassTable.from_names(HOSTILE)
    write_classes(tmp_path, table)
    lines = (tmp_path / "classes.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "background"
    assert lines[1] == '"cat\\nbackground"'
    assert lines[-1] == "plain"
    assert read_label_names(tmp_path / "classes.txt").names == table.names_with_background
    assert read_label_names(tmp_path / "classes.json").names == table.names_with_background
    assert list(read_layout(tmp_path).names.values()) == table.names_with_background
