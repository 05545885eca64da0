"""A process as torchrun launches it: the environment that it sets."""

import pytest

LAUNCHED = {"TORCHELASTIC_RUN_ID": "drill", "WORLD_SIZE": "2", "RANK": "0", "LOCAL_WORLD_SIZE": "2"}


def launched(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """Set that environment, with ``changes``."""
    for key, value in {**LAUNCHED, **changes}.items():
        monkeypatch.setenv(key, value)
