"""Refusals carry what the client is told."""

from maskwright.server.refusal import Refusal


def test_a_refusal_is_its_reason() -> None:
    refused = Refusal(429, "as many wait as may", retry_after=2)
    assert (refused.status, refused.retry_after, str(refused)) == (429, 2, "as many wait as may")
    assert Refusal(422, "no image").retry_after is None
