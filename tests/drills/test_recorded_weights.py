"""Two small trainings end with the recorded weights, bit for bit: whoever changes what is learnt has to say so.

Sums are rounded by the libraries and by the processor's instructions, so that the record holds for one set of them.
"""

import hashlib
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from maskwright.run_folder import MODEL_FILE
from tests.small_runs import small_run

# Of the weights after two epochs on one thread. The semantic ones are those of commit f479161, before the package was
# rearranged; the instance ones hold since RoIs are aligned, boxes the file's and images shrunk with antialiasing.
RECORDED = {
    "semantic": "d58976764a68cc2f14c00e0e3fdfb2a6f936bbc15c3320856d9fc32d4bf81db8",
    "instance": "fd9de79e41b8faabf846f929cd1a1177b733de23f6a0500ca81e8e90d192be2e",
}
RECORDED_WITH = {
    "torch": "2.15.0",
    "torchvision": "0.29.2",
    "numpy": "2.4.6",
    "opencv-python-headless": "5.0.0.93",
    "processor": "x86_64 AuthenticAMD avx2 avx512f avx512_vnni avx512_bf16",
}
KERNEL_FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile")


def digest(file: Path) -> str:
    """The SHA-256 of the tensors in ``file``: of each its name, dtype, shape and bytes, by name."""
    found = hashlib.sha256()
    for name, tensor in sorted(load_file(file).items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        found.update(tensor.numpy().tobytes())
    return found.hexdigest()


def processor() -> str:
    """What chooses the kernels of the libraries: the architecture, the maker, and the vector instructions."""
    said = Path("/proc/cpuinfo")
    lines = said.read_text(encoding="utf-8").splitlines() if said.is_file() else []
    entries = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = [flag for flag in KERNEL_FLAGS if flag in entries.get("flags", "").split()]
    return " ".join([platform.machine(), entries.get("vendor_id", "unknown"), *flags])


def installed() -> dict[str, str]:
    found = {name: version(name).partition("+")[0] for name in RECORDED_WITH if name != "processor"}
    return found | {"processor": processor()}


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("task", RECORDED)
def test_a_small_training_ends_with_the_recorded_weights(task: str, tmp_path: Path) -> None:
    others = {name: found for name, found in installed().items() if found != RECORDED_WITH[name]}
    if others:
        pytest.skip(f"recorded with {RECORDED_WITH}; here {others}")
    assert small_run(task, tmp_path / "run", verb="train") == 0
    assert digest(tmp_path / "run" / "checkpoints" / "last" / MODEL_FILE) == RECORDED[task]
