"""Describe the installation: versions, extras, devices with their speed, and the weights on this machine."""

import os
import platform
import re
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from maskwright.files import home_folder
from maskwright.runs.folder import hardware
from maskwright.version import __version__

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)[^>;]*(?:>=([0-9.]+))?[^;]*(?:;.*extra == ['\"](\w+)['\"])?")
# What contributors install is no part of what users can do.
_NOT_FOR_USERS = ("dev", "docs")


@dataclass
class Installation:
    """The description of an installation; ``problems`` are what keeps it from working.

    ``packages`` are versions by name, None for a package that is not installed. ``extras`` lists the packages that each
    extra lacks. ``weights`` are the folders of downloaded weights, ``devices`` what torch can compute on.
    """

    system: dict[str, Any]
    packages: dict[str, str | None] = field(default_factory=dict)
    extras: dict[str, list[str]] = field(default_factory=dict)
    weights: list[dict[str, Any]] = field(default_factory=list)
    devices: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The exit code of the command: 1 with problems, else 0."""
        return int(bool(self.problems))

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        extras = {name: {"installed": not missing, "missing": missing} for name, missing in self.extras.items()}
        return {
            "maskwright": __version__,
            **self.system,
            "packages": self.packages,
            "extras": extras,
            "devices": self.devices,
            "weights": self.weights,
            "problems": self.problems,
        }

    def lines(self) -> list[str]:
        """Return the lines for a terminal."""
        system = self.system
        lines = [
            f"maskwright {__version__}, Python {system['python']}, {system['system']}",
            f"{system['cores']} cores, {system['memory_gib'] or '?'} GiB of memory",
            f"packages: {', '.join(f'{name} {version}' for name, version in self.packages.items() if version)}",
        ]
        for name, missing in self.extras.items():
            remedy = f"lacks {', '.join(missing)}: pip install 'maskwright[{name}]'"
            lines.append(f"extra {name}: {remedy if missing else 'installed'}")
        for device in self.devices:
            speed = "" if device["gflops"] is None else f", {device['gflops']:.0f} GFLOP/s in 3 × 3 convolutions"
            lines.append(f"device {device['device']}: {device['name']}{speed}")
        for each in self.weights:
            lines.append(f"weights: {each['files']} files, {each['bytes'] / 1e6:.0f} MB in {each['folder']}")
        return [*lines, *(f"problem: {problem}" for problem in self.problems)]


def doctor(*, measure: bool = True) -> Installation:
    """Describe the installation and this machine.

    Args:
        measure: Measure the speed of each device too, for about a second.

    Returns:
        The versions, the extras with what they lack, the devices, the folders of downloaded weights, and problems.

    Example:
        >>> from maskwright.workflows.doctor import doctor
        >>> doctor(measure=False).system["python"][:2]
        '3.'
    """
    about = hardware()
    system = {"python": platform.python_version(), **{key: about[key] for key in ("system", "cores", "memory_gib")}}
    found = Installation(system, weights=[_folder(path) for path in weights_folders()])
    _enter_packages(found, _requirements())
    if found.packages.get("torch") is not None:
        _enter_devices(found, measure)
    return found


def weights_folders() -> list[Path]:
    """Return the folders in which torch and Hugging Face keep downloaded weights, whether or not they exist."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home_folder() / ".cache")
    torch = Path(os.environ.get("TORCH_HOME") or cache / "torch") / "hub" / "checkpoints"
    hub = os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or cache / "huggingface") / "hub"
    return [torch, Path(hub)]


def _folder(path: Path) -> dict[str, Any]:
    """Return the number and bytes of the files below ``path``; a link to one of them is not a file of its own."""
    files = [each for each in path.rglob("*") if each.is_file() and not each.is_symlink()] if path.is_dir() else []
    return {"folder": str(path), "files": len(files), "bytes": sum(each.stat().st_size for each in files)}


def _requirements() -> list[tuple[str, str, str | None]]:
    """Return the packages that Maskwright needs: name, lowest version (may be empty), and extra (None: always)."""
    try:
        texts = metadata.requires("maskwright") or []
    except metadata.PackageNotFoundError:
        return []
    matches = [_REQUIREMENT.match(text) for text in texts]
    return [(match[1], match[2] or "", match[3]) for match in matches if match is not None]


def _enter_packages(found: Installation, requirements: list[tuple[str, str, str | None]]) -> None:
    if not requirements:
        found.problems.append("maskwright is not installed as a package. Install it with: pip install .")
    for name, lowest, extra in requirements:
        if extra in _NOT_FOR_USERS:
            continue
        missing = found.extras.setdefault(extra, []) if extra is not None else []
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = None
            missing.append(name)
            if extra is None:
                found.problems.append(f"{name} is missing. Install it with: pip install {name}")
        found.packages[name] = version
        if version is not None and _numbers(version) < _numbers(lowest):
            found.problems.append(
                f"{name} {version} is too old; expected {lowest} or later. Install it with: pip install -U {name}"
            )


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"[0-9.]*", version)
    return tuple(int(part) for part in release[0].split(".") if part) if release is not None else ()


def _enter_devices(found: Installation, measure: bool) -> None:
    try:
        import torch
    except (ImportError, OSError) as error:  # a library of the system is missing, or built for another one
        found.problems.append(f"torch cannot be imported ({error}). Install it again: see https://pytorch.org")
        return
    from maskwright.training.device import computes_in_bfloat16
    from maskwright.training.device_speed import convolution_speed

    threads = torch.get_num_threads()
    half = "" if computes_in_bfloat16() else "no "
    names = {"cpu": f"{threads} thread{'s' * (threads != 1)}, {half}bfloat16"}
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        others = torch.cuda.device_count() - 1
        also = f", and {others} more" if others else ""
        names["cuda"] = f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB{also}"
    if torch.backends.mps.is_available():
        names["mps"] = "Apple GPU"
    for device, name in names.items():
        gflops = convolution_speed(device) / 1e9 if measure else None
        found.devices.append({"device": device, "name": name, "gflops": gflops})
