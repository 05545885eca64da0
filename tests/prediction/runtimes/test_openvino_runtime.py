"""OpenVINO: its answers are the network's (see tests/export/test_openvino_files.py), and damaged files are refused."""

from pathlib import Path

import pytest

from maskwright.errors import WeightsError

pytest.importorskip("openvino")

from maskwright.prediction.runtimes.openvino_runtime import OpenVinoRuntime


@pytest.mark.parametrize("content", [b"", b"<net>", b"not a network"])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.xml: cannot be read as OpenVINO"):
        OpenVinoRuntime(tmp_path / "a.xml", 1)
