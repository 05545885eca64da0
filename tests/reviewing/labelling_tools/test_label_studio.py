"""Label Studio's tasks, interface and export."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from maskwright.reviewing.labelling_tools.label_studio import INTERFACE, label_studio_tasks, label_studio_verdicts
from maskwright.reviewing.labelling_tools.review_task import ReviewTask
from tests.reviewing.labelling_tools.reviews import reviewed

RING = np.array([[10.0, 5.0], [30.0, 5.0], [30.0, 25.0]])
TASK = ReviewTask("s1@abc", "a b/ö.jpg", (50, 200), "1. Missing", "Adds.", 0.9, (10, 5, 30, 25), [], [RING])


def test_outlines_are_per_cent_of_the_images_sides():
    (task,) = label_studio_tasks([TASK])
    (region,) = task["predictions"][0]["result"]
    assert region["value"]["points"] == [[5.0, 10.0], [15.0, 10.0], [15.0, 50.0]]
    assert (region["original_width"], region["original_height"]) == (200, 50)


def test_names_are_quoted_behind_the_address():
    assert label_studio_tasks([TASK])[0]["data"]["image"] == "/data/local-files/?d=a%20b/%C3%B6.jpg"
    assert label_studio_tasks([TASK], "https://host/")[0]["data"]["image"] == "https://host/a%20b/%C3%B6.jpg"


def test_the_interface_has_what_the_tasks_name():
    root = ET.fromstring(INTERFACE)
    fields = {name[1:] for each in root.iter() if (name := each.get("value", "")).startswith("$")}
    (task,) = label_studio_tasks([TASK])
    assert fields <= task["data"].keys()
    (region,) = task["predictions"][0]["result"]
    named = {each.get("name"): each for each in root.iter() if each.get("name")}
    assert named[region["from_name"]].tag.lower() == region["type"]
    assert named[region["from_name"]].get("toName") == region["to_name"] == named["image"].get("name")
    assert {each.get("value") for each in named["outline"]} == {"label", "model"}
    assert {each.get("value") for each in named["decision"]} == {"accept", "reject", "unsure"}


def test_both_json_formats_are_read_and_cancelled_annotations_left_out():
    def annotation(verdict: str, **more: object) -> dict:
        return {"result": [{"from_name": "decision", "type": "choices", "value": {"choices": [verdict]}}], **more}

    outline = {"from_name": "outline", "type": "polygonlabels", "value": {"polygonlabels": ["label"]}}
    whole = [
        {"data": {"suspect": "s1@k"}, "annotations": [annotation("accept"), annotation("reject", was_cancelled=True)]},
        {"data": {"suspect": "s2@k"}, "annotations": [{"result": [outline]}]},
        {"data": {"suspect": "s3@k"}, "annotations": [annotation("accept"), annotation("reject")]},
        {"data": {"image": "not of a review"}, "annotations": [annotation("accept")]},
        "nothing",
    ]
    assert list(label_studio_verdicts(whole)) == [("s1@k", "accept"), ("s3@k", "accept"), ("s3@k", "reject")]
    flat = [{"suspect": "s1@k", "decision": "unsure", "id": 3}, {"suspect": "s2@k", "id": 4}]
    assert list(label_studio_verdicts(flat)) == [("s1@k", "unsure")]


def test_a_review_writes_the_tasks_that_its_page_shows(tmp_path: Path):
    review = reviewed(tmp_path, "label-studio", image_address="s3://photos/")[1]
    tasks = json.loads((review.path / "label-studio.json").read_text())
    assert [each["data"]["suspect"].partition("@")[0] for each in tasks] == [each["id"] for each in review.suspects]
    assert [each["data"]["image"] for each in tasks] == [f"s3://photos/{e['file_name']}" for e in review.suspects]
    assert (review.path / "label-studio.xml").read_text() == INTERFACE


def test_what_label_studio_exports_is_read():
    recorded = Path(__file__).parent / "recorded"
    decided = [("s1", "accept"), ("s2", "reject"), ("s3", "unsure")]
    for name in ("label-studio-1.23.2.json", "label-studio-1.23.2-min.json"):
        found = label_studio_verdicts(json.loads((recorded / name).read_text()))
        assert [(key.partition("@")[0], verdict) for key, verdict in found] == decided
