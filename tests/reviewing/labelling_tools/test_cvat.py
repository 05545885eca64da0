"""CVAT's annotations, labels and export."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.reviewing.labelling_tools.cvat import cvat_annotations, cvat_labels, cvat_verdicts
from maskwright.reviewing.labelling_tools.review_task import ReviewTask
from tests.reviewing.labelling_tools.reviews import reviewed

RING = np.array([[10.0, 5.0], [30.0, 5.0], [30.0, 25.0]])


def task(name: str, key: str = "s1@abc") -> ReviewTask:
    return ReviewTask(key, name, (50, 200), "1. Missing <a & b>", "Adds.", 0.9, (10, 5, 30, 25), [], [RING])


def test_suspects_of_an_image_are_boxes_with_attributes_and_outlines():
    root = ET.fromstring(cvat_annotations([task("b.jpg"), task("a.jpg", "s2@abc"), task("b.jpg", "s3@abc")]))
    assert root.findtext("version") == "1.1"
    images = root.findall("image")
    assert [each.attrib for each in images] == [
        {"id": "0", "name": "a.jpg", "width": "200", "height": "50"},
        {"id": "1", "name": "b.jpg", "width": "200", "height": "50"},
    ]
    first, second = images[1].findall("box")
    assert [first.get(side) for side in ("xtl", "ytl", "xbr", "ybr")] == ["10.00", "5.00", "30.00", "25.00"]
    assert {a.get("name"): a.text for a in first} == {
        "decision": "undecided",
        "title": "1. Missing <a & b>",
        "correction": "Adds.",
        "key": "s1@abc",
    }
    assert second.findtext("attribute[@name='key']") == "s3@abc"
    assert [each.get("points") for each in images[0].findall("polygon")] == ["10.00,5.00;30.00,5.00;30.00,25.00"]


def test_every_label_and_attribute_of_the_annotations_is_in_the_labels():
    root = ET.fromstring(cvat_annotations([task("a.jpg")]))
    labels = {each["name"]: each for each in cvat_labels()}
    for shape in [*root.iter("box"), *root.iter("polygon")]:
        label = labels[shape.get("label", "")]
        assert label["type"] == {"box": "rectangle"}.get(shape.tag, shape.tag)
        assert {each.get("name") for each in shape} == {each["name"] for each in label["attributes"]}
    (decision,) = (each for each in labels["suspect"]["attributes"] if each["input_type"] == "select")
    assert decision["values"] == ["undecided", "accept", "reject", "unsure"]


def test_decided_boxes_are_read_and_others_left_out():
    content = cvat_annotations([task("a.jpg"), task("b.jpg", "s2@abc"), task("c.jpg", "s3@abc")]).decode()
    first, rest = content.split(">undecided</attribute>", 1)
    assert list(cvat_verdicts((first + ">accept</attribute>" + rest).encode())) == [("s1@abc", "accept")]
    drawn = '<annotations><image id="0"><box label="car"><attribute name="decision">accept</attribute></box></image>'
    assert list(cvat_verdicts(f"{drawn}</annotations>".encode())) == []


def test_a_name_that_xml_cannot_hold_is_refused_and_others_come_back():
    with pytest.raises(DataError, match="XML"):
        cvat_annotations([task("a\x01.jpg")])
    strange = 'a\n"<b>&\u00f6.jpg'
    assert ET.fromstring(cvat_annotations([task(strange)])).find("image").get("name") == strange  # type: ignore[union-attr]


def test_a_review_writes_the_annotations_and_the_labels(tmp_path: Path):
    review = reviewed(tmp_path, "cvat")[1]
    root = ET.parse(review.path / "cvat.xml").getroot()
    keys = [each.text.partition("@")[0] for each in root.iterfind(".//attribute[@name='key']") if each.text]
    assert sorted(keys) == sorted(each["id"] for each in review.suspects)
    assert json.loads((review.path / "cvat-labels.json").read_text()) == cvat_labels()


def test_the_labels_stand_in_the_file_as_in_cvats_exports():
    meta = ET.fromstring(cvat_annotations([task("a.jpg")])).find("meta/task/labels")
    assert meta is not None
    assert [[label.findtext(key) for key in ("name", "color", "type")] for label in meta] == [
        [each["name"], each["color"], each["type"]] for each in cvat_labels()
    ]
    decision = meta.find("label/attributes/attribute")
    assert decision is not None
    assert decision.findtext("values") == "undecided\naccept\nreject\nunsure"


def test_what_another_reader_of_the_format_writes_again_is_read():
    recorded = Path(__file__).parent / "recorded" / "datumaro-1.13.12.xml"
    found = dict(cvat_verdicts(recorded.read_bytes()))
    assert sorted(key.partition("@")[0] for key in found) == [f"s{number}" for number in range(1, 8)]
    assert set(found.values()) == {"accept"}
