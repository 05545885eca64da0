"""Libraries that report their use are imported without it; tests/cli/test_network.py counts the packets."""

import os
import subprocess
import sys

import pytest

from maskwright.telemetry import import_silently, silence_libraries


def test_a_library_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    assert import_silently("json.decoder").JSONDecoder().decode("1") == 1
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    with pytest.raises(ModuleNotFoundError):
        import_silently("no_such_library")


def test_importing_openvino_loads_nothing_that_reports() -> None:
    silence_libraries()
    pytest.importorskip("openvino")
    script = "import sys; from maskwright.telemetry import import_silently; import_silently('openvino'); "
    script += "print([name for name, module in sys.modules.items() if 'openvino_telemetry' in name and module])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
