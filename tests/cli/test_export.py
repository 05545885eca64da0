"""The options of ``maskwright export`` that do not go together."""

from pathlib import Path

import pytest

from maskwright.cli.main import main


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "tensorrt"], "tensorrt"),
        (["--out", "model.xml"], "ends with .onnx"),
        (["--int8"], "Add --on and --images"),
        (["--on", "labels.json"], "Add --images"),
        (["--tolerance", "nan"], "a share from 0 to 1"),
        (["--images", "nowhere"], "no image here"),
    ],
)
def test_a_wrong_option_ends_with_2(
    options: list[str],
    message: str,
    semantic_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(semantic_run), *options]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
