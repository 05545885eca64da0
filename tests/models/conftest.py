"""One thread for tests of models, which are too small to gain from more, and a server of published weights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.file_server import Server
from tests.models.tiny_zoo import publishing


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The publisher of one model of the zoo, and an empty folder of downloads."""
    with publishing(tmp_path, monkeypatch) as server:
        yield server
