"""A whole transfer: numbers against pycocotools, what is kept and what is done again, the page and the exit codes."""

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import maskwright
from maskwright.cli.main import main
from maskwright.errors import DataError, UsageError
from maskwright.files import read_json, write_json
from maskwright.progress import Reporter
from maskwright.reports.transfer.text import transfer_lines
from maskwright.structures import without_boxes
from maskwright.synthetic.shapes import write_shapes
from maskwright.transfers import predictions as transfer_predictions
from maskwright.workflows import transfer as workflow
from maskwright.workflows.transfer import PAGE, SUMMARY, transfer, write_transfer_page
from tests.evaluation.invented_coco import pycocotools_scores, same
from tests.transfers.transferred import a_recipe, raw_results, raw_truth, write_model

NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """The recipe, the folder and the numbers of a finished transfer; do not change them."""
    path, out = a_recipe(tmp_path_factory.mktemp("transfer"))
    return path, out, transfer(str(path), out=out, reporter=Reporter(quiet=True)).numbers


def test_shift_is_the_difference_of_what_pycocotools_says(done: tuple[Path, Path, dict[str, Any]]):
    _, out, numbers = done
    for model, row in numbers["targets"]["fog"]["models"].items():
        for kind in ("bbox", "segm"):
            theirs = {}
            for side, name in (("source", "source"), ("target", "fog")):
                truth, ids = raw_truth(out, name)
                found = raw_results(out, model, name, ids)
                # Detectron2 drops the boxes of results before it scores masks.
                scored = without_boxes(found) if kind == "segm" else found
                theirs[side] = pycocotools_scores(truth, scored, kind)
                for key in NAMES:
                    assert same(row[side]["overall"][f"{kind}_{key}"]["value"], theirs[side][key])
                for category, each in ids.items():
                    ours = row[side]["classes"][each]
                    assert same(ours[kind]["value"], theirs[side]["classes"][category][0])
                    assert same(ours[f"{kind}50"]["value"], theirs[side]["classes"][category][1])
            for key in NAMES:
                after, before = (theirs[side][key] for side in ("target", "source"))
                expected = None if after is None or before is None else after - before
                assert same(row["shift"]["overall"][f"{kind}_{key}"]["value"], expected)


def test_intervals_hold_their_numbers_and_models_differ_by_pairs(done: tuple[Path, Path, dict[str, Any]]):
    target = done[2]["targets"]["fog"]
    for row in target["models"].values():
        for side in ("source", "target"):
            estimate = row[side]["overall"]["segm_AP50"]
            assert estimate["low"] <= estimate["value"] <= estimate["high"]
    (difference,) = target["differences"]
    assert (difference["of"], difference["less"]) == ("fine", "rough")
    fine, rough = (target["models"][name]["target"]["overall"]["segm_AP"]["value"] for name in ("fine", "rough"))
    assert difference["target"]["overall"]["segm_AP"]["value"] == pytest.approx(fine - rough)
    assert difference["source"]["overall"]["boundary_IoU"]["low"] > 0
    assert set(target["models"]["fine"]["shift"]["errors"]) == {"Cls", "Loc", "Both", "Dupe", "Bkg", "Miss"}


def test_the_page_has_every_section_and_loads_nothing(done: tuple[Path, Path, dict[str, Any]]):
    text = (done[1] / PAGE).read_text(encoding="utf-8")
    for part in ("compared", "models-1", "classes-1", "errors-1", "differences-1", "panels-1", "provenance"):
        assert f'id="{part}"' in text
    assert text.count("data:image/webp;base64,") == 4
    assert "default-src 'none'" in text
    assert "classes of the same name" in text
    # What an <a> names is loaded by a click alone: the pictures in full resolution.
    assert not re.search(r"""<(?!a\b)[^>]*\s(src|href|xlink:href)=["'](?!data:|#)""", text)
    for named in re.findall(r"""<a\b[^>]*\shref=["']([^"'#][^"']*)""", text):
        assert (done[1] / named).is_file(), named
    for name in ("tables.md", "tables.tex"):
        assert "fine by class, source and fog" in (done[1] / name).read_text(encoding="utf-8")
    assert write_transfer_page(done[1]).read_text(encoding="utf-8") == text


