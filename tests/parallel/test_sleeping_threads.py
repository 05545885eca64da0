"""How the threads of OpenMP wait: as OpenMP itself says when torch loads it."""

import os
import subprocess
import sys

import pytest

from maskwright.parallel.sleeping_threads import let_threads_sleep, waiting_policy

DECISIONS = {"OMP_WAIT_POLICY": "active", "GOMP_SPINCOUNT": "5", "KMP_BLOCKTIME": "1"}


@pytest.fixture(autouse=True)
def undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DECISIONS:
        monkeypatch.setenv(name, "")  # so that it is restored also where the test sets it
        monkeypatch.delenv(name)


@pytest.mark.skipif(sys.platform != "linux", reason="reads what GCC's OpenMP prints")
@pytest.mark.parametrize(
    ("before", "environment", "spins"),
    [
        ("import maskwright\nmaskwright.Recipe", {}, 0),
        ("from maskwright.cli.main import main\nmain(['--version'])", {}, 0),
        ("import maskwright\nmaskwright.Recipe", {"GOMP_SPINCOUNT": "77"}, 77),
    ],
    ids=["from Python", "from the command line", "a user's own number"],
)
def test_torch_loads_openmp_with_threads_that_do_not_spin(before: str, environment: dict[str, str], spins: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\nimport torch"],
        env={**os.environ, "OMP_DISPLAY_ENV": "verbose", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"GOMP_SPINCOUNT = '{spins}'" in done.stderr


@pytest.mark.parametrize("name", DECISIONS)
def test_whatever_a_user_has_decided_by_stands(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, DECISIONS[name])
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    let_threads_sleep()
    assert {key: os.environ[key] for key in DECISIONS if key in os.environ} == {name: DECISIONS[name]}


def test_once_torch_is_imported_only_other_processes_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", sys)
    let_threads_sleep()
    assert "OMP_WAIT_POLICY" not in os.environ
    assert waiting_policy() == {"OMP_WAIT_POLICY": "passive"}


def test_the_import_of_the_package_alone_changes_nothing() -> None:
    code = "import os\nimport maskwright\nassert 'OMP_WAIT_POLICY' not in os.environ"
    subprocess.run([sys.executable, "-c", code], check=True)
