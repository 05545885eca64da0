"""Pictures of suspects: what part of an image is shown, and where its outlines lie."""

import re
from pathlib import Path

import cv2
import numpy as np

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


def test_an_image_that_cannot_be_shown_is_named(tmp_path: Path):
    truth, results = read(*written(tmp_path, CASES["missing"][0]))
    (picture,) = suspect_pictures(find_suspects(truth, results), truth, results, tmp_path)
    assert picture.fault == "1.png cannot be read in the images folder."
    (other,) = pictures(tmp_path, "missing", side=64)
    assert "64×64 pixels on disk, but 100×100" in other.fault
