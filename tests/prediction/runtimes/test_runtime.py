"""The interface of runtimes: a file that cannot be read is named, with a remedy."""

from pathlib import Path

from maskwright.prediction.runtimes.runtime import unreadable


def test_the_error_of_a_library_becomes_one_line_with_the_file() -> None:
    found = str(unreadable(Path("a.onnx"), "ONNX", ValueError("first\nsecond")))
    assert found.startswith("a.onnx: cannot be read as ONNX (first")
    assert "\n" not in found
    assert found.endswith("Export or copy it again.")
