"""Whatever surrounds a command, it ends and writes as elsewhere: home, user, locale, names of folders, clock."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.surroundings import ANSWER, CLOCK, COMMANDS, USER, write_inputs

UNSET = "unset"
# A user that the system has no entry of, and so no home either.
STRANGER = 54321


@dataclass(frozen=True)
class Surrounding:
    """What is around the commands: variables, the name of the folder, what stands behind the command in the shell."""

    variables: dict[str, str] = field(default_factory=dict)
    name: str = "folder"
    shell: str = ""


SURROUNDINGS = {
    "no HOME": Surrounding({"HOME": UNSET}),
    "a HOME that cannot be made": Surrounding({"HOME": "/proc/home"}),
    "the locale C": Surrounding({"LC_ALL": "C"}),
    "the locale POSIX": Surrounding({"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}),
    "closed streams": Surrounding(shell="<&- >&- 2>&-"),
    "20 columns": Surrounding({"COLUMNS": "20"}),
    "no TMPDIR": Surrounding({"TMPDIR": "/nowhere"}),
    "names with blanks, a line break and quotes": Surrounding(name=" a\n\u732b 'b\" -c"),
    "a clock that jumps back": Surrounding({CLOCK: "-3600"}),
    "a clock that jumps ahead": Surrounding({CLOCK: "86400"}),
    "another user, who may only read the input": Surrounding({"HOME": UNSET, USER: str(STRANGER)}),
}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user may enter, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="maskwright-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def called(place: Path, surrounding: Surrounding) -> tuple[list[int | str], dict[str, bytes], str]:
    """Run the commands; return their exit codes, the files that they wrote, and what they printed on standard error."""
    folder = Path(tempfile.mkdtemp(dir=place)) / surrounding.name
    folder.parent.chmod(0o755)
    write_inputs(folder)
    for path in (folder / "in").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    answer = folder / ANSWER
    (folder / "out").chmod(0o777)
    variables = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(sys.path), **surrounding.variables}
    command = f'exec "$0" -m tests.cli.surroundings {surrounding.shell}'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable],
        cwd=folder,
        env={name: value for name, value in variables.items() if value != UNSET},
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode(errors="replace")
    assert answer.exists(), said
    codes = json.loads(answer.read_text(encoding="utf-8"))
    answer.unlink()
    # Hidden files record the times of the others.
    written = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted((folder / "out").rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    return codes, written, said


LATIN_1 = {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(params=["ASCII", "ISO-8859-1"])
def narrow(request: pytest.FixtureRequest, place: Path) -> dict[str, str]:
    """The variables of a locale that lacks letters of the file names."""
    if request.param == "ASCII":
        return LATIN_1 | {"LC_ALL": "C"}
    locales = Path(tempfile.mkdtemp(dir=place))
    locales.parent.chmod(0o755)
    # The system's locales are made of texts, which not every system has.
    command = ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(locales / "de_DE.ISO-8859-1")]
    if shutil.which("localedef") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("the locale de_DE.ISO-8859-1 cannot be made here")
    return LATIN_1 | {"LOCPATH": str(locales)}


def test_a_locale_that_cannot_write_a_name_is_answered_with_the_remedy(narrow: dict[str, str], place: Path):
    codes, _, said = called(place, Surrounding(narrow))
    assert {type(code) for code in codes} == {int}, codes
    assert set(codes) == {0, 1, 2}  # of the label maps that could not be written there is no score
    assert "cannot write the name" in said
    assert "PYTHONUTF8=1" in said


@pytest.fixture(scope="module")
def usual(place: Path) -> dict[str, bytes]:
    """The files that the commands write in the usual surroundings."""
    codes, written, said = called(place, Surrounding())
    assert codes == [0] * len(COMMANDS), said
    return written


# Each takes seconds. The others are much like these.
QUICK = (
    "no HOME",
    "the locale C",
    "closed streams",
    "a clock that jumps back",
    "names with blanks, a line break and quotes",
)
EACH = [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in SURROUNDINGS]


@pytest.mark.parametrize("name", EACH)
def test_every_command_ends_and_writes_as_elsewhere(name: str, place: Path, usual: dict[str, bytes]):
    if USER in SURROUNDINGS[name].variables and os.geteuid() != 0:
        pytest.skip("only root can become another user")
    codes, written, said = called(place, SURROUNDINGS[name])
    assert codes == [0] * len(COMMANDS), said
    assert written.keys() == usual.keys()
    assert [path for path in written if written[path] != usual[path]] == []
