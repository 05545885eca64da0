import os
from pathlib import Path

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.files import write_json
from maskwright.run_folder import RunFolder


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


@pytest.mark.parametrize("name", ["scores", "card", "stages"])
def test_a_damaged_file_is_named(name: str, tmp_path: Path):
    (tmp_path / f"{name}.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=rf"{name}\.json"):
        getattr(RunFolder(tmp_path), name)
