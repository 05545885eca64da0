"""Two calls at once, and what a killed one leaves."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.outputs.output import Output
from maskwright.outputs.staging import staging_folder
from maskwright.outputs.writing import output_files, output_folder, require_new_files
from tests.outputs.writers import NEW, contents, said, write

KILLED = """
import os, sys
from pathlib import Path
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_files, require_new_files, output_folder
out = Path(sys.argv[1])
write = output_files if out.suffix else output_folder
with write(Output("split", out, print)) as staging:
    (staging / "a.txt").write_text("half")
    (staging / "b.txt").write_text("half")
    if sys.argv[2:]:
        os.link(staging / "a.txt", out.parent / "a.txt")  # the first of two was moved already
    os.kill(os.getpid(), 9)
"""


def test_two_at_once_are_one_after_the_other_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("maskwright.outputs.staging._SECONDS_TO_WAIT", 0.2)
    out = tmp_path / "out"
    with output_folder(Output("split", out, said)) as staging:
        (staging / "a.txt").write_text("first")
        with pytest.raises(UsageError, match="another `maskwright split` is writing there"):
            write(out, "second")
    assert contents(out) == {"a.txt": "first"}


def test_who_waits_for_the_lock_gets_it_when_the_other_is_done(tmp_path: Path):
    out, inside, done = tmp_path / "out", threading.Event(), threading.Event()

    def first() -> None:
        with output_folder(Output("split", out, said)) as staging:
            (staging / "first.txt").write_text("first")
            inside.set()
            done.wait()

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()
    threading.Timer(0.3, done.set).start()
    write(out)
    thread.join()
    assert contents(out) == NEW


@pytest.mark.parametrize("there", [False, True])
def test_what_a_killed_call_left_is_removed_by_the_next_and_said(tmp_path: Path, there: bool):
    out = tmp_path / "out"
    if there:
        out.mkdir()
    subprocess.run([sys.executable, "-c", KILLED, out], check=False)
    (left,) = tmp_path.rglob(".*.part")
    foreign = left.with_name(f".{'0' * 32}.part")
    foreign.write_text("mine")
    lines: list[str] = []
    with output_folder(Output("explore", out, lines.append)):
        assert lines == []  # it is another command's
    with output_folder(Output("split", out, lines.append)) as staging:
        (staging / "new.txt").write_text("new")
    assert [line.partition(": ")[2] for line in lines] == [
        "an earlier `maskwright split` was killed; removed 2 unfinished files that it left."
    ]
    assert not left.exists()
    assert foreign.read_text() == "mine"
    assert (out / "new.txt").read_text() == "new"


def test_of_two_files_that_belong_together_none_stays_of_a_killed_call(tmp_path: Path):
    out = tmp_path / "a.txt"
    subprocess.run([sys.executable, "-c", KILLED, out, "moved"], check=False)
    assert out.read_text() == "half"
    with output_files(Output("split", out, said)) as staging:
        for name in ("a.txt", "b.txt"):
            (staging / name).write_text("new")
    assert contents(tmp_path) == {"a.txt": "new", "b.txt": "new"}


def test_files_of_a_killed_call_are_no_reason_to_refuse_the_next(tmp_path: Path):
    out = tmp_path / "a.txt"
    subprocess.run([sys.executable, "-c", KILLED, out, "moved"], check=False)
    output = Output("split", out, said)
    with pytest.raises(UsageError, match=r"a\.txt"):
        output.require_free(out)
    require_new_files(output, [out, tmp_path / "b.txt"])
    assert list(tmp_path.iterdir()) == []
    out.write_text("mine")
    with pytest.raises(UsageError, match=r"a\.txt"):
        require_new_files(output, [tmp_path / "b.txt", out])


def test_the_lock_is_free_once_its_process_is_gone(tmp_path: Path):
    for _ in range(2):
        with staging_folder(Output("split", tmp_path / "out", said), tmp_path, "out") as folder:
            assert list(folder.iterdir()) == []
        assert list(tmp_path.iterdir()) == []
