"""A stopped prediction goes on where it ended, and ends with what an uninterrupted one writes."""

from pathlib import Path

import pytest

from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.files import read_json
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
