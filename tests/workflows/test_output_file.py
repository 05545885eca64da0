from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.workflows.output_file import require_other_file


def test_a_new_file_and_another_file_will_do(tmp_path: Path):
    (tmp_path / "old.json").write_text("{}")
    require_other_file(tmp_path / "new.json", tmp_path / "old.json")
    require_other_file(tmp_path / "old.json", tmp_path / "missing.json")


def test_the_file_that_is_read_is_refused_under_any_name(tmp_path: Path):
    (tmp_path / "labels.json").write_text("{}")
    (tmp_path / "link.json").symlink_to("labels.json")
    for name in ("labels.json", "link.json", "../" + tmp_path.name + "/labels.json"):
        with pytest.raises(UsageError, match="it is the file that is read"):
            require_other_file(tmp_path / name, tmp_path / "labels.json")


def test_a_folder_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="it is a folder; expected the name of a JSON file"):
        require_other_file(tmp_path, tmp_path / "labels.json")
