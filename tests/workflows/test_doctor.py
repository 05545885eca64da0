"""What the doctor says of an installation."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from maskwright.training import device, device_speed
from maskwright.workflows.doctor import doctor, weights_folders

REQUIRED = [
    "numpy>=2.0",
    "hotcoco>=999; extra == 'train'",
    "no-such-package>=1; extra == 'track'",
    "ruff; extra == 'dev'",
]


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch):
    """``required(*texts)``: what Maskwright needs, in the words of its metadata; torch is not there."""

    def need(*texts: str) -> None:
        monkeypatch.setattr(metadata, "requires", lambda _: list(texts))

    return need


def test_extras_say_what_they_lack_and_how_to_install_it(required) -> None:
    required(*REQUIRED)
    found = doctor(measure=False)
    assert found.extras == {"train": [], "track": ["no-such-package"]}
    assert found.packages["numpy"] == metadata.version("numpy")
    assert "ruff" not in found.packages
    text = "\n".join(found.lines())
    assert "extra train: installed" in text
    assert "extra track: lacks no-such-package: pip install 'maskwright[track]'" in text
    assert found.problems == [
        f"hotcoco {metadata.version('hotcoco')} is too old; expected 999 or later. "
        "Install it with: pip install -U hotcoco"
    ]
    assert found.exit_code == 1


def test_a_package_of_the_core_that_is_missing_is_a_problem(required) -> None:
    required("no-such-package>=1")
    assert doctor(measure=False).problems == [
        "no-such-package is missing. Install it with: pip install no-such-package"
    ]


def test_a_checkout_that_is_not_installed_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: str) -> None:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "requires", none)
    assert "not installed as a package" in doctor(measure=False).problems[0]


def test_weights_are_counted_in_the_folders_of_torch_and_hugging_face(
    required, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    required("numpy>=2.0")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    checkpoints, hub = weights_folders()
    assert (checkpoints, hub) == (tmp_path / "torch" / "hub" / "checkpoints", tmp_path / "hf" / "hub")
    checkpoints.mkdir(parents=True)
    (checkpoints / "a.pth").write_bytes(b"x" * 1000)
    (checkpoints / "b.pth").symlink_to("a.pth")
    assert [(each["files"], each["bytes"]) for each in doctor(measure=False).weights] == [(1, 1000), (0, 0)]


def test_without_torch_nothing_of_it_is_imported() -> None:
    code = (
        "import sys\nfrom importlib import metadata\nmetadata.requires = lambda _: ['numpy>=2']\n"
        "from maskwright.workflows.doctor import doctor\nassert doctor().devices == []\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr


def test_the_processor_is_a_device_with_a_speed(required, monkeypatch: pytest.MonkeyPatch) -> None:
    required("torch>=2.0; extra == 'train'")
    monkeypatch.setattr(device_speed, "_MEASURED_FOR", 0.01)
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: False)
    cpu = doctor().devices[0]
    assert cpu["device"] == "cpu"
    assert cpu["name"].endswith(", no bfloat16")
    assert cpu["gflops"] > 0