def test_the_command_prints_the_tables_or_the_numbers(
    done: tuple[Path, Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
):
    path, out, numbers = done
    before = {file: file.stat().st_mtime_ns for file in (out / "predictions").rglob("*.json")}
    assert main(["transfer", str(path), "--out", str(out), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "fine minus rough: mask AP" in printed
    assert f"page: {out / PAGE}" in printed
    assert main(["transfer", str(path), "--out", str(out), "--quiet", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["targets"] == numbers["targets"]
    assert again["targets"] == read_json(out / SUMMARY)["targets"]
    assert {file: file.stat().st_mtime_ns for file in (out / "predictions").rglob("*.json")} == before


def test_predictions_of_another_model_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Asked(Exception):
        pass

    def load(path: Path, device: str) -> None:
        raise Asked(path)

    path, out = a_recipe(tmp_path, panels=0)
    write_model(tmp_path / "fine", salt=3.0)
    monkeypatch.setattr(transfer_predictions, "load_model", load)
    with pytest.raises(Asked, match="fine"):
        transfer(str(path), out=out, reporter=Reporter(quiet=True))


def test_classes_can_be_chosen_and_none_is_left_unsaid(tmp_path: Path):
    path, out = a_recipe(tmp_path, classes=["ring", "disc"], panels=0, bootstrap={"samples": 0})
    target = transfer(str(path), out=out, reporter=Reporter(quiet=True)).numbers["targets"]["fog"]
    assert target["classes"] == ["ring", "disc"]
    assert set(target["left_out"]) == {"square", "triangle"}
    assert list(target["models"]["fine"]["target"]["classes"]) == ["ring", "disc"]
    assert target["models"]["fine"]["shift"]["overall"]["segm_AP"]["low"] is None


def without_rings(folder: Path) -> dict[str, str]:
    """A target of shapes whose rings have no masks."""
    file = write_shapes(folder, 8, 7)
    content = read_json(file)
    (number,) = (each["id"] for each in content["categories"] if each["name"] == "ring")
    for each in content["annotations"]:
        if each["category_id"] == number:
            del each["segmentation"]
    write_json(file, content)
    return {"images": str(folder / "images"), "annotations": str(file)}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[str]]:
    """A transfer to a target without rings and to one with all classes: folder, numbers, lines on standard error."""
    folder = tmp_path_factory.mktemp("bare")
    fog = {"shapes": {"images": 10, "seed": 6, "domain": "shifted"}}
    targets = {"bare": without_rings(folder / "bare"), "fog": fog}
    path, out = a_recipe(folder, targets=targets, panels=0, bootstrap={"samples": 0})
    said = io.StringIO()
    found = transfer(str(path), out=out, reporter=Reporter(quiet=True, stream=said))
    return out, found.numbers, said.getvalue().splitlines()


def test_a_class_without_objects_on_a_target_is_missing_from_both_means(bare: tuple[Path, dict[str, Any], list[str]]):
    out, numbers, _ = bare
    some, whole = (numbers["targets"][name] for name in ("bare", "fog"))
    assert some["left_out"] == {"ring": "the target has no object of it"}
    assert (whole["left_out"], len(whole["classes"])) == ({}, 4)
    for target in (some, whole):
        for row in target["models"].values():
            shift = row["shift"]
            for kind in ("bbox", "segm"):
                classes = [shift["classes"][name][kind]["value"] for name in target["classes"]]
                assert shift["overall"][f"{kind}_AP"]["value"] == pytest.approx(sum(classes) / len(classes))
    assert "not compared: ring: the target has no object of it" in list(transfer_lines(numbers))
    assert "the target has no object of it" in (out / PAGE).read_text(encoding="utf-8")


def test_objects_without_a_mask_are_told_everywhere(bare: tuple[Path, dict[str, Any], list[str]]):
    out, numbers, said = bare
    rings = sum(
        "segmentation" not in each for each in read_json(out.parent / "bare" / "annotations.json")["annotations"]
    )
    (remark,) = numbers["sets"]["bare"]["remarks"]
    assert f"{rings} objects have no mask that can be drawn" in remark
    assert remark.endswith("they count for boxes only.")
    assert said == [remark]
    assert remark in (out / PAGE).read_text(encoding="utf-8")


def test_a_model_is_trained_further_in_all_shared_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Asked(Exception):
        pass

    def tuned(model: Any, target: str, images: Any, shared: Any, *rest: Any) -> None:
        raise Asked(*shared.names)

    # The images that are scored have no ring; those to train on have.
    target = {**without_rings(tmp_path / "bare"), "train": {"shapes": {"images": 2}}}
    path, out = a_recipe(tmp_path, targets={"bare": target}, fine_tune={"train": {"epochs": 1}})
    monkeypatch.setattr(workflow, "fine_tune", tuned)
    with pytest.raises(Asked, match="ring"):
        transfer(str(path), out=out, reporter=Reporter(quiet=True))


def test_a_bound_is_measured_on_the_target_alone(tmp_path: Path):
    path, out = a_recipe(tmp_path, panels=0)
    known = write_model(tmp_path / "known", recipe="nothing that can be read", salt=4.0)
    for name in ("instances.json", "classes.json"):
        write_json(out / "predictions" / "known" / "fog" / name, read_json(out / "predictions" / "fine" / "fog" / name))
    made = read_json(out / "predictions" / "fine" / "fog" / "made.json")
    digest = hashlib.sha256((known / "model.safetensors").read_bytes()).hexdigest()
    write_json(out / "predictions" / "known" / "fog" / "made.json", {**made, "model": digest})
    bound = [f"bound.known={known}"]
    target = transfer(str(path), overrides=bound, out=out, reporter=Reporter(quiet=True)).numbers["targets"]["fog"]
    assert target["models"]["known"]["source"] is None
    gaps = {(each["of"], each["less"]): each["target"]["overall"]["segm_AP"]["value"] for each in target["gaps"]}
    assert set(gaps) == {("known", "rough"), ("known", "fine")}
    assert gaps["known", "fine"] == 0
    assert "known (bound)" in (out / PAGE).read_text(encoding="utf-8")


def test_sets_that_share_no_class_are_refused_with_both_their_classes(tmp_path: Path):
    path, out = a_recipe(tmp_path)
    streets = ["targets.fog={streets: {images: 1, size: [64, 128]}}"]
    with pytest.raises(DataError, match=r"disc.*person"):
        transfer(str(path), overrides=streets, out=out, reporter=Reporter(quiet=True))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path):
    path, _ = a_recipe(tmp_path)
    with pytest.raises(UsageError, match="not the folder of a transfer"):
        maskwright.transfer(str(path), out=tmp_path, reporter=Reporter(quiet=True))


def test_a_recipe_of_the_user_is_not_replaced(tmp_path: Path):
    mine, _ = a_recipe(tmp_path)
    mine = mine.rename(mine.with_name("recipe.yaml"))
    before = mine.read_bytes()
    with pytest.raises(UsageError, match=r"recipe\.yaml: was not written by a transfer"):
        transfer(str(mine), out=mine.parent, reporter=Reporter(quiet=True))
    assert mine.read_bytes() == before


def test_a_recipe_of_another_job_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["transfer", "demo-semantic", "--out", str(tmp_path / "out")]) == 2
    assert "maskwright run" in capsys.readouterr().err
    assert main(["run", "shapes-transfer", "--out", str(tmp_path / "out")]) == 2
    assert "maskwright transfer" in capsys.readouterr().err


def test_a_source_that_a_model_was_trained_on_is_refused_before_any_work(
    instance_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    trained = yaml.safe_load((instance_run / "recipe.yaml").read_text(encoding="utf-8"))["data"]["shapes"]["seed"]
    source: dict[str, Any] = {"shapes": {"seed": 2 * trained}}
    path, _ = a_recipe(tmp_path, panels=0)
    overrides = [f"models.run={instance_run}", f"source={json.dumps(source)}"]
    arguments = [argument for each in overrides for argument in ("--set", each)]
    assert main(["transfer", str(path), "--out", str(tmp_path / "new"), *arguments]) == 2
    message = capsys.readouterr().err
    assert "models.run: it was trained on" in message
    assert "which is the source" in message
    assert not (tmp_path / "new").exists()

    # Images of another file are found by their content, once the data sets are read.
    copy = write_shapes(tmp_path / "copy", 3, 17)
    recorded = read_json(instance_run / "trained_on.json")
    picture = Path(recorded["folder"]) / next(iter(recorded["bytes"]))
    (copy.parent / "images" / "000001.jpg").write_bytes(picture.read_bytes())
    source = {"images": str(copy.parent / "images"), "annotations": str(copy)}
    overrides = [f"models.run={instance_run}", f"source={json.dumps(source)}"]
    with pytest.raises(UsageError, match=r"run: .* 1 of the 3 images \(000001\.jpg\) of the source"):
        transfer(str(path), overrides=overrides, out=tmp_path / "new", reporter=Reporter(quiet=True))


def test_images_to_fine_tune_on_are_not_those_that_are_scored(tmp_path: Path):
    fog = {"images": 10, "seed": 6, "domain": "shifted"}
    targets = {"fog": {"shapes": fog, "train": {"shapes": {**fog, "images": 2}}}}
    path, out = a_recipe(tmp_path, targets=targets, fine_tune={"train": {"epochs": 1}})
    with pytest.raises(UsageError, match=r"targets\.fog\.train: 2 of the 10 images"):
        transfer(str(path), out=out, reporter=Reporter(quiet=True))
