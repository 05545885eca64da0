"""A record that cannot be trusted makes no file the command's own."""

from pathlib import Path

import pytest

from maskwright.errors import UsageError
from tests.outputs.writers import contents, write


@pytest.mark.parametrize("content", ["", "[1]", '{"files": 1}', '{"files": {"../mine.txt": [[4, 0]]}}', "\x00"])
def test_a_damaged_record_makes_nothing_the_command_s_own(tmp_path: Path, content: str):
    out = tmp_path / "out"
    out.mkdir()
    for path in (tmp_path / "mine.txt", out / "a.txt"):
        path.write_text("mine")
    (out / ".maskwright-split").write_text(content)
    with pytest.raises(UsageError, match=r"a\.txt: exists"):
        write(out)
    assert contents(tmp_path)["mine.txt"] == contents(out)["a.txt"] == "mine"
