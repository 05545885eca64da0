"""The speed of a device: finished work is counted, and the count ends."""

import pytest

from maskwright.training import device_speed
from maskwright.training.device_speed import convolution_speed, rate


def test_a_rate_counts_finished_work_and_ends() -> None:
    calls: list[str] = []
    speed = rate(lambda: calls.append("work"), lambda: calls.append("finish"), operations=10)
    assert speed > 0
    assert calls[:4] == ["work", "finish", "work", "finish"]


def test_the_processor_convolves_millions_of_numbers_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_speed, "_MEASURED_FOR", 0.01)
    assert convolution_speed("cpu") > 1e6
