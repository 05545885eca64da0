"""A request that is refused: the HTTP status, and the reason that the client reads."""


class Refusal(Exception):
    """Raised for a request that gets no result.

    ``status`` is the HTTP status code (RFC 9110), ``reason`` says what was found and what is expected. ``retry_after``
    are the seconds after which the same request may succeed; None where it never will.
    """

    def __init__(self, status: int, reason: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.retry_after = status, reason, retry_after
