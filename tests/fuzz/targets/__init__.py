"""Every reader of foreign bytes, by the name of its target."""

import importlib.util

from tests.fuzz.harness import Target
from tests.fuzz.targets import annotations, formats, images, masks, weights, yaml_files

# The extra [serve], without which there is no service to ask.
_SERVED = ("fastapi", "uvicorn", "prometheus_client", "python_multipart", "httpx2")


def _all_targets() -> list[Target]:
    found = [
        *(*annotations.TARGETS, *masks.TARGETS, *images.TARGETS, *weights.TARGETS, *yaml_files.TARGETS),
        *formats.TARGETS,
    ]
    if all(map(importlib.util.find_spec, _SERVED)):
        from tests.fuzz.targets import requests

        found += requests.TARGETS
    return found


TARGETS = {target.name: target for target in _all_targets()}
