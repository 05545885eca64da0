"""Files of Hugging Face's hub come from a server on this machine that answers as the hub does."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import save

from maskwright.errors import WeightsError
from maskwright.models.entry import hub_weights
from maskwright.models.weights.hub import HubFile, fetch_hub_file, hub_cache, hub_copy, pinned
from maskwright.models.weights.hub_record import HubRecord, read_record, write_record
from maskwright.models.weights.licences import LICENCES

CONTENT = save({"layer.weight": torch.arange(6.0).reshape(2, 3)})
REVISION = "0123456789abcdef0123456789abcdef01234567"
PINNED = HubFile("maker/net", REVISION, "model.safetensors", hashlib.sha256(CONTENT).hexdigest())


# What the hub says that the file's SHA-256 is, under the branch and under the commit.
announced = {"main": PINNED.sha256, "commit": PINNED.sha256}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, str | None]]]:
    """The requests to a hub that has one file at one revision, the newest; cache and records are empty."""
    asked: list[tuple[str, str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(b"")

        def do_GET(self) -> None:
            self._answer(CONTENT)

        def _answer(self, content: bytes) -> None:
            asked.append((self.command, self.path, self.headers.get("Authorization")))
            given = self.path.split("/")[4]
            if self.path not in (f"/maker/net/resolve/{which}/model.safetensors" for which in (REVISION, "main")):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.send_header("ETag", f'"{announced["main" if given == "main" else "commit"]}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", root)
    template = root + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_file_of_the_revision_is_fetched_once_and_no_token_is_sent(hub: list[tuple[str, str, str | None]]) -> None:
    path = fetch_hub_file(PINNED)
    assert path.read_bytes() == CONTENT
    assert hub
    assert {authorization for _, _, authorization in hub} == {None}
    count = len(hub)
    assert fetch_hub_file(PINNED) == path
    assert len(hub) == count, "a pinned file that is there needs no network"


def test_a_file_with_another_hash_is_refused_and_removed(
    hub: list[tuple[str, str, str | None]], tmp_path: Path
) -> None:
    other = HubFile("maker/net", REVISION, "model.safetensors", "0" * 64)
    with pytest.raises(WeightsError, match=f"sha256 is {PINNED.sha256}; expected {'0' * 64}.*was removed"):
        fetch_hub_file(other)
    assert not [path for path in (tmp_path / "cache").rglob("*.safetensors") if path.exists()]
    assert fetch_hub_file(PINNED).read_bytes() == CONTENT


def test_what_the_hub_does_not_have_is_said_with_the_address(hub: list[tuple[str, str, str | None]]) -> None:
    with pytest.raises(WeightsError, match=r"huggingface\.co/maker/other/resolve/.*cannot be fetched.*give its path"):
        fetch_hub_file(HubFile("maker/other", REVISION, "model.safetensors", PINNED.sha256))


@pytest.mark.parametrize("revision", [None, REVISION])
def test_what_the_first_download_was_is_recorded_and_holds_from_then_on(
    revision: str | None, hub: list[tuple[str, str, str | None]]
) -> None:
    unknown = HubFile("maker/net", revision, "model.safetensors", None)
    published = hub_weights(unknown, LICENCES["mit"])
    assert (published.hash, published.known_hash, pinned(unknown)) == (None, None, unknown)
    path = fetch_hub_file(unknown)
    assert read_record("maker/net", "model.safetensors") == HubRecord(
        "maker/net", "model.safetensors", REVISION, str(PINNED.sha256), len(CONTENT)
    )
    assert pinned(unknown) == PINNED
    assert published.known_hash is not None
    assert published.known_hash.start == PINNED.sha256
    count = len(hub)
    assert fetch_hub_file(unknown) == path
    assert len(hub) == count, "the recorded commit is there, so the branch is not asked again"


def test_another_file_than_the_recorded_one_is_refused(hub: list[tuple[str, str, str | None]]) -> None:
    write_record(HubRecord("maker/net", "model.safetensors", REVISION, "0" * 64, 1))
    with pytest.raises(WeightsError, match=f"sha256 is {PINNED.sha256}; expected {'0' * 64}.*was removed"):
        fetch_hub_file(HubFile("maker/net", None, "model.safetensors", None))


def test_a_first_download_that_is_not_what_the_hub_announced_is_not_recorded(
    hub: list[tuple[str, str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(announced, "main", "f" * 64)
    with pytest.raises(WeightsError, match=f"expected {'f' * 64}.*was removed"):
        fetch_hub_file(HubFile("maker/net", None, "model.safetensors", None))
    assert read_record("maker/net", "model.safetensors") is None


def test_a_record_of_another_revision_than_the_pinned_one_does_not_count(
    hub: list[tuple[str, str, str | None]],
) -> None:
    write_record(HubRecord("maker/net", "model.safetensors", "b" * 40, "0" * 64, 1))
    known = HubFile("maker/net", REVISION, "model.safetensors", None)
    assert pinned(known) == known
    fetch_hub_file(known)
    assert pinned(known) == PINNED


def test_a_copy_is_at_hand_once_it_was_fetched(hub: list[tuple[str, str, str | None]]) -> None:
    assert hub_copy(PINNED) is None
    path = fetch_hub_file(PINNED)
    assert path.is_relative_to(hub_cache())
    assert hub_copy(PINNED) == path
    assert hub_copy(HubFile("maker/net", REVISION, "model.safetensors", "0" * 64)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        ("maker/net", "main", "model.safetensors", PINNED.sha256),
        ("maker/net", REVISION, "model.safetensors", "ab12"),
        ("maker/net", REVISION, "pytorch_model.bin", PINNED.sha256),
    ],
)
def test_branches_short_hashes_and_pickles_are_not_pinned(wrong: tuple[str, str, str, str]) -> None:
    with pytest.raises(ValueError, match="maker/net"):
        HubFile(*wrong)


def test_weights_of_the_hub_are_tensors_with_a_licence(hub: list[tuple[str, str, str | None]]) -> None:
    published = hub_weights(PINNED, LICENCES["cc-by-nc-4.0"], ("cat", "dog"))
    assert (published.licence.name, published.classes) == ("cc-by-nc-4.0", ("cat", "dog"))
    assert published.address == PINNED.address
    assert not hub, "nothing is fetched until it is asked for"
    assert torch.equal(published.download()["layer.weight"], torch.arange(6.0).reshape(2, 3))
