"""How a network computes in prediction: in bfloat16, and compiled.

Both make it faster where the hardware has kernels for them, and change results within rounding: bfloat16 has 8
significant bits where float32 has 24.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch
from torch import nn

from maskwright.errors import UsageError, one_line, unknown_name

Precision = Literal["fp32", "bf16"]
PRECISIONS = ("fp32", "bf16")


def require_precision(name: str) -> None:
    """Raise ``UsageError`` for another ``name`` than those of ``PRECISIONS``."""
    if name not in PRECISIONS:
        raise unknown_name("precision", name, PRECISIONS)


def computing_in(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Return a context in which networks on ``device`` compute products and convolutions in ``precision``.

    Sums over many values, such as softmax and norms, and the coordinates of boxes stay in float32.
    """
    return nullcontext() if precision == "fp32" else torch.autocast(device.type, torch.bfloat16)


def compile_network(module: nn.Module, device: torch.device) -> None:
    """Have torch compile ``module`` at its first call, in place; of a detector the part that sees whole images.

    What follows in a detector has other sizes with each image, and gains nothing. An image of another size compiles
    once more, for all sizes.

    Raises ``UsageError`` where a CPU's code cannot be compiled for want of a C++ compiler.
    """
    if device.type == "cpu":
        _require_compiler()
    for part in ("backbone", "network"):
        if isinstance(getattr(module, part, None), nn.Module):
            getattr(module, part).compile()
            return
    module.compile()


def _require_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler  # takes a second, and is needed by nothing else

    try:
        get_cpp_compiler()
    except Exception as error:  # an error of torch's own, which has no public name
        raise UsageError(
            f"--compile: no C++ compiler is here ({one_line(error):.200}); expected one such as g++. Install one, or "
            "omit --compile."
        ) from error
