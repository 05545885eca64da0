"""What is said of the model."""

import hashlib
from pathlib import Path

from maskwright.runs.loaded_model import load_model
from maskwright.server.served_model import ServedModel
from maskwright.server.service_limits import ServiceLimits


def test_the_model_is_named_by_its_file_s_hash_and_its_limits(models: dict[str, Path]) -> None:
    served = ServedModel.of(load_model(models["semantic"], "cpu"))
    said = served.to_json(ServiceLimits(queue=3), batch=1)
    assert said["sha256"] == hashlib.sha256(models["semantic"].read_bytes()).hexdigest()
    assert (said["name"], said["task"]) == ("residual_attention_unet", "semantic")
    assert said["limits"] == {"body": 32 << 20, "pixels": 50_000_000, "queue": 3, "seconds": 60.0, "batch": 1}
