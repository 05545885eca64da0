import base64
from typing import Any

import cv2
import numpy as np
import pytest

from maskwright.reports.kept_files import KeptFiles
from maskwright.reports.pictures.embedded import TALLEST, WIDEST, read_pictures


def save(path, height=10, width=20):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), (10, 120, 240), np.uint8))


def test_a_picture_becomes_a_webp_data_uri_of_the_same_colours(tmp_path):
    save(tmp_path / "a.png")
    (picture,) = read_pictures(tmp_path, [{"file": "a.png", "caption": "one"}])
    kind, _, payload = picture.uri.partition(",")
    assert kind == "data:image/webp;base64"
    pixels: Any = cv2.imdecode(np.frombuffer(base64.b64decode(payload), np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (picture.height, picture.width, 3) == (10, 20, 3)
    assert np.abs(pixels.astype(int) - (10, 120, 240)).max() <= 4
    assert (picture.caption, picture.fault) == ("one", "")


def test_a_picture_wider_than_any_screen_is_made_smaller(tmp_path):
    save(tmp_path / "wide.png", 100, 2 * WIDEST)
    (picture,) = read_pictures(tmp_path, [{"file": "wide.png"}])
    assert (picture.height, picture.width) == (50, WIDEST)


def test_a_picture_higher_than_webp_takes_is_made_smaller(tmp_path):
    save(tmp_path / "high.png", 3 * TALLEST, 30)
    (picture,) = read_pictures(tmp_path, [{"file": "high.png"}])
    assert (picture.height, picture.width) == (TALLEST, 10)
    assert picture.uri


@pytest.mark.parametrize("name", ["../secret.png", "{outside}", "link.png", "a/../../secret.png"])
def test_nothing_outside_the_run_folder_is_read(tmp_path, name):
    run, secret = tmp_path / "run", tmp_path / "secret.png"
    run.mkdir()
    save(secret)
    (run / "link.png").symlink_to(secret)
    (picture,) = read_pictures(run, [{"file": name.format(outside=secret), "caption": "c"}])
    assert picture.uri == ""
    assert "outside the run folder" in picture.fault


@pytest.mark.parametrize("name", ["absent.png", "text.png", "empty.png", "", ".", "nul\0.png", "x" * 5000 + ".png"])
def test_what_is_no_picture_is_named_and_the_others_still_come(tmp_path, name):
    (tmp_path / "text.png").write_text("<script>")
    (tmp_path / "empty.png").touch()
    save(tmp_path / "good.png")
    bad, good = read_pictures(tmp_path, [{"file": name}, {"file": "good.png"}])
    assert bad.fault
    assert not bad.uri
    assert good.uri


def test_a_kept_picture_is_the_same_and_is_not_encoded_again(tmp_path, monkeypatch):
    save(tmp_path / "a.png", 100, 2 * WIDEST)
    records = [{"file": "a.png", "caption": "one"}]
    fresh = read_pictures(tmp_path, records)
    assert read_pictures(tmp_path, records, KeptFiles(tmp_path / "kept")) == fresh
    monkeypatch.setattr(cv2, "imencode", None)
    assert read_pictures(tmp_path, records, KeptFiles(tmp_path / "kept")) == fresh


def test_another_file_and_a_kept_one_that_is_no_webp_are_encoded_anew(tmp_path):
    save(tmp_path / "a.png")
    (fresh,) = read_pictures(tmp_path, [{"file": "a.png"}], KeptFiles(tmp_path / "kept"))
    (kept,) = (tmp_path / "kept").iterdir()
    for damaged in (b"", b"<script>alert(1)</script>", (tmp_path / "a.png").read_bytes()):
        kept.write_bytes(damaged)
        assert read_pictures(tmp_path, [{"file": "a.png"}], KeptFiles(tmp_path / "kept")) == [fresh]
    save(tmp_path / "a.png", 30)
    (other,) = read_pictures(tmp_path, [{"file": "a.png"}], KeptFiles(tmp_path / "kept"))
    assert other.height == 30
