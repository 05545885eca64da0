"""Images in the bodies of requests; bad ones are in test_application.py."""

import pytest

from maskwright.server.refusal import Refusal
from maskwright.server.uploads import from_base64, too_long


@pytest.mark.parametrize("text", ["aGVsbG8=", "data:image/png;base64,aGVsbG8=", "data:;base64,aGVsbG8="])
def test_base64_and_data_urls_are_read(text: str) -> None:
    assert from_base64(text) == b"hello"


@pytest.mark.parametrize("text", ["aGVsbG8", "aGVs bG8=", "é", "data:image/png,hello", "aGVsbG8=\n"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="no base64") as refused:
        from_base64(text)
    assert refused.value.status == 422


def test_the_limit_of_a_body_is_named() -> None:
    assert "1,000 bytes" in too_long(1000).reason
    assert too_long(1000).status == 413
