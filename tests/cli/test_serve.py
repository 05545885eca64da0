"""The options of ``maskwright serve`` that are wrong."""

from pathlib import Path

import pytest

from maskwright.cli.main import main


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--port", "70000"], "less than or equal to 65535"),
        (["--seconds", "0"], "--seconds 0"),
        (["--data", "labels.json", "--port", "0"], "Add --images"),
        (["--host", "192.0.2.1", "--port", "0"], "an address of this machine"),
    ],
)
def test_a_wrong_option_ends_with_2(
    options: list[str], message: str, semantic_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("fastapi")
    assert main(["serve", str(semantic_run), *options]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_a_model_is_named_before_anything_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(tmp_path)]) == 2
    assert "no model here" in capsys.readouterr().err
