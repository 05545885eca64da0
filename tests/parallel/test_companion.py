import os
import sys
import time
from pathlib import Path

import pytest

from maskwright.errors import MaskwrightError, UsageError
from maskwright.parallel.companion import Companion, do_as_companion

COMPANION = "companion_under_test"
SAYING = "import sys\nfor number in range(3): print('line', number, 'é', file=sys.stderr, flush=True)\n"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    return tmp_path / f"{COMPANION}.py"


def test_lines_wait_until_they_are_asked_for(written: Path, tmp_path: Path) -> None:
    done = tmp_path / "done"
    written.write_text(f"{SAYING}open({str(done)!r}, 'w')\n")
    said: list[str] = []
    with Companion(COMPANION, [], "the second run") as companion:
        deadline = time.monotonic() + 60
        while not done.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert said == []
        companion.follow(said.append)
    assert said == ["line 0 é", "line 1 é", "line 2 é"]


def test_the_error_of_the_work_comes_back_with_its_lines_and_its_exit_code(written: Path) -> None:
    written.write_text(
        "import sys\nfrom maskwright.errors import UsageError\n"
        "from maskwright.parallel.companion import do_as_companion\n"
        "def work():\n    raise UsageError(sys.argv[1], 'second line')\n"
        "sys.exit(do_as_companion(work))\n"
    )
    companion = Companion(COMPANION, ["runs/a: not a run"], "the second run")
    with companion, pytest.raises(MaskwrightError) as raised:
        companion.follow(print)
    assert raised.value.lines == ("runs/a: not a run", "second line")
    assert raised.value.exit_code == UsageError.exit_code


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    ("ending", "named"), [("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"), ("sys.exit(3)", "exit code 3")]
)
def test_a_companion_that_dies_is_named_with_how_it_ended(written: Path, ending: str, named: str) -> None:
    written.write_text(f"import os, signal, sys\n{SAYING}{ending}\n")
    said: list[str] = []
    companion = Companion(COMPANION, [], "demo-instance-short")
    with companion, pytest.raises(MaskwrightError, match=f"demo-instance-short .*{named}"):
        companion.follow(said.append)
    assert len(said) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_leaving_the_context_ends_the_companion(written: Path, tmp_path: Path) -> None:
    started = tmp_path / "pid"
    written.write_text(
        f"import os, time\nopen({str(tmp_path / 'part')!r}, 'w').write(str(os.getpid()))\n"
        f"os.replace({str(tmp_path / 'part')!r}, {str(started)!r})\ntime.sleep(600)\n"
    )
    with Companion(COMPANION, [], "the second run"):
        deadline = time.monotonic() + 60
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_work_without_an_error_ends_with_zero() -> None:
    done: list[int] = []
    assert do_as_companion(lambda: done.append(1)) == 0
    assert done == [1]
