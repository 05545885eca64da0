"""What commands print as JSON can be read back, and is nothing else."""

import json

import pytest

from maskwright.cli.arguments.options import print_json


def test_json_is_printed_as_text_that_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": "café", "scores": [0.1, None]}
    print_json(value)
    shown = capsys.readouterr().out
    assert json.loads(shown) == value
    assert "café" in shown
    assert shown.endswith("}\n")


def test_a_number_that_json_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"AP": float("nan")})
