"""A stopped prediction goes on where it ended, and ends with what an uninterrupted one writes."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.files import read_json
from maskwright.images.decode import read_image
from maskwright.images.encode import write_jpeg
from maskwright.images.video_frames import VideoFrames, write_video
from maskwright.runs.predicting import results
from maskwright.runs.predicting.journal import JOURNAL, Journal
from maskwright.structures import ClassTable


class Stopped(Exception):
    """Raised in the place of a Ctrl-C."""


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a result, without the record of their times."""
    names = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in names}


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_finished_images_are_not_predicted_again(
    task: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    run: Path = request.getfixturevalue(f"{task}_run")
    images, write, seen = run / "data" / "validation" / "images", results.ImageResults.write, []

    def stopping(self, image, pixels, answer):  # type: ignore[no-untyped-def]
        if image.name == "000004.jpg" and "stop" in seen:
            raise Stopped
        seen.append(image.name)
        return write(self, image, pixels, answer)

    monkeypatch.setattr(results.ImageResults, "write", stopping)
    out = tmp_path / "out"
    arguments = ["predict", str(run), str(images), "--score", "0.1", "--out"]
    assert main([*arguments, str(tmp_path / "whole"), "--quiet"]) == 0
    seen[:] = ["stop"]
    with pytest.raises(Stopped):
        main([*arguments, str(out), "--resume", "--quiet"])
    assert not out.exists() or not contents(out)
    seen.clear()
    capsys.readouterr()
    assert main([*arguments, str(out), "--resume", "--overlays"]) == 0
    assert "done before: 4" in capsys.readouterr().err
    assert seen == ["000004.jpg", "000005.jpg"]
    assert contents(out) == contents(tmp_path / "whole")
    assert not list(tmp_path.rglob(JOURNAL))


@pytest.mark.parametrize("where", ["in a frame", "in the video of the overlays"])
def test_a_video_with_overlays_goes_on_where_it_ended(
    where: str, semantic_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    clip, out = tmp_path / "clip.mkv", tmp_path / "out"
    photos = sorted((semantic_run / "data" / "validation" / "images").iterdir())
    write_video(
        clip, [np.asarray(cv2.resize(read_image(each), (96, 96)), np.uint8) for each in photos[:4] for _ in "ab"], 6.0
    )
    arguments = ["predict", str(semantic_run), str(clip), "--every", "2", "--out"]
    assert main([*arguments, str(tmp_path / "whole"), "--quiet"]) == 0
    write, encode = results.ImageResults.write, results.write_video

    def stopping(self, image, pixels, answer):  # type: ignore[no-untyped-def]
        if image.name == "clip-000004":
            raise Stopped
        return write(self, image, pixels, answer)

    def cut_short(path, pictures, rate):  # type: ignore[no-untyped-def]
        encode(path, list(pictures)[:1], rate)
        raise Stopped

    with monkeypatch.context() as patched:
        if where == "in a frame":
            patched.setattr(results.ImageResults, "write", stopping)
        else:
            patched.setattr(results, "write_video", cut_short)
        with pytest.raises(Stopped):
            main([*arguments, str(out), "--resume", "--quiet"])
    capsys.readouterr()
    assert main([*arguments, str(out), "--resume"]) == 0
    assert f"done before: {2 if where == 'in a frame' else 4}" in capsys.readouterr().err
    found, expected = contents(out), contents(tmp_path / "whole")
    # Matroska files have a random number each: of them the frames are compared.
    videos = [VideoFrames(folder / "overlays" / "clip.mkv") for folder in (out, tmp_path / "whole")]
    assert [video.count for video in videos] == [4, 4]
    assert all((videos[0].frame(number) == videos[1].frame(number)).all() for number in range(4))
    assert len(found.pop("overlays/clip.mkv")) == len(expected.pop("overlays/clip.mkv"))
    assert found == expected


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_what_is_no_longer_asked_for_or_has_changed_leaves_nothing(
    task: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    run: Path = request.getfixturevalue(f"{task}_run")
    images, write = tmp_path / "images", results.ImageResults.write
    shutil.copytree(run / "data" / "validation" / "images", images)

    def stopping(self, image, pixels, answer):  # type: ignore[no-untyped-def]
        if image.name == "000004.jpg":
            write(self, image, pixels, answer)
            raise Stopped
        return write(self, image, pixels, answer)

    options = ["--score", "0.1", "--quiet", *(["--cutouts"] if task == "instance" else [])]
    with monkeypatch.context() as patched:
        patched.setattr(results.ImageResults, "write", stopping)
        with pytest.raises(Stopped):
            main(["predict", str(run), str(images), "--out", str(tmp_path / "out"), "--resume", *options])
    for name in ("000000.jpg", "000004.jpg"):  # one that was done, and one that was written but not noted
        (images / name).unlink()
    write_jpeg(images / "000001.jpg", np.zeros((40, 60, 3), np.uint8))
    (emptied,) = tmp_path.rglob("overlays/000002.jpg")  # as a loss of power leaves a file
    emptied.write_bytes(b"")
    for name, extra in (("out", ["--resume"]), ("whole", [])):
        assert main(["predict", str(run), str(images), "--out", str(tmp_path / name), *options, *extra]) == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_other_options_are_refused_and_without_resume_all_begins_again(
    semantic_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    images = semantic_run / "data" / "validation" / "images"

    def stopping(self, image, pixels, answer):  # type: ignore[no-untyped-def]
        raise Stopped

    arguments = ["predict", str(semantic_run), str(images), "--out", str(tmp_path / "out"), "--quiet"]
    with monkeypatch.context() as patched:
        patched.setattr(results.ImageResults, "write", stopping)
        with pytest.raises(Stopped):
            main([*arguments, "--resume"])
    assert main([*arguments, "--resume", "--flip"]) == 2
    assert "an interrupted prediction with another views is there" in capsys.readouterr().err
    assert main([*arguments, "--flip"]) == 0
    assert len(list((tmp_path / "out" / "label_maps").iterdir())) == 6


def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    about = {"model": "a"}
    (tmp_path / JOURNAL).write_text('{"model": "a"}\n{"image": "1.png", "state": [1, 2]}\n{"image": "2.p')
    journal = Journal(tmp_path, about, ClassTable.from_names(["a"]), {}, True)
    assert journal.start() == 1
    assert (tmp_path / JOURNAL).read_text().count("\n") == 2
    with pytest.raises(UsageError, match="another model"):
        Journal(tmp_path, {"model": "b"}, ClassTable.from_names(["a"]), {}, True).start()


def test_the_overwritten_record_is_whole(semantic_run: Path, tmp_path: Path) -> None:
    images = semantic_run / "data" / "validation" / "images"
    arguments = ["predict", str(semantic_run), str(images), "--out", str(tmp_path), "--quiet", "--resume"]
    assert main(arguments) == 0
    assert JOURNAL not in read_json(tmp_path / ".maskwright-predict")["files"]
