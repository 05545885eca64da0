"""The device that a training or a prediction runs on, and torch's settings that suit it.

On a CPU nothing here changes a number: precision, kernels and optimisers are those of plain PyTorch.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch

from maskwright.errors import UsageError, unknown_name

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]

DEVICES = ("auto", "cpu", "cuda", "mps")
# Where torch's fused optimisers update all parameters by a few kernels. On a CPU they round differently.
_FUSED_ON = ("cuda", "mps")


def resolve_device(name: str, asked_by: str = "device", shared: bool = False) -> str:
    """Return ``cpu``, ``cuda`` or ``mps`` for a ``name`` of ``DEVICES``; ``auto`` is a GPU where there is one.

    ``asked_by`` is what the user set, such as ``train.device``, for the error. ``shared`` is for several processes that
    train together: they cannot share the one GPU that ``mps`` has, so ``auto`` does not choose it.

    Raises ``UsageError`` for an unknown name, and for a GPU that torch does not find here.
    """
    if name not in DEVICES:
        raise unknown_name("device", name, DEVICES)
    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() and not shared else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        error = UsageError(f"{asked_by} cuda: {_without_cuda()}. Use auto or cpu, or run on a machine with a GPU.")
        raise _with_auto(error, name, asked_by)
    if name == "mps" and not torch.backends.mps.is_available():
        error = UsageError(
            f"{asked_by} mps: torch {torch.__version__} finds no Apple GPU here; expected a Mac with Apple silicon and "
            "macOS 12.3 or later. Use auto, cpu, or cuda for an NVIDIA GPU."
        )
        raise _with_auto(error, name, asked_by)
    if name == "mps" and shared:
        raise UsageError(f"{asked_by} mps: an Apple GPU cannot be shared by several processes; expected one device.")
    return name


def resolve_precision(name: Precision | Literal["auto"], device: torch.device | str) -> Precision:
    """Return the precision for ``device``: ``name`` itself, or for ``auto`` the one that suits it.

    That is ``bf16-mixed`` on a CUDA GPU that computes in bfloat16 (Ampere and later), else ``32-true``. A CPU gets
    ``bf16-mixed`` for ``16-mixed``, since it has no kernels in float16 for most layers, and ``32-true`` for both where
    :func:`computes_in_bfloat16` is false.
    """
    if name in ("bf16-mixed", "16-mixed") and torch.device(device).type == "cpu":
        return "bf16-mixed" if computes_in_bfloat16() else "32-true"
    if name != "auto":
        return name
    if torch.device(device).type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16-mixed"
    return "32-true"


def computes_in_bfloat16() -> bool:
    """Return whether torch has fast kernels in bfloat16 for this processor: of x86 with AVX-512, of ARM with BF16.

    Elsewhere its plain loops take ten to forty times as long as those in float32.
    """
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def without_bfloat16(taken: str, asked: str) -> str:
    """Return the warning that the precision ``taken`` replaces the one ``asked`` for, on a CPU without bfloat16.

    Example:
        >>> without_bfloat16("fp32", "bf16").split(":")[:2]
        ['precision', ' fp32, not bf16']
    """
    return (
        f"precision: {taken}, not {asked}: this processor has no instructions for bfloat16 (AVX-512, or BF16 of ARM), "
        "and would take many times as long"
    )


def has_fused_optimizers(device: torch.device) -> bool:
    """Return whether an optimiser on ``device`` is to be built with ``fused``."""
    return device.type in _FUSED_ON


@contextmanager
def device_settings(
    device: torch.device, *, matmul_precision: str = "highest", fixed_size: bool = False, deterministic: bool = False
) -> Iterator[None]:
    """Set torch's global switches for work on a CUDA ``device`` inside the context; elsewhere nothing changes.

    ``matmul_precision`` is that of float32 products, see ``torch.set_float32_matmul_precision``; ``high`` and
    ``medium`` use TF32, also in convolutions. With batches of a ``fixed_size`` cuDNN tries its kernels once and keeps
    the fastest. ``deterministic`` asks for kernels that repeat their bits, and excludes that choice; torch warns where
    an operation has none.
    """
    if device.type != "cuda":
        yield
        return
    cudnn: Any = torch.backends.cudnn
    before = _switches()
    torch.set_float32_matmul_precision(matmul_precision)
    cudnn.allow_tf32 = matmul_precision != "highest"
    cudnn.benchmark, cudnn.deterministic = fixed_size and not deterministic, deterministic
    if deterministic:
        # cuBLAS reads it when it starts; see its documentation, "Results reproducibility".
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic = before[1:4]
        torch.use_deterministic_algorithms(before[4], warn_only=before[5])


def _switches() -> tuple[str, bool, bool, bool, bool, bool]:
    cudnn: Any = torch.backends.cudnn
    return (
        torch.get_float32_matmul_precision(),
        cudnn.allow_tf32,
        cudnn.benchmark,
        cudnn.deterministic,
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )


def _with_auto(error: UsageError, name: str, asked_by: str) -> UsageError:
    """Return ``error`` with the command that asks for ``auto`` instead of ``name``, by option or by key of a recipe."""
    return error.try_next(replaced={name: "auto"}, added=("--set", f"{asked_by}=auto") if "." in asked_by else ())


def _without_cuda() -> str:
    """Return why torch has no CUDA GPU: its build, or the machine."""
    if torch.version.cuda is None and getattr(torch.version, "hip", None) is None:
        return f"torch {torch.__version__} is built without CUDA; expected a build for GPUs"
    return f"torch {torch.__version__} finds no GPU here; expected an NVIDIA GPU with its driver"
