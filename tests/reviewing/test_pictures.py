"""Pictures of suspects: what part of an image is shown, and where its outlines lie."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.reviewing.pictures import suspect_pictures
from maskwright.reviewing.search import find_suspects
from tests.reviewing.scenes import SIDE, read, written
from tests.reviewing.test_search import CASES


def pictures(folder: Path, kind: str, side: int = SIDE):
    truth, results = read(*written(folder, CASES[kind][0]))
    cv2.imwrite(str(folder / "1.png"), np.full((side, side, 3), 90, np.uint8))
    return list(suspect_pictures(find_suspects(truth, results), truth, results, folder))


def test_the_suspect_is_shown_with_what_is_around_it(tmp_path: Path):
    (picture,) = pictures(tmp_path, "missing")
    assert picture.uri.startswith("data:image/webp;base64,")
    left, top, right, bottom = picture.box
    assert 0 <= left < 5 < 35 < right <= SIDE
    assert 0 <= top < 50 < 80 < bottom <= SIDE
    assert max(picture.width, picture.height) <= 360
    assert picture.width / picture.height == (right - left) / (bottom - top)


@pytest.mark.parametrize(
    ("box", "part"),
    [
        ([1e308, 1e308, 1e308, 1e308], (0, 0, SIDE, SIDE)),
        ([-1e308, 10, 2e307, 20], (0, 0, SIDE, SIDE)),
        ([2.0 * SIDE, 10, 20, 20], (0, 0, SIDE, SIDE)),
        ([SIDE - 30.0, 10, 1e308, 20], (0, 0, SIDE, SIDE)),
    ],
)
def test_a_box_that_reaches_out_of_the_image_shows_all_of_it(box, part, tmp_path: Path):
    truth, results = read(*written(tmp_path, CASES["missing"][0]))
    cv2.imwrite(str(tmp_path / "1.png"), np.full((SIDE, SIDE, 3), 90, np.uint8))
    suspects = find_suspects(truth, results)
    results.records[suspects[0].found[0]]["bbox"] = box
    (picture,) = suspect_pictures(suspects, truth, results, tmp_path)
    assert picture.box == part


def test_outlines_are_in_pixels_of_the_image_and_the_suspects_own_are_chosen(tmp_path: Path):
    (picture,) = pictures(tmp_path, "missing")
    # What is outside the picture is not drawn: it would make the page long.
    assert (picture.box[1], picture.labels, len(picture.found)) == (32, [], 1)
    (chosen,) = [each for each in picture.found if each.chosen]
    assert chosen.name == "square 0.95"
    points = [tuple(map(float, each)) for each in re.findall(r"([\d.]+) ([\d.]+)", chosen.path)]
    assert sorted(points) == [(5, 50), (5, 80), (35, 50), (35, 80)]
    assert chosen.path.endswith("Z")


def test_what_else_is_in_the_picture_is_shown_faintly(tmp_path: Path):
    (picture,) = pictures(tmp_path, "merged")  # of the whole width, down to the square
    assert [(each.name, each.chosen) for each in picture.labels] == [("disc", True), ("square", False)]
    assert [each.chosen for each in picture.found] == [True, True, False]


def test_of_many_others_the_nearest_are_shown(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("maskwright.reviewing.pictures._MOST_OTHERS", 1)
    objects, found = CASES["merged"][0]
    boxes = [(0.0, 90.0, 8.0, 8.0), (40.0, 20.0, 8.0, 8.0), (60.0, 50.0, 8.0, 8.0)]
    truth, results = read(*written(tmp_path, ([*objects, *((7, box) for box in boxes)], found)))
    cv2.imwrite(str(tmp_path / "1.png"), np.full((SIDE, SIDE, 3), 90, np.uint8))
    suspects = [each for each in find_suspects(truth, results) if each.kind == "merged"]
    (picture,) = suspect_pictures(suspects, truth, results, tmp_path)
    centre = [(picture.box[a] + picture.box[a + 2]) / 2 for a in (0, 1)]
    others = [each["bbox"] for each in truth.annotations if each["category_id"] != 3]
    far = [sum(abs(box[a] + box[a + 2] / 2 - centre[a]) for a in (0, 1)) for box in others]
    x, y = others[int(np.argmin(far))][:2]
    (shown,) = [each.path for each in picture.labels if not each.chosen]
    assert shown.startswith(f"M{x:g} {y:g}")


def test_an_image_that_cannot_be_shown_is_named(tmp_path: Path):
    truth, results = read(*written(tmp_path, CASES["missing"][0]))
    (picture,) = suspect_pictures(find_suspects(truth, results), truth, results, tmp_path)
    assert picture.fault == "1.png cannot be read in the images folder."
    (other,) = pictures(tmp_path, "missing", side=64)
    assert "64×64 pixels on disk, but 100×100" in other.fault
