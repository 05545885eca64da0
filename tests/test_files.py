import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.files import (
    home_folder,
    read_json,
    read_json_list,
    read_regular_file,
    recover_folder,
    require_regular_file,
    write_bytes,
    write_json,
    write_text,
    writing,
    writing_folder,
    writing_json_list,
)


class Interruption(Exception):
    """What goes wrong half-way in these tests."""


def write_half(path: Path) -> None:
    path.write_text("half of the n")
    raise Interruption


def test_a_failure_while_writing_leaves_the_old_content_and_no_other_file(tmp_path: Path):
    path = tmp_path / "scores.json"
    path.write_text("old")
    with pytest.raises(Interruption), writing(path) as temporary:
        write_half(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_content_is_there_until_the_new_is_complete(tmp_path: Path):
    path = tmp_path / "scores.json"
    path.write_text("old")
    with writing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent  # renaming is atomic within one file system only
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_writing_creates_the_folders_on_the_way(tmp_path: Path):
    write_bytes(tmp_path / "a" / "b" / "c.bin", b"\x00\xff")
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"\x00\xff"


def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path):
    path = tmp_path / ("n" * 251 + ".png")
    write_bytes(path, b"x")
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_utf_8_with_unix_line_ends(tmp_path: Path):
    write_text(tmp_path / "classes.txt", "café\n猫\n")
    assert (tmp_path / "classes.txt").read_bytes() == b"caf\xc3\xa9\n\xe7\x8c\xab\n"


def test_json_comes_back_and_is_readable_by_people(tmp_path: Path):
    value = {"name": "猫", "scores": [0.1, None, 3], "nested": {"ok": True}}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value == json.loads((tmp_path / "a.json").read_bytes())
    assert "猫" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_nan_is_refused_before_anything_is_written(tmp_path: Path):
    path = tmp_path / "scores.json"
    path.write_text("old")
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"AP": float("nan")})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_folder_takes_the_place_of_the_old_one_as_a_whole(tmp_path: Path):
    folder = tmp_path / "last"
    folder.mkdir()
    (folder / "old.txt").touch()
    with writing_folder(folder) as temporary:
        (temporary / "new.txt").touch()
        assert (folder / "old.txt").exists()
    assert [path.name for path in folder.iterdir()] == ["new.txt"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_failure_while_filling_a_folder_leaves_the_old_one_and_no_other(tmp_path: Path):
    folder = tmp_path / "last"
    folder.mkdir()
    (folder / "old.txt").touch()
    with pytest.raises(Interruption), writing_folder(folder) as temporary:
        write_half(temporary / "new.txt")
    assert [path.name for path in folder.iterdir()] == ["old.txt"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_first_folder_that_fails_leaves_nothing(tmp_path: Path):
    with pytest.raises(Interruption), writing_folder(tmp_path / "runs" / "last"):
        raise Interruption
    assert list((tmp_path / "runs").iterdir()) == []


def test_the_old_folder_comes_back_after_a_kill_between_the_two_renames(tmp_path: Path):
    (tmp_path / ".last.old.part").mkdir()
    (tmp_path / ".last.old.part" / "old.txt").touch()
    recover_folder(tmp_path / "last")
    assert [path.name for path in (tmp_path / "last").iterdir()] == ["old.txt"]
    assert not (tmp_path / ".last.old.part").exists()


def test_the_new_folder_stays_after_a_kill_before_the_old_one_was_removed(tmp_path: Path):
    for name in ("last", ".last.old.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").touch()
    recover_folder(tmp_path / "last")
    assert [path.name for path in tmp_path.rglob("*.txt")] == ["last.txt"]


def test_there_is_nothing_to_recover_where_nothing_was_written(tmp_path: Path):
    recover_folder(tmp_path / "last")
    assert list(tmp_path.iterdir()) == []


objects = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=9) | st.lists(st.floats(-9, 9)))


@given(groups=st.lists(st.lists(objects, max_size=4), max_size=4))
def test_a_list_written_in_groups_is_the_file_of_all_at_once(
    groups: list[list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    with writing_json_list(folder / "groups.json") as append:
        for group in groups:
            append(group)
    write_json(folder / "once.json", [each for group in groups for each in group])
    assert (folder / "groups.json").read_bytes() == (folder / "once.json").read_bytes()


@given(values=st.lists(objects, max_size=6), characters=st.integers(1, 40), indent=st.sampled_from([None, 1, 4]))
def test_objects_are_read_one_by_one_however_they_are_laid_out(
    values: list[dict[str, Any]], characters: int, indent: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.json"
    path.write_text(f" {json.dumps(values, indent=indent)} \n", encoding="utf-8")
    assert list(read_json_list(path, characters)) == values


@pytest.mark.parametrize("content", ['{"a": 1}', "", '[{"a": 1}, {"b"', '[{"a": 1}', "[nonsense]"])
def test_what_is_no_whole_list_of_objects_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"list|[Ee]xpecting|delimiter"):
        list(read_json_list(path))


def test_a_list_that_is_not_finished_is_no_file(tmp_path: Path) -> None:
    def values():
        yield {"a": 1}
        raise Interruption

    with pytest.raises(Interruption), writing_json_list(tmp_path / "list.json") as append:
        append(values())
    assert list(tmp_path.iterdir()) == []


def test_only_regular_files_are_opened_for_a_fifo_would_be_waited_for(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    assert read_regular_file(tmp_path / "link") == b"x"
    for path, kind in ((tmp_path / "fifo", "a FIFO"), (tmp_path, "a folder"), (Path("/dev/null"), "a device")):
        with pytest.raises(OSError, match=f"it is {kind}; expected a regular file") as raised:
            require_regular_file(path)
        assert raised.value.filename == str(path)
    with pytest.raises(FileNotFoundError):
        read_regular_file(tmp_path / "none")


def test_a_user_without_a_home_folder_has_the_root_folder(monkeypatch: pytest.MonkeyPatch):
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    assert home_folder() == Path("/")
