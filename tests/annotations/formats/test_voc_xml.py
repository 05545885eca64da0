import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage
from maskwright.annotations.formats.voc_xml import image_name, write_xml
from maskwright.errors import DataError


def test_boxes_count_from_one_and_include_their_last_pixel(tmp_path: Path, account: ConversionAudit):
    path = tmp_path / "a.xml"
    write_xml(path, AnnotatedImage("a.jpg", 48, 64), "a.jpg", [("café & <b>", [0, 0, 64, 48]), ("dog", [3, 4, 1, 2])])
    root = ET.parse(path).getroot()
    assert [root.findtext(f"size/{tag}") for tag in ("width", "height")] == ["64", "48"]
    objects = root.findall("object")
    assert [each.findtext("name") for each in objects] == ["café & <b>", "dog"]
    assert [[e.text for e in each.find("bndbox") or ()] for each in objects] == [
        ["1", "1", "64", "48"],
        ["4", "5", "4", "6"],
    ]
    assert image_name(path, "a", account) == "a.jpg"
    assert account.fields == {}


@pytest.mark.parametrize("name", ["bell\x07", "cat\rdog"])  # in XML the second would be another name
def test_a_name_that_xml_cannot_hold_is_refused(tmp_path: Path, name: str):
    with pytest.raises(DataError, match="has a name that XML cannot hold"):
        write_xml(tmp_path / "a.xml", AnnotatedImage("a.jpg", 1, 1), "a.jpg", [(name, [0, 0, 1, 1])])
    assert list(tmp_path.iterdir()) == []


def named(folder: Path, content: str, account: ConversionAudit) -> str | None:
    (folder / "a.xml").write_text(content)
    return image_name(folder / "a.xml", "a", account)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.jpg", "a.jpg"), ("../../a.png", "a.png"), ("C:\\x\\a.jpeg", "a.jpeg"), ("other.jpg", None), ("", None)],
)
def test_the_name_is_taken_when_it_is_of_the_stem_and_without_its_folders(
    tmp_path: Path, account: ConversionAudit, name: str, expected: str | None
):
    assert named(tmp_path, f"<annotation><filename>{name}</filename></annotation>", account) == expected


def test_fields_that_a_mask_has_no_place_for_are_counted(tmp_path: Path, account: ConversionAudit):
    objects = "<object><pose>Left</pose><difficult>1</difficult><truncated>0</truncated></object>" * 2
    named(tmp_path, f"<annotation>{objects}</annotation>", account)
    assert account.fields == {"object.pose": 2, "object.difficult": 2}


@pytest.mark.parametrize("content", ["<a>", "<!DOCTYPE a><a/>"])
def test_xml_that_cannot_be_read_is_named(tmp_path: Path, account: ConversionAudit, content: str):
    assert named(tmp_path, content, account) is None
    (line,) = account.objects.lines()
    assert line.startswith("source: has a.xml, which ")


def test_no_file_no_name(tmp_path: Path, account: ConversionAudit):
    assert image_name(tmp_path / "a.xml", "a", account) is None
