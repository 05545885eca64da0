"""The command, as it is called: exit codes, what goes to standard output, and what is said of what was left out."""

import json
from pathlib import Path

import pytest
import typer

from maskwright.cli.convert import command
from maskwright.errors import UsageError
from tests.annotations.formats.examples import write_blank

app = typer.Typer(pretty_exceptions_enable=False)
app.command("convert")(command)

CROWD = {"size": [48, 64], "counts": [0, 100, 48 * 64 - 100]}


def run(*arguments: object) -> int:
    try:
        app(args=[str(argument) for argument in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_json_alone_goes_to_standard_output(coco, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = coco({}, {"segmentation": CROWD, "iscrowd": 1}, {"segmentation": []})
    assert run(source, "--from", "coco", "--to", "yolo", "--out", tmp_path / "out", "--json", "--quiet") == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert (result["from"], result["to"], result["images"], result["objects"]) == ("coco", "yolo", 1, 1)
    (books,) = result["sources"]
    assert books["images"] == {"in": 1, "written": 1, "left_out": {}}
    assert books["annotations"]["in"] == 3
    assert books["annotations"]["skipped"] == {"crowd": 1, "empty_segmentation": 1}
    # Quiet silences progress, not what was left out.
    assert "annotation 3 (image 1) has an empty segmentation; skipped." in err


def test_a_person_reads_the_same_in_words(coco, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = coco({"area": 7}, {"segmentation": CROWD, "iscrowd": 1})
    assert run(source, "--from", "coco", "--to", "voc", "--out", tmp_path / "out") == 0
    out = capsys.readouterr().out
    assert f"1 images with 1 objects of 2 classes in {tmp_path / 'out'}" in out
    assert "images: 1 found = 1 written + 0 skipped (none)" in out
    assert "objects: 2 found = 1 written + 1 skipped (1 crowd)" in out
    assert "(crowd_as_void)" in out.partition("not kept:\n  1 ")[2]
    assert "fields not kept, with the number of records: annotation.area 1" in out


def test_what_a_yolo_folder_lacks_is_said(coco, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = coco({}, {"segmentation": CROWD, "iscrowd": 1})
    assert run(source, "--from", "coco", "--to", "yolo", "--out", tmp_path / "out", "--quiet") == 0
    out = capsys.readouterr().out
    assert "data.yaml: val names the training images" in out
    assert "1 crowd regions are not written" in out
    back = tmp_path / "back.json"
    write_blank(tmp_path / "images" / "1.png", 48, 64)
    arguments = ["--from", "yolo", "--to", "coco", "--images", tmp_path / "images", "--out", back]
    assert run(tmp_path / "out", *arguments, "--quiet") == 0
    assert len(json.loads(back.read_text())["images"]) == 1
    assert "names the images of its part train again as val" in capsys.readouterr().err


def test_several_sources_with_their_parts_and_images(coco, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for part in ("train", "val"):
        write_blank(tmp_path / part / "1.png")
    sources = [coco({}, name="a.json"), coco({"category_id": 2}, name="b.json")]
    images = ["--images", tmp_path / "train", "--images", tmp_path / "val"]
    options = ["--parts", "train,val", "--copy-images", "--classes", "dog, person", "--out", tmp_path / "out"]
    assert run(*sources, "--from", "coco", "--to", "yolo", *images, *options, "--quiet") == 0
    assert (tmp_path / "out/labels/train/1.txt").read_text().startswith("1 ")
    assert (tmp_path / "out/labels/val/1.txt").read_text().startswith("0 ")
    assert (tmp_path / "out/images/val/1.png").is_file()


def test_wrong_usage_is_told_apart(coco, tmp_path: Path):
    assert run(coco({}), "--from", "coco", "--out", tmp_path / "out") == 2
    with pytest.raises(UsageError, match=r"'yollo'\. Nearest: yolo"):
        run(coco({}), "--from", "coco", "--to", "yollo", "--out", tmp_path / "out")
