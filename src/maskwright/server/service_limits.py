"""What the service accepts at most, and how long it works on one request."""

from dataclasses import dataclass

from maskwright.errors import UsageError


@dataclass(frozen=True)
class ServiceLimits:
    """The limits of the service; the pixels of an image are limited by ``predicted-pixels``, as in prediction.

    Attributes:
        body: Bytes of the body of a request.
        queue: Requests that wait for the model or are being predicted; one more is answered with 429.
        seconds: Seconds from the beginning of a request until it is answered with 503, or 408 while its body arrives.
        batch: Images that the model sees at once; None is what the model takes by default, 1 on a CPU.

    Raises:
        UsageError: A limit is not above 0.
    """

    body: int = 32 << 20
    queue: int = 16
    seconds: float = 60.0
    batch: int | None = None

    def __post_init__(self) -> None:
        for option, value in (("queue", self.queue), ("seconds", self.seconds), ("batch", self.batch)):
            if value is not None and not 0 < value < 1e6:
                raise UsageError(f"--{option} {value}: expected a number above 0 and below 1,000,000.")
        if not 0 < self.body <= 1 << 30:
            raise UsageError(f"--body {self.body}: expected bytes above 0, and up to 1 GiB.")
