"""An invented accelerator: tensors that say they lie on it, computed on the CPU, with every copy and wait counted.

It stands for a GPU where there is none. What a real one refuses is refused here too: an operation on tensors of two
devices. What a real one waits for is counted, with the line of code that asked for it:

- reading a value (``item``, ``tolist``, ``if tensor``), or copying to the host;
- an operation whose result has a size that depends on values (``nonzero``, a mask as index, NMS), because the host
  has to be told it;
- a copy to the device that is not asked to be ``non_blocking``. One that is waits for nothing if its memory is pinned.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.accelerators import Accelerator
from lightning_fabric.strategies import SingleDeviceStrategy
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "invented"

# The result's size depends on values, so the host waits for it. torchvision's CUDA kernel of NMS indexes by a mask.
_SIZED_BY_VALUES = {
    "aten::nonzero",
    "aten::masked_select",
    "aten::_unique2",
    "aten::unique_dim",
    "aten::unique_consecutive",
    "aten::equal",
    "aten::repeat_interleave",
    "torchvision::nms",
}
_MAY_MIX_DEVICES = {"aten::copy_", "aten::_to_copy", "aten::set_"}


@dataclass
class Counts:
    """What was counted, by where it was asked for, such as ``torchvision: rpn.py:285 aten::nonzero``.

    ``uploaded`` has the shape and dtype of each tensor that was copied to the device.
    """

    waits: Counter[str] = field(default_factory=Counter)
    to_device: Counter[str] = field(default_factory=Counter)
    to_host: Counter[str] = field(default_factory=Counter)
    uploaded: list[tuple[tuple[int, ...], torch.dtype]] = field(default_factory=list)

    def of(self, package: str) -> Counter[str]:
        """The waits that code of ``package`` asked for."""
        return Counter({place: n for place, n in self.waits.items() if n and place.startswith(f"{package}:")})

    def clear(self) -> None:
        """Begin anew."""
        for counter in (self.waits, self.to_device, self.to_host, self.uploaded):
            counter.clear()


class Module:
    """What torch asks the module of a device type for."""

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        """Its random numbers are those of the CPU."""

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16, torch.float16]


class OnDevice(torch.Tensor):
    """A tensor on the invented device, with its values in ``inner``, a tensor on the CPU."""

    inner: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> "OnDevice":
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device(NAME, 0),
            requires_grad=False,
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {}, _current[-1] if _current else Counts())

    def tolist(self) -> Any:
        """The values, of which torch gives none for subclasses."""
        return self.cpu().tolist()


_current: list[Counts] = []


class _Mode(TorchDispatchMode):
    """Sees operations without tensors of the device too: those that make one."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {}, _current[-1])


