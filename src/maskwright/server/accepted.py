"""The kind of answer that a request accepts: JSON or PNG."""

from maskwright.server.refusal import Refusal

JSON, PNG = "application/json", "image/png"


def accepted_kind(accept: str | None, kinds: tuple[str, ...] = (JSON, PNG)) -> str:
    """Return which of ``kinds`` the header ``Accept`` prefers (RFC 9110, section 12.5.1); the first among equals.

    Raises ``Refusal`` 406 when it accepts none of them.

    Example:
        >>> from maskwright.server.accepted import accepted_kind
        >>> accepted_kind("text/html, image/png;q=0.9, */*;q=0.1")
        'image/png'
        >>> accepted_kind(None)
        'application/json'
    """
    if accept is None or not accept.strip():
        return kinds[0]
    weights = [_range(text) for text in accept.split(",")]
    best = max(kinds, key=lambda kind: _weight(kind, weights))
    if _weight(best, weights) <= 0:
        raise Refusal(406, f"Accept is '{accept[:80]}'; expected {' or '.join(kinds)}.")
    return best


def _range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in text.lower().split(";"))
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return name, min(max(float(weight), 0.0), 1.0)
    except ValueError:
        return name, 0.0


def _weight(kind: str, ranges: list[tuple[str, float]]) -> float:
    """Return the weight of the most specific range that has ``kind``; 0 without one."""
    for wanted in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        found = [weight for name, weight in ranges if name == wanted]
        if found:
            return max(found)
    return 0.0
