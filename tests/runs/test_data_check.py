"""The check stage: what is recorded of the data, and every way in which they can be other data later."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from maskwright.cli.main import main
from maskwright.errors import DataError
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.data_check import check_stage, data_changes, report_data, require_same_data
from maskwright.runs.folder import OpenRun, create_run
from maskwright.runs.prepare import prepare
from maskwright.synthetic.shapes import write_shapes
from tests.small_runs import small_run

GROUPS = "angular: {weight: 1, classes: [square, triangle]}\nround: {weight: 1, classes: [disc]}\n"


def image(data: Path, number: int) -> Path:
    return data / "images" / f"{number:06d}.jpg"


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def change_annotations(data: Path) -> None:
    file = data / "annotations.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["annotations"].pop()
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twelve images in one file; the third is cut off from the start."""
    write_shapes(tmp_path / "data", 12, seed=2)
    cut(image(tmp_path / "data", 2))
    (tmp_path / "groups.yaml").write_text(GROUPS, encoding="utf-8")
    return tmp_path / "data"


def checked(data: Path, **section: object) -> OpenRun:
    """A run on the first eight images that qualify as training data and all of them for validation, checked."""
    source = {"images": "images", "annotations": "annotations.json"}
    parts = {"root": str(data), "train": {**source, "max_images": 8}, "validation": source, **section}
    recipe = load_recipe("demo-semantic", [f"data={json.dumps(parts)}", f"groups={data.parent / 'groups.yaml'}"])
    run = create_run(recipe, data.parent / "run", Reporter(stream=io.StringIO()))
    check_stage(run, prepare(run.recipe, run.path))
    return run


def changes(run: OpenRun, *names: str) -> list[str]:
    return data_changes(run, prepare(run.recipe, run.path), names or None)


def said(run: OpenRun) -> str:
    assert isinstance(run.reporter.stream, io.StringIO)
    return run.reporter.stream.getvalue()


def test_what_is_left_out_is_named_counted_and_recorded(data: Path) -> None:
    run = checked(data)
    assert "image 3 ('000002.jpg') is cut off: its end is missing; skipped." in said(run)
    assert "annotations.json: images skipped: 1 truncated_image, 3 image_beyond_max_images" in said(run)
    audit = json.loads((run.path / "audit.json").read_text())
    assert audit["train"]["images_left_out"] == {"truncated_image": [3], "image_beyond_max_images": [10, 11, 12]}
    assert audit["validation"]["images_left_out"] == {"truncated_image": [3]}
    card = run.card()["data"]
    assert (card["train"]["images"], card["validation"]["images"]) == (8, 11)
    for part in card.values():
        assert part["counts"]["in"] == part["counts"]["used"] + sum(part["counts"]["skipped"].values())


def test_crowd_regions_among_the_objects_are_counted(data: Path) -> None:
    file = data / "annotations.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    next(each for each in content["annotations"] if each["image_id"] == 1)["iscrowd"] = 1
    file.write_text(json.dumps(content), encoding="utf-8")
    run = checked(data)
    for name, part in prepare(run.recipe, run.path).parts.items():
        objects = sum(len(image.ids) for image in part.selection.images)
        counted = f"{name}: {len(part.selection.images)} images, {objects} objects, 1 of them crowd regions\n"
        assert counted in said(run)


def test_it_is_named_and_counted_again_whenever_it_is_asked_for(data: Path) -> None:
    run = checked(data)
    again = io.StringIO()
    report_data(Reporter(stream=again), prepare(run.recipe, run.path))
    assert again.getvalue() == said(run)


def test_parts_of_one_file_name_its_faults_once(data: Path) -> None:
    source = {"images": "images", "annotations": "annotations.json"}
    run = checked(data, source=source, split="8:2:2", train=None, validation=None)
    assert said(run).count("is cut off") == 1
    assert run.card()["data"].keys() == {"train", "validation", "test"}


def test_the_same_data_are_the_same_wherever_the_folder_is(data: Path) -> None:
    run = checked(data)
    assert changes(run) == []
    require_same_data(run, prepare(run.recipe, run.path))
    moved = data.rename(data.with_name("moved"))
    recipe = run.recipe.model_copy(update={"data": run.recipe.data.model_copy(update={"root": str(moved)})})
    assert data_changes(run, prepare(recipe, run.path)) == []


