"""What is never replaced, whatever the options."""

import os
from pathlib import Path

import pytest

from maskwright.errors import UsageError
from tests.outputs.writers import write, write_file


def spoil(path: Path, kind: str, read: Path) -> None:
    """Put something at ``path`` that no command may replace."""
    match kind:
        case "folder":
            path.mkdir()
            (path / "mine.txt").write_text("mine")
        case "pipe":
            os.mkfifo(path)
        case "input":
            os.link(read, path)
        case "link to input":
            path.symlink_to(read)
        case "link to device":
            path.symlink_to("/dev/null")
        case "link to nothing":
            path.symlink_to("nothing")
        case "read-only":
            path.write_text("mine")
            path.chmod(0o444)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "kind", ["folder", "pipe", "input", "link to input", "link to device", "link to nothing", "read-only"]
)
@pytest.mark.parametrize("one_file", [False, True])
def test_what_is_never_replaced(tmp_path: Path, kind: str, overwrite: bool, one_file: bool):
    read, out = tmp_path / "read.json", tmp_path / "out"
    read.write_text("mine")
    out.mkdir()
    spoil(out / "a.txt", kind, read)
    before = (out / "a.txt").lstat()
    with pytest.raises(UsageError, match=r"a\.txt: .*expected .*\. Choose another --out\."):
        (write_file if one_file else write)(out / "a.txt" if one_file else out, inputs=[read], overwrite=overwrite)
    after = (out / "a.txt").lstat()
    assert (after.st_ino, after.st_mode, after.st_size) == (before.st_ino, before.st_mode, before.st_size)
    assert read.read_text() == "mine"
    assert [path.name for path in out.iterdir()] == ["a.txt"]


def test_a_device_stays_a_device(tmp_path: Path):
    with pytest.raises(UsageError, match="/dev/null: is a device"):
        write_file(Path("/dev/null"), overwrite=True)
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("kind", ["file", "pipe", "read-only", "link to nothing"])
def test_the_place_of_a_folder_must_be_one(tmp_path: Path, kind: str):
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    elif kind == "read-only":
        out.mkdir(mode=0o555)
    else:
        spoil(out, kind, out)
    before = out.lstat()
    for place in (out, out / "deep"):
        with pytest.raises(UsageError, match=rf"{out}: is (not a folder|read-only); expected"):
            write(place, overwrite=True)
    assert out.lstat() == before
