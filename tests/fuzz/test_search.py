"""The search finds faults that were put into a reader, shortens and saves them, and outlives a reader that dies."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from maskwright.errors import DataError
from tests.fuzz import __main__ as runner
from tests.fuzz import harness, pngs
from tests.fuzz.coverage import Coverage
from tests.fuzz.harness import Target, run_input
from tests.fuzz.mutation import LONGEST, mutated
from tests.fuzz.search import Search


def target_of(read: Callable[[bytes], None], seed: bytes = b"name: 12345") -> Target:
    return Target(
        name="planted", read=lambda path: read(path.read_bytes()), errors=(DataError,), seeds=lambda: [seed],
        strategy=lambda: st.just(seed), tokens=(b"!x",),
    )  # fmt: skip


def staircase(content: bytes) -> None:
    """Breaks at a content that only one change after the other leads to."""
    if b"!x" not in content:
        raise DataError("no token")
    if content.count(b"!x") < 2:
        raise DataError("too few tokens")
    if content.endswith(b"!x"):
        raise KeyError("planted")


def test_a_fault_behind_several_changes_is_found_shortened_and_saved(tmp_path: Path) -> None:
    search = Search(target_of(staircase), tmp_path / "inputs", tmp_path / "found", coverage=Coverage(__file__))
    search.run(2)
    assert list(search.findings) == ["KeyError in test_search.py:staircase < test_search.py:<lambda>"]
    saved = next(iter(search.findings.values()))
    assert saved.read_bytes() == b"!x!x"
    assert "planted" in saved.with_suffix(".txt").read_text()
    assert search.inputs > search.refused > 0


@pytest.mark.parametrize(
    "error", [ValueError("x"), SystemExit(3), RecursionError(), AssertionError("another result"), DataError("")]
)
def test_anything_but_an_error_of_the_package_is_a_finding(error: BaseException, tmp_path: Path) -> None:
    def read(content: bytes) -> None:
        raise error

    target = target_of(read)
    assert run_input(target, target.place(tmp_path), b"").found


def test_a_refusal_and_a_result_are_no_findings(tmp_path: Path) -> None:
    def read(content: bytes) -> None:
        if content:
            raise DataError("file 12: bad")

    target = target_of(read)
    path = target.place(tmp_path)
    assert run_input(target, path, b"x").said == "DataError: file 0: bad"
    assert run_input(target, path, b"").said == run_input(target, path, b"").found == ""


def test_too_much_time_and_too_much_memory_are_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(content: bytes) -> None:
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass

    monkeypatch.setattr(harness, "MOST_SECONDS", 0.01)
    target = target_of(slow)
    assert run_input(target, target.place(tmp_path), b"").found.startswith("Unbounded")
    peaks = iter([0, 2 << 30])
    monkeypatch.setattr(harness, "_peak", lambda: next(peaks))
    target = target_of(lambda content: None)
    assert run_input(target, target.place(tmp_path), b"").found.startswith("Unbounded")


def test_an_input_that_ends_the_process_is_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def read(content: bytes) -> None:
        if b"!x" in content:
            os._exit(7)

    totals = runner.search_target(target_of(read), 0.5, tmp_path, seed=0)
    saved = [path for path in (tmp_path / "planted").iterdir() if path.suffix != ".txt"]
    assert totals.findings >= len(saved) > 0
    assert all(b"!x" in path.read_bytes() for path in saved)
    assert "ends the process (7)" in capsys.readouterr().out


def test_an_input_that_hangs_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(content: bytes) -> None:
        while b"!x" in content:
            pass

    monkeypatch.setattr(runner, "_HANGS_AFTER", 0.3)
    monkeypatch.setattr(runner, "_MOST_CRASHES", 1)
    assert runner.search_target(target_of(read), 2, tmp_path, seed=0).findings == 1
    assert "hangs" in next((tmp_path / "planted").glob("*.txt")).read_text()


def test_an_unknown_target_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        runner.main(["no-such-reader"])
    assert "no-such-reader" in capsys.readouterr().err


def test_changes_are_the_same_for_the_same_beginning_and_stay_short() -> None:
    def changes() -> list[bytes]:
        chance = random.Random(3)
        return [mutated(b"a 12 b" * 200, chance, [b"other"], [b"token"]) for _ in range(200)]

    assert changes() == changes()
    assert len(set(changes())) > 150
    assert max(map(len, changes())) <= LONGEST


def test_checksums_are_made_right_again() -> None:
    whole = pngs.labels_png()
    damaged = bytearray(whole)
    damaged[29:33] = b"\0\0\0\0"
    assert pngs.mended(bytes(damaged)) == whole
    assert pngs.mended(whole[:40]) == whole[:40]
    assert pngs.mended(b"") == b""
