import json

import cv2
import numpy as np
import pytest

from maskwright.reports.run.contents import read_run
from maskwright.reports.run.worst_images import WORST, worst_image, worst_parts
from tests.reports.conftest import MakeRun

NAMES = [f"{i}.png" for i in range(12)]


def with_pictures(run, rows, drawn):
    """``run`` with ``rows`` of worst images, of which those ``drawn`` have pictures."""
    scores = json.loads((run / "scores.json").read_text())
    scores["validation"]["worst_images"] = rows
    (run / "scores.json").write_text(json.dumps(scores))
    (run / "figures" / "worst").mkdir()
    records = json.loads((run / "figures" / "panels.json").read_text())
    for name in drawn:
        cv2.imwrite(str(run / "figures" / "worst" / name), np.full((20, 60, 3), 90, np.uint8))
        record = {"file": f"figures/worst/{name}", "caption": f"validation: {name}"}
        records.append({**record, "kind": "worst", "part": "validation", "image": name})
    (run / "figures" / "panels.json").write_text(json.dumps(records))
    return read_run(run)


def instance_rows():
    return [{"file_name": name, "IoU": 0.1357, "F1": 0.1, "missed": 6, "wrong": 11} for name in NAMES]


def semantic_rows():
    return [{"file_name": name, "mIoU": 0.25, "pixel_accuracy": 0.5} for name in NAMES]


def test_at_most_ten_images_have_rows_and_those_with_a_picture_lead_to_it(make_run: MakeRun):
    (part,) = worst_parts(with_pictures(make_run("instance"), instance_rows(), NAMES[:2]))
    assert part.split == "validation"
    assert len(part.table.table.rows) == WORST
    assert part.table.table.rows[0] == ["0.png", "0.136", "0.100", "6", "11"]
    assert part.table.table.links == {"0.png": "#panel-worst-1-1", "1.png": "#panel-worst-1-2"}
    assert [picture.caption for picture in part.pictures] == ["validation: 0.png", "validation: 1.png"]


@pytest.mark.parametrize(
    ("task", "rows", "score"),
    [("instance", instance_rows(), "F1 0.100"), ("semantic", semantic_rows(), "mean IoU 0.250")],
)
def test_the_worst_image_of_all_is_named_with_its_score(make_run: MakeRun, task, rows, score):
    found = worst_image(worst_parts(with_pictures(make_run(task), rows, NAMES[:1])))
    assert found == ("0.png", "#panel-worst-1-1", score)


def test_only_pixels_have_the_error_of_a_wrong_class(make_run: MakeRun):
    (part,) = worst_parts(with_pictures(make_run("semantic"), semantic_rows(), []))
    assert [name for name, _ in part.outcomes] == ["found", "false positive", "missed", "wrong class"]
    assert worst_image([part]) is None


def test_objects_have_three_outcomes(make_run: MakeRun):
    (part,) = worst_parts(with_pictures(make_run("instance"), instance_rows(), []))
    assert [name for name, _ in part.outcomes] == ["found", "false positive", "missed"]


def test_an_older_semantic_run_has_no_worst_images(make_run: MakeRun):
    assert worst_parts(read_run(make_run("semantic"))) == []
