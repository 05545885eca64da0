"""What becomes of what is at the place of an output."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.outputs.output import Output
from maskwright.outputs.writing import move_new, output_files, output_folder
from tests.outputs.writers import NEW, contents, said, write, write_file, write_new


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("there", ["missing", "empty", "foreign"])
def test_a_folder_gets_the_files_beside_those_that_are_there(tmp_path: Path, there: str, in_place: bool):
    out = tmp_path / "in" / "out"
    if there != "missing":
        out.mkdir(parents=True)
    if there == "foreign":
        (out / "mine.txt").write_text("mine")
    write(out, in_place=in_place)
    assert contents(tmp_path / "in") == {
        **{f"out/{name}": text for name, text in NEW.items()},
        **({"out/mine.txt": "mine"} if there == "foreign" else {}),
    }
    assert not list(tmp_path.rglob("*.part"))


def test_nothing_is_there_before_all_is_done_nor_after_a_failure(tmp_path: Path):
    out = tmp_path / "deep" / "out"

    def fail() -> None:
        assert not out.exists()
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        write(out, meanwhile=fail)
    assert list(tmp_path.iterdir()) == []


def test_a_second_call_replaces_what_the_first_wrote_and_removes_what_it_does_not_write(tmp_path: Path):
    write(tmp_path / "out", "old")
    with output_folder(Output("split", tmp_path / "out", said)) as staging:
        (staging / "a.txt").write_text("new")
    assert contents(tmp_path / "out") == {"a.txt": "new"}


def test_files_of_earlier_calls_can_be_kept(tmp_path: Path):
    write(tmp_path / "out", "old")
    for content in ("new", "newer"):
        with output_folder(Output("split", tmp_path / "out", said), kept=("deep",)) as staging:
            (staging / "a.txt").write_text(content)
    assert contents(tmp_path / "out") == {"a.txt": "newer", "deep/b.txt": "old"}
    write(tmp_path / "out")  # they are still the command's own
    assert contents(tmp_path / "out") == NEW


@pytest.mark.parametrize("name", ["a.txt", "deep/b.txt"])
def test_a_file_of_others_is_refused_and_replaced_when_told_to(tmp_path: Path, name: str):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=r"was not written by `maskwright split`.*--overwrite"):
        write(tmp_path)
    assert contents(tmp_path) == {name: "mine"}
    write(tmp_path, overwrite=True)
    assert contents(tmp_path) == NEW


def test_a_file_changed_since_is_the_user_s(tmp_path: Path):
    write(tmp_path / "out", "old")
    (tmp_path / "out" / "a.txt").write_text("edited")
    with pytest.raises(UsageError, match="was changed since `maskwright split` wrote it"):
        write(tmp_path / "out")
    assert contents(tmp_path / "out") == {"a.txt": "edited", "deep/b.txt": "old"}
    (tmp_path / "out" / "a.txt").unlink()
    write(tmp_path / "out")
    assert contents(tmp_path / "out") == NEW


def test_what_another_command_wrote_is_refused(tmp_path: Path):
    write(tmp_path / "out", "old")
    with pytest.raises(UsageError, match="was not written by `maskwright explore`"):
        write(tmp_path / "out", command="explore")
    assert contents(tmp_path / "out") == {"a.txt": "old", "deep/b.txt": "old"}


def test_a_file_of_the_same_content_may_stay(tmp_path: Path):
    (tmp_path / "a.txt").write_text("new")
    before = (tmp_path / "a.txt").stat()
    write(tmp_path)
    assert (tmp_path / "a.txt").stat().st_ino == before.st_ino


def test_results_of_something_else_are_refused_and_all_replaced_when_told_to(tmp_path: Path):
    write(tmp_path / "out", "old", about={"model": "1"}, kept=("deep",))
    with pytest.raises(UsageError, match="holds the results of another model"):
        write(tmp_path / "out", about={"model": "2"}, kept=("deep",))
    assert set(contents(tmp_path / "out").values()) == {"old"}
    told = Output("split", tmp_path / "out", said, overwrite=True)
    with output_folder(told, about={"model": "2"}, kept=("deep",)) as staging:
        (staging / "a.txt").write_text("new")
    assert contents(tmp_path / "out") == {"a.txt": "new"}


def test_with_overwrite_a_link_is_replaced_and_not_what_it_leads_to(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").symlink_to(tmp_path / "mine.txt")
    write(tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out" / "a.txt").is_symlink()
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_new_folder_is_never_put_in_the_place_of_one_that_is_not_empty(tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(UsageError, match="out: appeared while it was written"):
        write_new(out, lambda: (out / "mine.txt").write_text("mine"))
    assert contents(tmp_path) == {"out/mine.txt": "mine"}
    with pytest.raises(UsageError, match="exists and is not empty"):
        write_new(out)
    assert contents(tmp_path) == {"out/mine.txt": "mine"}


@pytest.mark.parametrize("what", ["file", "link"])
def test_a_file_that_appears_in_the_place_of_a_new_folder_stays(tmp_path: Path, what: str):
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="appeared"):
        write_new(out, lambda: out.write_text("mine") if what == "file" else out.symlink_to("mine"))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert out.is_symlink() or out.read_text() == "mine"


def test_a_folder_that_appears_meanwhile_gets_the_files_unless_one_is_there(tmp_path: Path):
    def appear(path: Path) -> None:
        path.parent.mkdir()
        path.write_text("mine")

    write(tmp_path / "one", meanwhile=lambda: appear(tmp_path / "one" / "mine.txt"))
    assert contents(tmp_path / "one") == NEW | {"mine.txt": "mine"}
    with pytest.raises(UsageError, match="was not written by"):
        write(tmp_path / "two", meanwhile=lambda: appear(tmp_path / "two" / "a.txt"))
    assert contents(tmp_path / "two") == {"a.txt": "mine"}


def test_a_file_is_new_or_equal_or_refused_unless_told_to_replace_it(tmp_path: Path):
    for _ in range(2):
        write_file(tmp_path / "a.json")
    with pytest.raises(UsageError, match=r"exists; expected a new file\. .* or replace it with --overwrite"):
        write_file(tmp_path / "a.json", "newer")
    with pytest.raises(UsageError, match=r"expected a new file\. Choose another --fix\.$"):
        write_file(tmp_path / "a.json", "newer", overwrite=None, option="--fix")
    assert contents(tmp_path) == {"a.json": "new"}
    write_file(tmp_path / "a.json", "newer", overwrite=True)
    assert contents(tmp_path) == {"a.json": "newer"}


def test_a_new_file_that_another_call_wrote_meanwhile_is_refused_though_it_is_equal(tmp_path: Path):
    out, beside = tmp_path / "out.json", Path("data") / "1.txt"

    def write_new_file(meanwhile: Callable[[], object]) -> None:
        with output_files(Output("check", out, said), new=True) as staging:
            (staging / "out.json").write_text("same")
            (staging / "data").mkdir()
            (staging / beside).write_text("same")
            meanwhile()

    with pytest.raises(UsageError, match=r"out\.json: exists"):
        write_new_file(lambda: out.write_text("same"))
    out.unlink()
    # What is in a folder beside it may be equal.
    (tmp_path / "data").mkdir()
    (tmp_path / beside).write_text("same")
    write_new_file(lambda: None)
    assert contents(tmp_path) == {"out.json": "same", "data/1.txt": "same"}


def test_a_file_that_appears_just_before_the_move_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "new").write_text("new")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="out: appeared"):
        move_new(tmp_path / "new", tmp_path / "out")

    def no_links(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(UsageError, match="out: appeared"):
        move_new(tmp_path / "new", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
    move_new(tmp_path / "new", tmp_path / "other")
    assert (tmp_path / "other").read_text() == "new"


def write_beside(out: Path) -> None:
    """Write into a folder that is there."""
    out.mkdir()
    write(out)


@pytest.mark.skipif(os.name == "nt", reason="Windows opens no folder to bring it to the disk")
@pytest.mark.parametrize("called", [write, write_beside, write_new, write_file])
def test_files_are_on_the_disk_before_they_have_their_names_and_the_names_are_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: Callable[[Path], None]
):
    on_disk: list[int] = []
    fsync, named = os.fsync, 0

    def synchronised(descriptor: int) -> None:
        fsync(descriptor)
        on_disk.append(os.fstat(descriptor).st_ino)

    def naming(name: str) -> None:
        give = getattr(os, name)

        def given(source: Path, target: Path) -> None:
            nonlocal named
            inner = [path for path in (source, *Path(source).rglob("*")) if not Path(path).name.startswith(".maskw")]
            assert {os.stat(path).st_ino for path in inner} <= set(on_disk)
            give(source, target)
            named = len(on_disk)

        monkeypatch.setattr(os, name, given)

    monkeypatch.setattr(os, "fsync", synchronised)
    for name in ("rename", "link"):
        naming(name)
    called(tmp_path / "out")
    assert named
    # The folder in which a name is new.
    parents = (tmp_path / "out", tmp_path / "out" / "deep") if called is write_beside else (tmp_path,)
    assert {folder.stat().st_ino for folder in parents} <= set(on_disk[named:])
