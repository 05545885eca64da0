"""The counts, read by Prometheus' own parser."""

from prometheus_client.parser import text_string_to_metric_families

from maskwright.server.service_metrics import ServiceMetrics


def samples(metrics: ServiceMetrics) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_what_is_counted_is_read_by_prometheus() -> None:
    metrics = ServiceMetrics(lambda: 7)
    metrics.count_request("/predict", 200)
    metrics.count_request("/predict", 200)
    metrics.count_request("other", 404)
    metrics.count_batch(4, 0.2)
    metrics.count_result(0.3)
    found = samples(metrics)
    assert found["maskwright_requests_total", "/predict", "200"] == 2
    assert found["maskwright_requests_total", "other", "404"] == 1
    assert found["maskwright_predicted_images_total",] == 4
    assert found["maskwright_batch_images_bucket", "4.0"] == 1
    assert found["maskwright_batch_images_bucket", "2.0"] == 0
    assert found["maskwright_model_seconds_sum",] == 0.2
    assert found["maskwright_predict_seconds_count",] == 1
    assert found["maskwright_waiting_images",] == 7


def test_two_services_count_apart() -> None:
    first, second = ServiceMetrics(lambda: 0), ServiceMetrics(lambda: 0)
    first.count_batch(1, 1.0)
    assert samples(second)["maskwright_predicted_images_total",] == 0
