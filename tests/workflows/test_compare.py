"""Comparisons of results and of runs: numbers, what is refused or left out, and the page."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.errors import DataError, UsageError
from maskwright.files import write_json
from maskwright.masks.png import read_label_map, write_label_map
from maskwright.progress import Reporter
from maskwright.structures import ClassTable
from maskwright.workflows.compare import Comparison, compare
from maskwright.workflows.scoring.score_instance import score_instance
from maskwright.workflows.scoring.score_semantic import score_semantic
from tests.reports.html_page import Page

Coco = Callable[..., Path]
QUIET = Reporter(quiet=True)


def square(x: int) -> dict[str, Any]:
    return {"segmentation": [[x, 10, x + 20, 10, x + 20, 30, x, 30]], "bbox": [x, 10, 20, 20]}


@pytest.fixture
def files(coco: Coco, write_json: Callable[..., Path], tmp_path: Path) -> tuple[Path, Path, Path]:
    """A truth of 40 images with a person and a dog each, and results: persons alone; two thirds of the dogs too."""
    rng = np.random.default_rng(0)
    images = range(1, 41)
    objects = [{"image_id": i, **square(5)} for i in images] + [
        {"image_id": i, "category_id": 2, **square(35)} for i in images
    ]
    truth = coco(*objects, images=[{}] * 40, name="truth.json")
    persons = [{"image_id": i, "category_id": 1, "score": float(rng.random()), **square(5)} for i in images]
    dogs = [{"image_id": i, "category_id": 2, "score": float(rng.random()), **square(35)} for i in images if i % 3]
    return truth, write_json(persons, "poor.json"), write_json(persons + dogs, "good.json")


def compared(*models: str | Path, **options: Any) -> Comparison:
    return compare(*models, reporter=QUIET, **({"samples": 200} | options))


def test_the_better_results_are_named_and_the_numbers_are_those_of_score(files: tuple[Path, Path, Path]) -> None:
    truth, poor, good = files
    numbers = compared(poor, good, truth=truth).numbers
    assert numbers["verdict"].startswith("good is better than poor by 0.3")
    first = numbers["differences"][0]
    assert (first["measure"], first["class"], first["of"], first["less"]) == ("segm AP", None, "good", "poor")
    assert first["low"] < first["value"] < first["high"]
    assert first["p"] == pytest.approx(1 / 201)
    for model, path in zip(numbers["models"], (poor, good), strict=True):
        scores = score_instance(truth, path, area="mask", details=False, reporter=QUIET).scores
        for row in model["scores"]:
            kind, name = row["measure"].split(" ")
            expected = scores[kind][name] if row["class"] is None else scores["classes"][row["class"]][kind]
            assert row["value"] == pytest.approx(expected, abs=1e-12)
    dog = next(each for each in numbers["differences"] if (each["measure"], each["class"]) == ("segm AP", "dog"))
    person = next(each for each in numbers["differences"] if (each["measure"], each["class"]) == ("segm AP", "person"))
    assert dog["value"] > 0.6
    assert person["value"] == 0.0
    assert person["p"] == 1.0


def test_the_images_that_change_most_are_those_with_a_found_dog(files: tuple[Path, Path, Path]) -> None:
    truth, poor, good = files
    changed = compared(poor, good, truth=truth, score=0.0).numbers["changed_images"]
    assert len(changed) == 12
    assert all(int(Path(each["file_name"]).stem) % 3 for each in changed)
    assert changed[0]["scores"] == {"poor": pytest.approx(2 / 3), "good": 1.0}


def test_the_same_results_show_no_difference(files: tuple[Path, Path, Path], write_json: Any) -> None:
    truth, poor, _ = files
    again = write_json(json.loads(poor.read_text()), "again.json")
    assert "No difference shown" in compared(poor, again, truth=truth).numbers["verdict"]


def test_the_same_seed_gives_the_same_numbers(files: tuple[Path, Path, Path]) -> None:
    truth, poor, good = files
    one, two, other = (compared(poor, good, truth=truth, seed=seed).numbers for seed in (0, 0, 1))
    assert one == two
    assert one["differences"][0]["low"] != other["differences"][0]["low"]


def test_several_trainings_are_one_model(files: tuple[Path, Path, Path], write_json: Any) -> None:
    truth, poor, good = files
    weak = write_json(json.loads(good.read_text())[:60], "weak.json")
    numbers = compared(f"new={good},{weak}", f"old={poor}", truth=truth).numbers
    assert [model["trainings"] for model in numbers["models"]] == [2, 1]
    single = {path: score_instance(truth, path, area="mask", details=False, reporter=QUIET) for path in (good, weak)}
    mean = np.mean([each.scores["segm"]["AP"] for each in single.values()])
    assert numbers["models"][0]["scores"][0]["value"] == pytest.approx(mean)


def test_classes_that_a_model_does_not_know_are_left_out_and_said(
    files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    truth, _, good = files
    write_json(tmp_path / "persons" / "classes.json", ClassTable.from_names(["person"]).to_json())
    records = [{**each, "category_id": 1} for each in json.loads(good.read_text()) if each["category_id"] == 1]
    write_json(tmp_path / "persons" / "instances.json", records)
    numbers = compared(good, tmp_path / "persons", truth=truth).numbers
    assert numbers["classes"] == ["person"]
    assert numbers["left_out"] == ["dog"]
    assert any("Not compared" in remark for remark in numbers["remarks"])
    assert numbers["differences"][0]["value"] == pytest.approx(0.0)


def test_what_cannot_be_compared_is_refused(files: tuple[Path, Path, Path], tmp_path: Path, write_json: Any) -> None:
    truth, poor, good = files
    with pytest.raises(UsageError, match="is no run; expected run folders, or results of any tools with --truth"):
        compared(poor, good)
    with pytest.raises(UsageError, match="at least 100"):
        compared(poor, good, truth=truth, samples=20)
    others = write_json([{**each, "image_id": 999} for each in json.loads(good.read_text())], "others.json")
    with pytest.raises(DataError, match="none of its"):
        compared(poor, others, truth=truth)


def test_a_page_shows_the_images_side_by_side(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    truth, poor, good = files
    (tmp_path / "photos").mkdir()
    for number in range(1, 41):
        cv2.imwrite(str(tmp_path / "photos" / f"{number}.png"), np.full((48, 64, 3), 90, np.uint8))
    options: dict[str, Any] = {"truth": truth, "images": tmp_path / "photos", "out": tmp_path / "out"}
    found = compared(poor, good, **options)
    assert json.loads((tmp_path / "out" / "compare.json").read_text()) == json.loads(json.dumps(found.numbers))
    page = (tmp_path / "out" / "compare.html").read_text()
    assert page.count("data:image/webp;base64,") == len(found.numbers["changed_images"])
    assert found.numbers["verdict"].split(" (")[0] in page
    markdown, latex = ((tmp_path / "out" / f"tables.{kind}").read_text() for kind in ("md", "tex"))
    for table in ("Scores", "good less poor", "good less poor, by class"):
        assert f"## {table}\n" in markdown
        assert rf"\caption{{{table}." in latex
    compared(poor, good, **options)  # replaces its own files


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """True label maps of 30 images, and those of a poor and a good model."""
    rng = np.random.default_rng(0)
    table = ClassTable.from_names(["dog", "kite"])
    paths = tmp_path / "truth", tmp_path / "poor", tmp_path / "good"
    for path in paths:
        write_json(path / "classes.json", table.to_json())
    for number in range(30):
        truth = rng.integers(0, 3, (8, 8)).astype(np.uint8)
        write_label_map(paths[0] / f"{number}.png", truth, table.png_palette())
        for path, share in zip(paths[1:], (0.6, 0.8), strict=True):
            found = np.where(rng.random((8, 8)) < share, truth, rng.integers(0, 3, (8, 8))).astype(np.uint8)
            write_label_map(path / f"{number}.png", found, table.png_palette())
    return paths


def test_label_maps_are_compared_too(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    truth, poor, good = folders
    (tmp_path / "photos").mkdir()
    for number in range(30):
        cv2.imwrite(str(tmp_path / "photos" / f"{number}.jpg"), np.full((8, 8, 3), 90, np.uint8))
    found = compared(poor, good, truth=truth, images=tmp_path / "photos", out=tmp_path / "out")
    assert found.numbers["verdict"].startswith("good is better than poor by 0.")
    for model, path in zip(found.numbers["models"], (poor, good), strict=True):
        scores = score_semantic(truth, path, reporter=QUIET).scores
        assert model["scores"][0]["measure"] == "mIoU"
        assert model["scores"][0]["value"] == pytest.approx(scores["mIoU"], abs=1e-12)
    page = (tmp_path / "out" / "compare.html").read_text()
    assert page.count("data:image/webp;base64,") == 12
    assert Page(page).unbalanced == []


def test_two_seeds_of_one_recipe_show_no_difference_and_runs_of_other_data_are_refused(
    instance_run: Path, semantic_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.small_runs import small_run

    assert small_run("instance", tmp_path / "other", "--set", "seed=1") == 0
    capsys.readouterr()
    # The built-in images have the seed of data.shapes, not that of the recipe.
    assert main(["compare", str(instance_run), str(tmp_path / "other"), "--json", "--quiet", "--samples", "200"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert "No difference shown" in numbers["verdict"]
    assert numbers["images"] == 6
    own = json.loads((instance_run / "scores.json").read_text())["validation"]["segm"]["AP"]
    assert numbers["models"][0]["scores"][0]["value"] == pytest.approx(own, abs=1e-12)
    with pytest.raises(UsageError, match="expected one task"):
        compared(instance_run, semantic_run)
    assert small_run("instance", tmp_path / "more", "--set", "data.shapes.validation=5") == 0
    with pytest.raises(DataError, match="was scored on other data"):
        compared(instance_run, tmp_path / "more")


def test_runs_know_their_images_and_without_their_data_are_compared_without_pictures(
    semantic_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise DataError("labels.json: it does not exist.")

    runs = [tmp_path / "first", tmp_path / "second"]
    for run in runs:
        shutil.copytree(semantic_run, run)
    label_map = runs[1] / "predictions" / "validation" / "label_maps" / "000000.png"
    table = ClassTable.from_json(json.loads((runs[1] / "card.json").read_text())["classes"])
    write_label_map(label_map, 1 - np.minimum(read_label_map(label_map), 1), table.png_palette())
    compared(*runs, out=tmp_path / "out")
    assert "data:image/webp;base64," in (tmp_path / "out" / "compare.html").read_text()
    monkeypatch.setattr("maskwright.comparisons.compared.prepare", gone)
    compared(*runs, out=tmp_path / "other")
    assert "data:image/webp;base64," not in (tmp_path / "other" / "compare.html").read_text()
