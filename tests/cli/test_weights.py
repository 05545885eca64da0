"""The command says what was done and what is wrong; the work is tested in workflows."""

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from maskwright.cli.main import main
from maskwright.models import published_weights
from maskwright.models.detectron2.zoo import ZOO


def test_convert_says_that_every_tensor_has_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.models.detectron2.conftest import tiny

    arrays = {name: value.numpy() for name, value in tiny().state_dict().items()}
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"model": arrays}, 3))
    out = tmp_path / "out.safetensors"
    assert main(["weights", "convert", str(tmp_path / "model.pkl"), str(out), "--classes", "a,b,c"]) == 0
    assert f"model.pkl: {len(arrays)} tensors" in capsys.readouterr().out
    assert out.is_file()


@pytest.mark.parametrize(
    ("content", "code", "message"), [(b"cos\nsystem\n.", 1, "holds os.system"), (None, 2, "it does not exist")]
)
def test_what_is_wrong_is_said_without_a_traceback(
    content: bytes | None, code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "model.pkl").write_bytes(content)
    assert main(["weights", "convert", str(tmp_path / "model.pkl"), str(tmp_path / "a.safetensors")]) == code
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert message in said


def test_fetch_prints_where_a_file_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "mask_rcnn_R_50_FPN_3x"
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    start = hashlib.md5(b"weights").hexdigest()[:6]
    model = replace(ZOO[name], address=f"http://127.0.0.1:9/model_final_{start}.pkl")
    monkeypatch.setitem(published_weights.ZOO, name, model)
    file = tmp_path / "hub" / "checkpoints" / model.file
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    assert main(["weights", "fetch", name]) == 0
    assert capsys.readouterr().out == f"weights: {file}\n"
