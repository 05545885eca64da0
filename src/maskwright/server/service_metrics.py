"""What the service counts, in the text format of Prometheus."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

METRICS_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32)


class ServiceMetrics:
    """The counts of one service; ``waiting`` returns the images that wait now.

    Example:
        >>> from maskwright.server.service_metrics import ServiceMetrics
        >>> metrics = ServiceMetrics(lambda: 3)
        >>> metrics.count_request("/predict", 200)
        >>> "maskwright_waiting_images 3.0" in metrics.text().decode()
        True
    """

    def __init__(self, waiting: Callable[[], float]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "maskwright_requests", "Answers by route and status.", ["route", "status"], registry=self._registry
        )
        self._images = Counter("maskwright_predicted_images", "Images that were predicted.", registry=self._registry)
        self._batch = Histogram(
            "maskwright_batch_images", "Images that the model saw at once.", buckets=_SIZES, registry=self._registry
        )
        self._model = Histogram(
            "maskwright_model_seconds", "Seconds of the model for a batch.", buckets=_SECONDS, registry=self._registry
        )
        self._answer = Histogram(
            "maskwright_predict_seconds", "Seconds from a request to its result.", buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        gauge = Gauge("maskwright_waiting_images", "Images that wait or are being predicted.", registry=self._registry)
        gauge.set_function(waiting)

    def count_request(self, route: str, status: int) -> None:
        """Count the answer of ``status`` to a request for ``route``."""
        self._requests.labels(route, str(status)).inc()

    def count_batch(self, size: int, seconds: float) -> None:
        """Count a batch of ``size`` images for which the model took ``seconds``."""
        self._images.inc(size)
        self._batch.observe(size)
        self._model.observe(seconds)

    def count_result(self, seconds: float) -> None:
        """Count a request for a prediction that was answered with a result after ``seconds``."""
        self._answer.observe(seconds)

    def text(self) -> bytes:
        """Return all counts in the text format of Prometheus."""
        return generate_latest(self._registry)
