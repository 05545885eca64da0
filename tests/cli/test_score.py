"""``maskwright score`` from the shell's side: what is printed where, and exit codes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image

from maskwright.cli import app as commands
from maskwright.cli import main as entry
from maskwright.cli import score
from maskwright.files import write_json
from maskwright.structures import ClassTable
from tests.evaluation.invented_city import FRAMES, write_city
from tests.evaluation.invented_panoptic import invented_set, write_set

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "score.md"
Run = Callable[..., tuple[int, str, str]]
STATISTICS = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``run("instance", …)`` gives the exit code, standard output and standard error."""
    app = typer.Typer(rich_markup_mode=None)
    app.callback()(lambda: None)
    app.add_typer(score.app, name="score")
    monkeypatch.setattr(commands, "app", app)

    def call(*arguments: Any) -> tuple[int, str, str]:
        code = entry.main(["score", *map(str, arguments)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def instances(coco, write_json) -> tuple[Path, Path]:
    square = [[10, 10, 20, 10, 20, 20, 10, 20]]
    records = [
        {"image_id": 1, "category_id": 1, "score": 0.9, "segmentation": square},
        {"image_id": 1, "category_id": 9, "score": 0.9, "segmentation": square},
    ]
    return coco({}), write_json(records, "results.json")


@pytest.fixture
def label_maps(tmp_path: Path) -> tuple[Path, Path]:
    folders = tmp_path / "truth", tmp_path / "predicted"
    for folder, value in zip(folders, (1, 0), strict=True):
        write_json(folder / "classes.json", ClassTable.from_names(["dog"]).to_json())
        pixels = np.ones((4, 4), np.uint8)
        pixels[0] = value
        Image.fromarray(pixels).save(folder / "1.png")
    return folders


@pytest.fixture
def city(tmp_path: Path) -> Path:
    write_city(tmp_path, np.random.default_rng(0))
    return tmp_path


def test_instance_json_has_the_shape_that_others_rely_on(run: Run, instances: tuple[Path, Path]):
    code, out, err = run("instance", *instances, "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found["bbox"]) == list(found["segm"]) == STATISTICS
    assert found["segm"]["AP"] == pytest.approx(1.0)
    assert found["results"]["left_out"]["unknown_class"]["count"] == 1
    # What is left out is named even when nothing else is said.
    assert "record 1 has category_id 9" in err
    assert run("instance", *instances, "--json", "--quiet")[2] == err


def test_instance_prints_tables_and_an_account_of_the_records(run: Run, instances: tuple[Path, Path]):
    code, out, _ = run("instance", *instances)
    assert code == 0
    assert re.search(r"^AP, mean over IoU 0.50 to 0.95 +1.000 +1.000$", out, re.MULTILINE)
    assert re.search(r"^person +1 +1.000", out, re.MULTILINE)
    assert "records: 2 found = 1 scored + 1 rejected (1 unknown_class)" in out


def test_sizes_of_masks_go_by_the_area_asked_for_and_the_last_line_says_which(run: Run, coco, write_json):
    square = [[10, 10, 20, 10, 20, 20, 10, 20]]
    found = {"image_id": 1, "category_id": 1, "score": 0.9, "segmentation": square, "bbox": [10, 10, 10, 10]}
    files = coco({}), write_json([found], "results.json")
    code, out, err = run("instance", *files)
    assert code == 0
    assert out.splitlines()[-1].endswith("sizes of detected masks by box area")
    assert len([line for line in err.splitlines() if "--area mask" in line]) == 1
    code, out, err = run("instance", *files, "--area", "mask")
    assert out.splitlines()[-1].endswith("sizes of detected masks by mask area")
    assert "--area" not in err
    code, out, err = run("instance", *files, "--area", "pixels")
    assert (code, out) == (2, "")
    assert "Known: box, mask" in err


def test_instance_writes_everything_to_a_folder(run: Run, instances: tuple[Path, Path], tmp_path: Path):
    assert run("instance", *instances, "--out", tmp_path / "out")[0] == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *(".maskwright-score-instance", "curves.json", "images.json", "scores.json")
    }
    assert list(json.loads((tmp_path / "out" / "curves.json").read_text())) == ["person"]


def test_semantic_json_has_the_shape_that_others_rely_on(run: Run, label_maps: tuple[Path, Path]):
    code, out, _ = run("semantic", *label_maps, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["classes"]["dog"]["IoU"] == found["pixel_accuracy"] == 0.75
    assert found["classes"]["background"] == {
        **{"IoU": 0.0, "Dice": 0.0, "accuracy": None, "precision": 0.0, "recall": None}
    }
    assert found["mIoU"] == 0.375


def test_semantic_prints_a_table_with_means(run: Run, label_maps: tuple[Path, Path]):
    code, out, _ = run("semantic", *label_maps, "--boundary")
    assert code == 0
    assert re.search(r"^class +IoU +Dice +precision +recall +boundary IoU$", out, re.MULTILINE)
    assert re.search(r"^background +0.000 +0.000 +0.000 +–", out, re.MULTILINE)


def test_cityscapes_json_has_the_shape_that_others_rely_on(run: Run, city: Path):
    code, out, _ = run("cityscapes", city, city / "results", "--json")
    found = json.loads(out)
    assert code == 0
    assert {"AP", "AP50", "classes"} <= found.keys()
    assert "pixel" not in found
    assert {"AP", "AP50"} <= found["classes"]["motorcycle"].keys()


def test_cityscapes_scores_near_objects_where_distances_are_known(run: Run, city: Path):
    known = {
        str(1000 * label + number): {"distance": 9, "confidence": 1} for label in (24, 26, 33) for number in range(9)
    }
    write_json(city / "near.json", dict.fromkeys(FRAMES, known))
    code, out, _ = run("cityscapes", city, city / "results", "--distances", city / "near.json", "--json")
    assert code == 0
    assert {"AP_100m", "AP_50m"} <= json.loads(out).keys()
    assert {"AP_100m", "AP_50m"} <= json.loads(out)["classes"]["car"].keys()


def test_cityscapes_prints_instances_and_pixels(run: Run, city: Path):
    for path in city.glob("gtFine/val/*/*_instanceIds.png"):
        ids = np.array(Image.open(path))
        labels = Image.fromarray(np.where(ids < 1000, ids, ids // 1000).astype(np.uint8))
        frame = path.name.removesuffix("_gtFine_instanceIds.png")
        labels.save(path.with_name(f"{frame}_gtFine_labelIds.png"))
        labels.save(city / "results" / f"{frame}_labels.png")
    code, out, _ = run("cityscapes", city, city / "results", "--pixel")
    assert code == 0
    assert re.search(r"^average +", out, re.MULTILINE)
    assert re.search(r"^road +1.000 +–$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["instance", "truth.json", "results.json"], 2, "does not exist"),
        (["semantic", "truth", "predicted"], 2, "does not exist"),
        (["cityscapes", ".", "."], 2, "expected predicted instances"),
        (["instance", "truth.json"], 2, "Missing argument"),
        (["keypoints"], 2, "No such command"),
    ],
)
def test_wrong_usage_exits_with_2(run: Run, tmp_path: Path, monkeypatch, arguments: list[str], code: int, words: str):
    monkeypatch.chdir(tmp_path)
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert words in err


def test_options_out_of_range_exit_with_2(run: Run, instances: tuple[Path, Path]):
    for option, value in (("--score", 2), ("--iou", 0)):
        found, _, err = run("instance", *instances, option, value)
        assert found == 2
        assert f"{option} {value}" in err.replace(f"{value}.0", str(value))


def test_data_that_cannot_be_scored_exits_with_1(run: Run, instances: tuple[Path, Path], label_maps, write_json):
    truth, _ = instances
    nothing = write_json([{"image_id": 7, "category_id": 1, "score": 0.9, "bbox": [0, 0, 1, 1]}], "other.json")
    code, out, err = run("instance", truth, nothing, "--json")
    assert (code, out) == (1, "")
    assert "none of its 1 records can be scored" in err
    (label_maps[1] / "1.png").unlink()
    Image.fromarray(np.ones((4, 4), np.uint8)).save(label_maps[1] / "2.png")
    assert run("semantic", *label_maps)[0] == 1


def test_the_how_to_shows_options_that_exist(run: Run):
    text = HOW_TO.read_text(encoding="utf-8")
    commands = re.findall(r"^ {4}maskwright score (\w+)(.*)$", text, re.MULTILINE)
    assert {kind for kind, _ in commands} == {"instance", "semantic", "panoptic", "cityscapes"}
    for kind, rest in commands:
        shown = run(kind, "--help")[1]
        assert [option for option in re.findall(r"--[\w-]+", rest) if option not in shown] == []


def test_panoptic_json_has_the_shape_that_others_rely_on(run: Run, tmp_path: Path):
    code, out, err = run("panoptic", *write_set(tmp_path, invented_set(1)), "--json")
    found = json.loads(out)
    assert code == 0, err
    measures = {"PQ", "SQ", "RQ"}
    assert measures <= found.keys()
    assert found["things"].keys() == found["stuff"].keys() == measures
    assert all(measures <= row.keys() for row in found["classes"].values())


def test_panoptic_prints_all_things_and_stuff_and_a_table_of_classes(run: Run, tmp_path: Path):
    truth, found = write_set(tmp_path, invented_set(1))
    code, out, _ = run("panoptic", truth, truth)
    assert code == 0
    assert re.search(r"^all +1.000 +1.000 +1.000$", out, re.MULTILINE)
    assert re.search(r"^class +kind +PQ +SQ +RQ +matched +wrong +missed$", out, re.MULTILINE)
    assert re.search(r"^1 class has no segment in truth or predictions", out, re.MULTILINE)
    for folder in ("--gt-folder", "--pred-folder"):
        code, out, err = run("panoptic", truth, found, folder, tmp_path / "nothing")
        assert (code, out) == (2, "")
        assert "expected the PNG folder" in err


def test_panoptic_files_that_do_not_fit_are_named_with_exit_code_1(run: Run, tmp_path: Path):
    truth, found = write_set(tmp_path, invented_set(1))
    (tmp_path / "predictions" / "1.png").unlink()
    code, out, err = run("panoptic", truth, found, "--json")
    assert (code, out) == (1, "")
    assert "found 1 unreadable_png" in err
    assert "remedy: write the PNG again" in err