class _Made(TorchFunctionMode):
    """Sees tensors that are made from Python's numbers on the device: torch makes them on the host and copies them."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.tensor, torch.as_tensor) and torch.device(kwargs.get("device") or "cpu").type == NAME:
            return func(*args, **{**kwargs, "device": "cpu"}).to(kwargs["device"])
        if func is torch.Tensor.new_tensor and isinstance(args[0], OnDevice):
            return torch.tensor(*args[1:], **{"dtype": args[0].dtype, **kwargs}).to(args[0].device)
        return func(*args, **kwargs)


def _run(func: Any, args: Any, kwargs: dict[str, Any], counts: Counts) -> Any:
    leaves = tree_flatten((args, kwargs))[0]
    on_device = [leaf for leaf in leaves if isinstance(leaf, OnDevice)]
    asked = kwargs.get("device")
    asked = torch.device(asked) if asked is not None else None
    if not on_device and (asked is None or asked.type != NAME):
        return func(*args, **kwargs)
    name = func.name().split(".")[0]
    _require_one_device(name, leaves)
    inner_args, inner_kwargs = tree_map(_inner, (args, kwargs))
    if asked is not None and asked.type == NAME:
        inner_kwargs["device"] = "cpu"
    _count(counts, name, args, kwargs, asked)
    if name == "aten::_to_copy" and asked is not None:
        inner_kwargs.pop("non_blocking", None)
        found = func(*inner_args, **inner_kwargs)
        found = found.clone() if found is inner_args[0] else found
    else:
        found = func(*inner_args, **inner_kwargs)
    if asked is not None and asked.type != NAME:
        return found
    if name == "aten::_local_scalar_dense" or name == "aten::equal":
        return found
    known = {id(_inner(leaf)): leaf for leaf in leaves if isinstance(leaf, torch.Tensor)}
    return tree_map(lambda out: _outer(out, known), found)


def _inner(leaf: Any) -> Any:
    return leaf.inner if isinstance(leaf, OnDevice) else leaf


def _outer(found: Any, known: dict[int, torch.Tensor]) -> Any:
    if not isinstance(found, torch.Tensor):
        return found
    return known[id(found)] if id(found) in known else OnDevice(found)


def _require_one_device(name: str, leaves: list[Any]) -> None:
    """Raise as torch does where an operation gets tensors of the host beside those of the device."""
    foreign = [x for x in leaves if isinstance(x, torch.Tensor) and not isinstance(x, OnDevice) and x.dim()]
    if foreign and any(isinstance(x, OnDevice) for x in leaves) and name not in _MAY_MIX_DEVICES:
        raise RuntimeError(f"{name}: expected all tensors to be on the same device, found one on cpu as well")


def _count(counts: Counts, name: str, args: Any, kwargs: dict[str, Any], asked: torch.device | None) -> None:
    place = _place(name)
    if name in ("aten::_to_copy", "aten::copy_"):
        tensors = [leaf for leaf in tree_flatten(args)[0] if isinstance(leaf, torch.Tensor)]
        source, from_device = tensors[-1], isinstance(tensors[-1], OnDevice)
        to_device = isinstance(tensors[0], OnDevice) if asked is None else asked.type == NAME
        non_blocking = kwargs.get("non_blocking") or (name == "aten::copy_" and args[2:] == (True,))
        if to_device and not from_device and source.dim():  # a number goes along with the operation
            counts.uploaded.append((tuple(source.shape), source.dtype))
            counts.to_device[place] += 1
            counts.waits[place] += not non_blocking
        elif from_device and not to_device:
            counts.to_host[place] += 1
            counts.waits[place] += 1
    elif name == "aten::_local_scalar_dense":
        counts.to_host[place] += 1
        counts.waits[place] += 1
    elif name in _SIZED_BY_VALUES or (name.startswith("aten::index") and _indexed_by_mask(args)):
        counts.waits[place] += 1


def _indexed_by_mask(args: Any) -> bool:
    masks = (torch.bool, torch.uint8)
    return (
        len(args) > 1
        and isinstance(args[1], list | tuple)
        and any(isinstance(index, torch.Tensor) and index.dtype in masks for index in args[1])
    )


_PACKAGES = ("maskwright", "torchvision", "lightning_fabric", "transformers", "tests")


def _place(name: str) -> str:
    """Where an operation was asked for: the innermost line of one of the packages, or the backward pass."""
    frame = sys._getframe(1)
    while frame is not None:
        parts = frame.f_code.co_filename.split(os.sep)
        for package in _PACKAGES:
            if package in parts and frame.f_code.co_filename != __file__:
                return f"{package}: {parts[-1]}:{frame.f_lineno} {name}"
        frame = frame.f_back  # type: ignore[assignment]
    return f"backward: {name}"


class InventedAccelerator(Accelerator):
    """What Fabric asks an accelerator for."""

    def setup_device(self, device: torch.device) -> None:
        """Nothing to set up."""

    def teardown(self) -> None:
        """Nothing to end."""

    @staticmethod
    def parse_devices(devices: Any) -> Any:
        return devices

    @staticmethod
    def get_parallel_devices(devices: Any) -> list[torch.device]:
        return [torch.device(NAME, 0)]

    @staticmethod
    def auto_device_count() -> int:
        return 1

    @staticmethod
    def is_available() -> bool:
        return True

    @staticmethod
    def name() -> str:
        return NAME


def invented_fabric() -> Fabric:
    """Fabric on the invented device."""
    _register()
    return Fabric(strategy=SingleDeviceStrategy(torch.device(NAME, 0), accelerator=InventedAccelerator()))


def _register() -> None:
    if torch._C._get_privateuse1_backend_name() != NAME:
        _setup_privateuseone_for_python_backend(NAME, backend_module=Module())


@contextmanager
def invented_device() -> Iterator[Counts]:
    """Make the device known, and count what happens on it inside the context."""
    _register()
    before = torch.__future__.get_swap_module_params_on_conversion()
    # So that parameters stay the objects that the optimiser knows, as on a real device.
    torch.__future__.set_swap_module_params_on_conversion(True)
    counts = Counts()
    _current.append(counts)
    try:
        with _Mode(), _Made(), torch.autograd.set_multithreading_enabled(False):
            yield counts
    finally:
        _current.pop()
        torch.__future__.set_swap_module_params_on_conversion(before)
