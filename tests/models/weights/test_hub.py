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
from maskwright.models.weights.hub import HubFile, fetch_hub_file
from maskwright.models.weights.licences import LICENCES

CONTENT = save({"layer.weight": torch.arange(6.0).reshape(2, 3)})
REVISION = "0123456789abcdef0123456789abcdef01234567"
PINNED = HubFile("maker/net", REVISION, "model.safetensors", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, str | None]]]:
    """The requests to a hub that has one file at one revision; the cache is empty."""
    asked: list[tuple[str, str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(b"")

        def do_GET(self) -> None:
            self._answer(CONTENT)

        def _answer(self, content: bytes) -> None:
            asked.append((self.command, self.path, self.headers.get("Authorization")))
            if self.path != f"/maker/net/resolve/{REVISION}/model.safetensors":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.send_header("ETag", f'"{PINNED.sha256}"')
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
