"""Licences are accepted once, in a file that only the user can read, and asked for until then."""

import json
import stat
from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.models.weights.acceptance import (
    accept_licence,
    acceptance_file,
    accepted_licences,
    require_accepted,
)
from maskwright.models.weights.licences import LICENCES

NVIDIA = "nvidia-source-code"


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configuration that is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def test_the_file_is_in_the_folder_that_xdg_names(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert acceptance_file() == configuration / "maskwright" / "licences.json"
    for unset in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CONFIG_HOME", unset)
        assert acceptance_file() == Path.home() / ".config" / "maskwright" / "licences.json"


def test_a_licence_is_asked_for_until_it_is_accepted() -> None:
    with pytest.raises(
        UsageError, match=f"the weights: licence {NVIDIA} .*non-commercial.*--accept-licence {NVIDIA} once"
    ):
        require_accepted(LICENCES[NVIDIA], "the weights")
    accept_licence(NVIDIA)
    require_accepted(LICENCES[NVIDIA], "the weights")
    with pytest.raises(UsageError, match="--accept-licence dinov3-license"):
        require_accepted(LICENCES["dinov3-license"], "the weights")


def test_open_and_unstated_licences_are_never_asked_for() -> None:
    for name in ("mit", "cc-by-sa-3.0", "not-stated"):
        require_accepted(LICENCES[name], "the weights")
        accept_licence(name)
    assert not acceptance_file().exists()


def test_what_is_accepted_stays_and_is_the_users_alone() -> None:
    accept_licence(NVIDIA)
    first = accepted_licences()
    accept_licence("dinov3-license")
    accept_licence(NVIDIA)  # a second time changes nothing
    assert accepted_licences().keys() == {NVIDIA, "dinov3-license"}
    assert accepted_licences()[NVIDIA] == first[NVIDIA]
    path = acceptance_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_an_unknown_licence_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=f"Unknown licence 'nvidia-source'. Nearest: {NVIDIA}"):
        accept_licence("nvidia-source")
    assert not acceptance_file().exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"accepted": 7}', "[" * 100_000])
def test_a_damaged_file_is_named_and_not_replaced(content: str) -> None:
    path = acceptance_file()
    path.parent.mkdir(parents=True)
    path.write_text(content)
    for call in (accepted_licences, lambda: accept_licence(NVIDIA)):
        with pytest.raises(UsageError, match=r"licences\.json: is no list of accepted licences.*Remove it"):
            call()
    assert path.read_text() == content


def test_the_file_is_plain_json() -> None:
    accept_licence(NVIDIA)
    assert json.loads(acceptance_file().read_text()).keys() == {"accepted"}