@pytest.mark.parametrize(
    ("happens", "train", "validation"),
    [
        (
            lambda data: cut(image(data, 10)),
            None,
            "10 images instead of 11, image 11 ('000010.jpg') is cut off: its end is missing",
        ),
        (
            # As many images as before, but others.
            lambda data: cut(image(data, 4)),
            "image 5 ('000004.jpg') is cut off: its end is missing, image 10 is no longer skipped",
            "10 images instead of 11, image 5 ('000004.jpg') is cut off: its end is missing",
        ),
        (
            lambda data: [image(data, number).unlink() for number in (5, 6, 7, 8)],
            "7 images instead of 8, image 6 has no file '000005.jpg' in",
            "7 images instead of 11, image 6 has no file '000005.jpg' in",
        ),
        (
            lambda data: shutil.copy(image(write_shapes(data.parent / "whole", 3, seed=2).parent, 2), image(data, 2)),
            "image 9 is skipped (image_beyond_max_images), image 3 is no longer skipped",
            "12 images instead of 11, image 3 is no longer skipped",
        ),
        (change_annotations, "annotations.json has changed (SHA-256 ", "annotations.json has changed (SHA-256 "),
        (
            lambda data: (data.parent / "groups.yaml").write_text(GROUPS.replace("disc", "ring"), encoding="utf-8"),
            "other images or objects are used",
            "other images or objects are used",
        ),
    ],
    ids=["one less", "others", "many", "one more", "annotations", "groups"],
)
def test_other_data_are_named(
    happens: Callable[[Path], object], train: str | None, validation: str, data: Path
) -> None:
    run = checked(data)
    happens(data)
    assert [line.partition(": ")[0] for line in changes(run)] == (["train"] if train else []) + ["validation"]
    for name, expected in (("train", train), ("validation", validation)):
        assert expected is None or expected in changes(run, name)[0]
    with pytest.raises(DataError, match=r"run: the data have changed.*--out"):
        require_same_data(run, prepare(run.recipe, run.path))


def test_of_many_images_the_first_are_named_and_the_others_counted(data: Path) -> None:
    run = checked(data)
    for number in (5, 6, 7, 8, 9):
        cut(image(data, number))
    (line,) = changes(run, "validation")
    assert line.count("is cut off") == 3
    assert line.endswith("… and 2 more")


def test_a_run_of_a_version_that_recorded_less_is_compared_by_that(data: Path) -> None:
    run = checked(data)
    record = run.card()["data"]
    for part in record.values():
        del part["images_sha256"]
    run.update_card(data=record)
    assert changes(run) == []
    cut(image(data, 4))
    assert [line.partition(": ")[0] for line in changes(run)] == ["validation"]
    run.update_card(data={})
    assert changes(run) == []


def resumed(run: Path, *more: str) -> int:
    return small_run("semantic", run, *more, verb="train")


@pytest.fixture
def begun(semantic_run: Path, tmp_path: Path) -> Path:
    """A run on built-in data whose training has a state, but did not finish; its eight images are whole."""
    run = shutil.copytree(semantic_run, tmp_path / "begun")
    stages = json.loads((run / "stages.json").read_text())
    (run / "stages.json").write_text(json.dumps({name: stages[name] for name in ("check", "masks")}))
    return run


def test_a_training_does_not_go_on_with_other_images(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = image(begun / "data" / "train", 3)
    whole, state = file.read_bytes(), (begun / "checkpoints" / "last" / "state.pt").read_bytes()
    cut(file)
    assert resumed(begun, "--resume") == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"error: {begun}: ")
    assert "train: 7 images instead of 8, image 4 ('000003.jpg') is cut off" in error
    assert "--out" in error
    assert (begun / "checkpoints" / "last" / "state.pt").read_bytes() == state
    file.write_bytes(whole)
    assert resumed(begun, "--resume") == 0


def test_before_a_training_has_begun_other_images_are_checked_and_drawn_anew(
    begun: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(begun / "checkpoints")
    cut(image(begun / "data" / "train", 3))
    assert resumed(begun) == 0
    said = capsys.readouterr().err
    assert "train: 7 images instead of 8, image 4 ('000003.jpg') is cut off" in said
    assert "image 4 ('000003.jpg') is cut off: its end is missing; skipped." in said
    assert len(list((begun / "masks" / "train").glob("*.png"))) == 7
    card = json.loads((begun / "card.json").read_text())["data"]["train"]
    assert card["images"] == 7
    assert card["counts"]["skipped"]["truncated_image"] > 0


def test_scores_on_fewer_images_than_were_checked_say_so(
    semantic_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(semantic_run, tmp_path / "run")
    cut(image(run / "data" / "validation", 1))
    assert main(["evaluate", str(run), "--quiet"]) == 0
    warning = "validation: 5 images instead of 6, image 2 ('000001.jpg') is cut off: its end is missing."
    assert warning in capsys.readouterr().err
