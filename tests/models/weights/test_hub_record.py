"""The record of a first download is read as it was written, and a damaged one is not taken for none."""

from pathlib import Path

import pytest

from maskwright.errors import WeightsError
from maskwright.files import read_json, write_json
from maskwright.models.weights.hub_record import HubRecord, read_record, record_path, write_record

RECORD = HubRecord("maker/net", "model.safetensors", "a" * 40, "b" * 64, 12)


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing was downloaded."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def test_a_record_is_read_as_it_was_written_and_of_one_file_alone(configuration: Path) -> None:
    assert read_record(RECORD.repo, RECORD.name) is None
    write_record(RECORD)
    assert RECORD.path.is_relative_to(configuration)
    assert read_record(RECORD.repo, RECORD.name) == RECORD
    assert read_json(RECORD.path)["recorded"].endswith("+00:00")
    assert read_record("maker/other", RECORD.name) is None


@pytest.mark.parametrize("change", [{"sha256": "b"}, {"revision": "main"}, {"repo": "maker/other"}, {"name": None}])
def test_a_damaged_record_is_named_with_the_remedy(change: dict[str, str | None]) -> None:
    write_record(RECORD)
    write_json(RECORD.path, read_json(RECORD.path) | change)
    with pytest.raises(WeightsError, match=rf"{RECORD.path}.*remove it if you trust"):
        read_record(RECORD.repo, RECORD.name)


@pytest.mark.parametrize("content", [b"", b"[1]", b"{}", b"[" * 100_000, b"\xff"])
def test_what_is_no_record_is_named(content: bytes) -> None:
    write_record(RECORD)
    RECORD.path.write_bytes(content)
    with pytest.raises(WeightsError, match="is no record of a download"):
        read_record(RECORD.repo, RECORD.name)


def test_where_nothing_can_be_written_the_remedy_is_said(configuration: Path) -> None:
    configuration.write_text("a file, no folder")
    with pytest.raises(WeightsError, match=r"cannot be written.*XDG_CONFIG_HOME"):
        write_record(RECORD)
    assert record_path(RECORD.repo, RECORD.name).parent.name == "hub"
