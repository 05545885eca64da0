import os
from pathlib import Path

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.files import write_json
from maskwright.run_folder import RunFolder, model_file
from maskwright.structures import ClassTable


def test_a_run_folder_stands_for_its_path(tmp_path: Path):
    run = RunFolder(str(tmp_path))
    assert os.fspath(run) == str(run) == str(tmp_path)
    assert Path(run) == run.folder == tmp_path


def test_nothing_is_there_before_its_stage_is_done(tmp_path: Path):
    run = RunFolder(tmp_path)
    assert (run.card, run.stages) == ({}, {})
    with pytest.raises(UsageError, match=r"scores\.json"):
        _ = run.scores


def test_scores_of_an_earlier_version_are_read_under_the_keys_of_today(tmp_path: Path):
    old = {"validation": {"mIoU": 0.5}, "other": {"mIoU": None, "elsewhere": {"name": "other"}}}
    write_json(tmp_path / "scores.json", old)
    assert RunFolder(tmp_path).scores == {
        "validation": {"mIoU": 0.5},
        "other": {"mIoU": None, "cross_evaluation": {"name": "other"}},
    }


FILES = {"scores": "scores", "card": "card", "stages": "stages", "audits": "audit", "recorded_classes": "card"}


@pytest.mark.parametrize("content", ["{", "[]", "5", "", "\0\0", "[" * 100_000])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named(name: str, content: str, tmp_path: Path):
    (tmp_path / f"{FILES[name]}.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=rf"{FILES[name]}\.json"):
        getattr(RunFolder(tmp_path), name)


@pytest.mark.parametrize("name", ["scores", "stages", "audits"])
def test_a_file_whose_parts_are_no_objects_is_named_with_the_part(name: str, tmp_path: Path):
    write_json(tmp_path / f"{FILES[name]}.json", {"train": {}, "validation": []})
    with pytest.raises(DataError, match=rf"{FILES[name]}\.json: validation"):
        getattr(RunFolder(tmp_path), name)


def test_the_classes_of_a_card_that_has_none_are_asked_for(tmp_path: Path):
    with pytest.raises(DataError, match=r"card\.json: expected the classes .* it has none"):
        _ = RunFolder(tmp_path).recorded_classes
    table = ClassTable.from_names(["a", "b"])
    write_json(tmp_path / "card.json", {"classes": table.to_json()})
    assert RunFolder(tmp_path).recorded_classes.names == table.names


@pytest.mark.parametrize("name", ["labels.json", "labels.json.gz", "mine.YAML", "report.html", "a.jpg", "data.zip"])
def test_a_file_of_another_kind_is_no_model(name: str, tmp_path: Path):
    (tmp_path / name).touch()
    with pytest.raises(UsageError, match="is no model; expected a run folder"):
        model_file(tmp_path / name)


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx", "model.xml", "model_final.pkl", "weights"])
def test_a_file_that_may_be_a_model_is_taken(name: str, tmp_path: Path):
    (tmp_path / name).touch()
    assert model_file(tmp_path / name) == tmp_path / name
