"""The report stage: panels of each scored part, from what was saved, and the page that shows them."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.errors import UsageError
from maskwright.files import read_json, write_json
from maskwright.images.decode import read_image
from maskwright.images.draw import overlay_label_map
from maskwright.images.encode import write_jpeg
from maskwright.masks.png import read_label_map, write_label_map
from maskwright.progress import Reporter
from maskwright.reports.pictures.panels import CAPTIONS, panel
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.pictures import drawn_before, page_panels, saved_predictions
from maskwright.runs.report import report_stage
from maskwright.structures import ClassTable


def copied(run: Path, copy: Path) -> Path:
    """``run`` without its model, which a report does not need."""
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("checkpoints", "report.html", "figures"))
    return copy


def report(run: Path) -> list[dict[str, Any]]:
    """Report ``run``; returns the records of its panels."""
    report_stage(Experiment(open_run(run, Reporter())))
    return read_json(run / "figures" / "panels.json")


def written_panels(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files of the panels that are written from now on."""
    written: list[Path] = []

    def writing(path: Path, picture: np.ndarray) -> None:
        written.append(path)
        write_jpeg(path, picture)

    monkeypatch.setattr(page_panels, "write_jpeg", writing)
    return written


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_the_panels_and_the_page_need_no_model(task: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    original = request.getfixturevalue(f"{task}_run")
    run = copied(original, tmp_path / "run")
    records = report(run)
    assert [record.get("kind") for record in records] == [None] * 2 + ["worst"] * 6
    assert records == read_json(original / "figures" / "panels.json")
    for record in records:
        assert (run / record["file"]).read_bytes() == (original / record["file"]).read_bytes()
    page = (run / "report.html").read_text(encoding="utf-8")
    assert all(record["caption"] in page for record in records)


def test_a_panel_shows_the_image_its_truth_and_what_was_predicted(semantic_run: Path, tmp_path: Path) -> None:
    run = copied(semantic_run, tmp_path / "run")
    record = report(run)[0]
    name = record["caption"].removeprefix("validation: ")
    table = ClassTable.from_json(read_json(run / "card.json")["classes"])
    image = read_image(run / "data" / "validation" / "images" / name)
    folders = [run / "masks" / "validation", run / "predictions" / "validation" / "label_maps"]
    drawn = [overlay_label_map(image, read_label_map(folder / f"{Path(name).stem}.png"), table) for folder in folders]
    shown = read_image(run / record["file"]).astype(int)
    expected = panel([image, *drawn], CAPTIONS).astype(int)
    assert len(shown) > len(expected), "a legend stands below"
    shown = shown[: len(expected)]
    assert shown.shape == expected.shape
    # JPEG loses a little everywhere, and never the colour of an object.
    assert np.abs(shown - expected).mean() < 3
    swapped = panel([image, *drawn[::-1]], CAPTIONS).astype(int)
    assert np.abs(shown - swapped).mean() > 3


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_panels_of_the_same_data_are_drawn_once(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    run = copied(request.getfixturevalue(f"{task}_run"), tmp_path / "run")
    records, page = report(run), (run / "report.html").read_bytes()
    written: list[Path] = []
    monkeypatch.setattr(
        page_panels, "write_jpeg", lambda path, picture: (written.append(path), write_jpeg(path, picture))
    )
    assert report(run) == records
    assert written == []
    assert (run / "report.html").read_bytes() == page


@pytest.mark.parametrize(
    "change", ["image", "truth", "prediction", "class name", "panel", "panel is a link", "list", "code"]
)
def test_a_panel_is_drawn_anew_when_what_it_shows_or_its_file_has_changed(
    change: str, semantic_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copied(semantic_run, tmp_path / "run")
    record = report(run)[0]
    panel_file, image = run / record["file"], Path(record["caption"].removeprefix("validation: "))
    drawn, mask = panel_file.read_bytes(), f"{image.stem}.png"
    if change == "image":
        file = run / "data" / "validation" / "images" / image
        write_jpeg(file, 255 - read_image(file))
    elif change in ("truth", "prediction"):
        folder = run / ("masks/validation" if change == "truth" else "predictions/validation/label_maps")
        write_label_map(folder / mask, np.zeros_like(read_label_map(folder / mask)))
    elif change == "class name":
        monkeypatch.setattr(saved_predictions, "written_name", lambda _, index: f"#{index}")
    elif change == "panel":
        panel_file.write_bytes(b"of another run")
    elif change == "panel is a link":
        panel_file.rename(tmp_path / "elsewhere.jpg")
        panel_file.symlink_to(tmp_path / "elsewhere.jpg")
    elif change == "list":
        (run / "figures" / "panels.json").write_text("[{")
    else:
        monkeypatch.setattr(drawn_before, "_code", lambda: "other code")
    written: list[Path] = []
    monkeypatch.setattr(
        page_panels, "write_jpeg", lambda path, picture: (written.append(path), write_jpeg(path, picture))
    )
    report(run)
    assert panel_file in written
    assert not panel_file.is_symlink()
    shows_the_same = change not in ("image", "truth", "prediction")
    assert (panel_file.read_bytes() == drawn) is shows_the_same
    assert change in ("class name", "list", "code") or len(written) < 8, "the others are as they were"


def test_missing_predictions_are_named_with_the_remedy(instance_run: Path, tmp_path: Path) -> None:
    run = copied(instance_run, tmp_path / "run")
    (run / "predictions" / "validation" / "instances.json").unlink()
    with pytest.raises(UsageError, match=r"predictions/validation/instances\.json: .*maskwright evaluate"):
        report(run)


def test_a_run_without_scores_has_a_page_without_panels(semantic_run: Path, tmp_path: Path) -> None:
    run = copied(semantic_run, tmp_path / "run")
    (run / "scores.json").unlink()
    assert report(run) == []
    assert (run / "report.html").is_file()


def test_other_data_that_is_gone_costs_its_panels_and_not_the_page(
    semantic_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(semantic_run, tmp_path / "run")
    scores = json.loads((run / "scores.json").read_text())
    gone = {"images": str(tmp_path / "gone"), "annotations": str(tmp_path / "gone.json"), "name": "there"}
    write_json(run / "scores.json", scores | {"there": scores["validation"] | {"cross_evaluation": gone}})
    records = report(run)
    assert {record["caption"].partition(":")[0] for record in records} == {"validation"}
    assert "No panels of there: " in (told := capsys.readouterr().err)
    assert f"{tmp_path / 'gone'}: " in told
    assert "there" in (run / "report.html").read_text(encoding="utf-8")
