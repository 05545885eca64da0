"""Which kind of answer a request accepts."""

import pytest

from maskwright.server.accepted import accepted_kind
from maskwright.server.refusal import Refusal


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("image/*", "image/png"),
        ("image/png", "image/png"),
        ("IMAGE/PNG;Q=0.5, application/json;q=0.4", "image/png"),
        ("image/png;q=0.2, */*;q=0.8", "application/json"),
        ("text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8", "application/json"),
        ("application/json;q=0, */*", "image/png"),
        ("image/png;q=nonsense, application/json;q=0.1", "application/json"),
    ],
)
def test_the_preferred_kind_is_chosen(accept: str | None, kind: str) -> None:
    assert accepted_kind(accept) == kind


@pytest.mark.parametrize("accept", ["text/html", "image/png;q=0", ",;=", "image/png;q=-1"])
def test_none_of_them_is_406(accept: str) -> None:
    with pytest.raises(Refusal, match="application/json or image/png") as refused:
        accepted_kind(accept)
    assert refused.value.status == 406
