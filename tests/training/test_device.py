"""Which device is chosen, what a missing one is answered with, and what torch is told for a GPU."""

import platform
from collections.abc import Iterator

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.training import device as device_module
from maskwright.training.device import (
    computes_in_bfloat16,
    device_settings,
    has_fused_optimizers,
    resolve_device,
    resolve_precision,
    without_bfloat16,
)

CUDA = torch.device("cuda")


def machine(monkeypatch: pytest.MonkeyPatch, *, cuda: bool = False, mps: bool = False, bf16: bool = True) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: bf16)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "shared", "chosen"),
    [
        (False, False, False, "cpu"),
        (True, False, False, "cuda"),
        (False, True, False, "mps"),
        (True, True, False, "cuda"),
        (False, True, True, "cpu"),  # an Apple GPU is one
    ],
)
def test_auto_is_a_gpu_where_there_is_one(
    cuda: bool, mps: bool, shared: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, cuda=cuda, mps=mps)
    assert resolve_device("auto", shared=shared) == chosen
    assert resolve_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_gpu_that_is_not_there_is_refused_with_what_torch_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch)
    with pytest.raises(UsageError, match=rf"^train\.device {name}: torch \d.*expected.*Use auto"):
        resolve_device(name, "train.device")


def test_a_build_without_cuda_is_told_apart_from_a_machine_without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch)
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(UsageError, match="built without CUDA"):
        resolve_device("cuda")
    monkeypatch.setattr(torch.version, "cuda", "13.2")
    with pytest.raises(UsageError, match="finds no GPU here"):
        resolve_device("cuda")


def test_several_processes_do_not_share_an_apple_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, mps=True)
    assert resolve_device("mps") == "mps"
    with pytest.raises(UsageError, match="one device"):
        resolve_device("mps", shared=True)


def test_an_unknown_device_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Nearest: cpu"):
        resolve_device("cpus")


@pytest.mark.parametrize(
    ("name", "device", "bf16", "precision"),
    [
        ("auto", "cpu", True, "32-true"),
        ("auto", "mps", True, "32-true"),
        ("auto", "cuda", True, "bf16-mixed"),
        ("auto", "cuda", False, "32-true"),
        ("16-mixed", "cuda", True, "16-mixed"),
        ("16-mixed", "cpu", True, "bf16-mixed"),
        ("16-mixed", "cpu", False, "32-true"),
        ("bf16-mixed", "cpu", True, "bf16-mixed"),
        ("bf16-mixed", "cpu", False, "32-true"),
        ("32-true", "cpu", True, "32-true"),
        ("bf16-mixed", "cuda", False, "bf16-mixed"),
    ],
)
def test_bfloat16_is_taken_where_the_device_has_it_and_a_cpu_has_no_float16(
    name: str, device: str, bf16: bool, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, cuda=True, bf16=bf16)
    monkeypatch.setattr(device_module, "computes_in_bfloat16", lambda: bf16)
    assert resolve_precision(name, device) == precision


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the test knows the instructions of x86 alone")
def test_a_processor_without_avx_512_does_not_compute_in_bfloat16() -> None:
    assert computes_in_bfloat16() == torch.backends.cpu.get_cpu_capability().startswith("AVX512")


def test_a_torch_without_its_library_of_kernels_does_not_compute_in_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not computes_in_bfloat16()


def test_the_warning_names_what_is_taken_and_what_was_asked_for() -> None:
    assert without_bfloat16("32-true", "16-mixed").startswith("precision: 32-true, not 16-mixed: this processor has no")


def test_optimisers_are_fused_on_gpus_alone() -> None:
    assert [has_fused_optimizers(torch.device(name)) for name in ("cpu", "cuda", "mps")] == [False, True, True]


def switches() -> tuple[object, ...]:
    cudnn = torch.backends.cudnn
    return (
        torch.get_float32_matmul_precision(),
        cudnn.allow_tf32,
        cudnn.benchmark,
        cudnn.deterministic,
        torch.are_deterministic_algorithms_enabled(),
    )


@pytest.fixture
def before() -> Iterator[tuple[object, ...]]:
    found = switches()
    yield found
    assert switches() == found


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"matmul_precision": "high", "fixed_size": True}, ("high", True, True, False, False)),
        ({"matmul_precision": "highest", "fixed_size": True}, ("highest", False, True, False, False)),
        ({"matmul_precision": "medium"}, ("medium", True, False, False, False)),
        (
            {"matmul_precision": "high", "fixed_size": True, "deterministic": True},
            ("high", True, False, True, True),
        ),
    ],
)
def test_a_cuda_device_gets_its_switches_inside_the_context(
    options: dict, expected: tuple[object, ...], before: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")  # the user's own stays, and it is put back
    with device_settings(CUDA, **options):
        assert switches() == expected
    assert switches() == before


def test_the_switches_are_put_back_after_an_error(before: tuple[object, ...]) -> None:
    with pytest.raises(ZeroDivisionError), device_settings(CUDA, matmul_precision="medium"):
        raise ZeroDivisionError
    assert switches() == before


@pytest.mark.parametrize("name", ["cpu", "mps"])
def test_elsewhere_nothing_changes(name: str, before: tuple[object, ...]) -> None:
    with device_settings(torch.device(name), matmul_precision="medium", fixed_size=True, deterministic=True):
        assert switches() == before
