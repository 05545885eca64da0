"""Downloads from a local server: whole, interrupted and resumed, with wrong content, and of a missing file."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskwright.errors import WeightsError
from maskwright.models.weights.download import Hash, download
from tests.file_server import Server, serving

CONTENT = random.Random(0).randbytes(3_000_000)
MD5 = Hash("md5", hashlib.md5(CONTENT).hexdigest()[:6])
SHA = Hash("sha256", hashlib.sha256(CONTENT).hexdigest()[:8])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(CONTENT) as running:
        yield running


@pytest.mark.parametrize("expected", [MD5, SHA])
def test_a_file_comes_whole_and_tells_how_far_it_is(server: Server, expected: Hash, tmp_path: Path) -> None:
    told = []
    path = download(
        server.address, tmp_path / "new" / "a.pkl", expected, lambda have, whole: told.append((have, whole))
    )
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [entry.name for entry in path.parent.iterdir()] == ["a.pkl"]


def test_a_file_that_is_there_and_right_is_not_fetched(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(CONTENT)
    download(server.address, tmp_path / "a.pkl", MD5)
    assert server.asked == []


def test_a_file_that_is_there_and_wrong_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"other")
    assert download(server.address, tmp_path / "a.pkl", MD5).read_bytes() == CONTENT


def test_a_broken_connection_is_gone_on_with_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.sends = [1_000_000, 500_000]
    assert download(server.address, tmp_path / "a.pkl", MD5).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000000-", "bytes=1500000-"]


def test_what_has_come_is_kept_for_the_next_call(server: Server, tmp_path: Path) -> None:
    server.sends = [1_000_000, 10, 10]
    with pytest.raises(WeightsError, match=r"1000020 bytes have come; the next try goes on from there"):
        download(server.address, tmp_path / "a.pkl", MD5)
    assert not (tmp_path / "a.pkl").exists()
    assert download(server.address, tmp_path / "a.pkl", MD5).read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=1000020-"


def test_a_server_without_ranges_sends_everything_again(server: Server, tmp_path: Path) -> None:
    server.ranges, server.sends = False, [1_000_000]
    assert download(server.address, tmp_path / "a.pkl", MD5).read_bytes() == CONTENT


def test_a_part_that_is_whole_already_needs_nothing_more(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.pkl.part").write_bytes(CONTENT)
    assert download(server.address, tmp_path / "a.pkl", MD5).read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.pkl.part").write_bytes(CONTENT + b"more")
    assert download(server.address, tmp_path / "a.pkl", MD5).read_bytes() == CONTENT


@pytest.mark.parametrize("begun", [0, 1000])
def test_a_wrong_hash_is_refused_and_the_file_removed(server: Server, begun: int, tmp_path: Path) -> None:
    if begun:
        (tmp_path / "a.pkl.part").write_bytes(b"x" * begun)
    else:
        server.content = CONTENT[:-1] + b"x"
    with pytest.raises(WeightsError, match=rf"md5 begins with [0-9a-f]{{6}}; expected {MD5.start}"):
        download(server.address, tmp_path / "a.pkl", MD5)
    assert list(tmp_path.iterdir()) == []


def test_a_length_that_is_not_told_is_left_to_the_hash(server: Server, tmp_path: Path) -> None:
    server.tells_length = False
    assert download(server.address, tmp_path / "a.pkl", MD5).read_bytes() == CONTENT
    server.sends = [1_000_000]
    with pytest.raises(WeightsError, match="md5 begins with"):
        download(server.address, tmp_path / "b.pkl", MD5)


def test_a_file_that_is_not_there_is_said_at_once(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"404.*expected a network connection.*give its path"):
        download(server.address + "x", tmp_path / "a.pkl", MD5)
    assert len(server.asked) == 1


def test_no_server_is_said_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(WeightsError, match="cannot be fetched"):
        download("http://127.0.0.1:9/weights.pkl", tmp_path / "a.pkl", MD5, attempts=1)


def test_only_the_web_is_fetched_from(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(CONTENT)
    with pytest.raises(WeightsError, match="https://"):
        download((tmp_path / "secret").as_uri(), tmp_path / "a.pkl", MD5)
