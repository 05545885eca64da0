"""Libraries that report their use to a server, imported so that they do not: Maskwright sends nothing."""

import os
import sys
from importlib import import_module
from typing import Any


def silence_libraries() -> None:
    """Turn the reports of libraries off that are not imported yet: ONNX Runtime's and OpenVINO's.

    ONNX Runtime reads the environment once, when it is imported. OpenVINO reports its own import, unless the part of it
    that does so cannot be imported.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def import_silently(name: str) -> Any:
    """Return the module ``name`` of a library that would report its use, imported without that.

    Raises ``ModuleNotFoundError`` when it is not installed.
    """
    silence_libraries()
    return import_module(name)
