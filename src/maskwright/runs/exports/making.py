"""The making of an exported file from a loaded model: traced, checked at another size, converted."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError

from maskwright.errors import UsageError, WeightsError, one_line
from maskwright.export.description import describe_export
from maskwright.export.graphs import INPUTS, move_with_metadata, output_names, write_onnx
from maskwright.files import sha256_of
from maskwright.interrupts import ending_at_ctrl_c
from maskwright.model_file import card_metadata, read_materials, read_provenance
from maskwright.prediction.resizing import to_network_input
from maskwright.prediction.runtimes.exported_network import ExportedNetwork, open_runtime
from maskwright.prediction.sources import Image
from maskwright.runs.loaded_model import LoadedModel

Target = Literal["onnx", "openvino"]
Record = TypeVar("Record")
SUFFIXES: dict[str, str] = {"onnx": ".onnx", "openvino": ".xml"}

_DESCRIPTION_KEY = "description"
_CALIBRATED = 100  # images that the ranges of activations are measured on
_ALIKE = 1e-3  # of the largest logit


@dataclass(frozen=True)
class Making:
    """A loaded ``model`` on the CPU that is exported ``to`` a runtime, in eight bits with ``int8``.

    ``example`` is an image on which it is traced; one on which it finds something is best.
    """

    model: LoadedModel[Any]
    to: Target
    int8: bool
    example: Image

    def write(self, path: Path, calibration: Iterable[Image]) -> dict[str, Any]:
        """Write the file ``path``, and for OpenVINO the ``.bin`` beside it; return its description.

        ``calibration`` are images of the kind that the model is for, which ``int8`` needs.

        Raises ``WeightsError`` for a network with operations that the runtime lacks, and for one that sees images of
        any size but can be exported for one size only.
        """
        traced = path.with_name(f"traced-{path.stem}.onnx")
        fixed = self._write_traced(traced)
        described = self._described(fixed)
        metadata = {**card_metadata(self.model.card, self._materials), _DESCRIPTION_KEY: json.dumps(described)}
        try:
            if self.int8:
                from maskwright.export.quantisation import write_quantised

                whole = traced.with_name(f"whole-{path.stem}.onnx")
                traced.rename(whole)
                write_quantised(whole, traced, INPUTS[self.model.task], self._inputs(calibration))
                whole.unlink()
            if self.to == "openvino":
                from maskwright.prediction.runtimes.openvino_files import write_openvino

                write_openvino(traced, path, metadata=metadata)
                traced.unlink()
            else:
                move_with_metadata(traced, path, metadata)
        except (RuntimeError, ValueError, TypeError, KeyError) as error:
            raise self._impossible(error) from error
        files = [path, *([path.with_suffix(".bin")] if self.to == "openvino" else [])]
        return {**described, "hashes": {**described["hashes"], **{each.name: sha256_of(each) for each in files}}}

    def _write_traced(self, path: Path) -> tuple[int, int] | None:
        """Write the traced network to ``path``; return its input size ``(H, W)``, or None where it takes any."""
        example = to_network_input(self.example, self.model.input_size, torch.device("cpu"))
        network, task = self.model.module, self.model.task
        if not hasattr(network, "fixed_to"):
            try:
                # A Ctrl-C that torch's tracer turns into an error must not lead to a file of a fixed size.
                with ending_at_ctrl_c():
                    write_onnx(network, task, example, path, fixed=False)
                    self._require_alike(path, example)
                return None
            except Exception as error:  # tracing and the runtime raise whatever an operation leads them to
                if not self.model.input_size.square:
                    raise self._impossible(error) from error
        try:
            write_onnx(network, task, example, path, fixed=True)
        except Exception as error:
            raise self._impossible(error) from error
        return example.shape[1], example.shape[2]

    @torch.inference_mode()
    def _require_alike(self, path: Path, example: torch.Tensor) -> None:
        """Raise ``ValueError`` unless the file at ``path`` answers an image of another size as the network does."""
        network: Any = self.model.module
        other = _of_another_size(example, getattr(network, "side", None))
        exported = ExportedNetwork(open_runtime(path, torch.get_num_threads()), self.model.task)
        if hasattr(network, "query_arrays"):
            found, expected = exported([other])[0], network.query_arrays(other)
            alike = all(_alike(found[name], expected[name]) for name in expected)
        elif self.model.task == "instance":
            alike = exported([other])[0]["boxes"].shape == network([other])[0]["boxes"].shape
        else:
            batch = torch.stack([other, other.flip(-1), other.flip(-2)])
            alike = _alike(exported(batch)["logits"], network(batch)["logits"])
        if not alike:
            raise ValueError("it answers images of another size wrongly")

    def _inputs(self, images: Iterable[Image]) -> Iterator[npt.NDArray[np.float32]]:
        for image in islice(images, _CALIBRATED):
            seen = to_network_input(image, self.model.input_size, torch.device("cpu"))
            yield (seen[None] if self.model.task == "semantic" else seen).numpy()

    @property
    def _materials(self) -> list[dict[str, str | None]]:
        return _read(read_materials, self.model.file, [])

    def _described(self, fixed: tuple[int, int] | None) -> dict[str, Any]:
        file, network = self.model.file, self.model.module
        precision = "int8" if self.int8 else "float32"
        padding = {"multiple": network.multiple, "side": network.side} if hasattr(network, "query_arrays") else None
        return describe_export(
            self.model.card,
            self.model.input_size,
            fixed,
            outputs=output_names(network, self.model.card.task),
            padding=padding,
            hashes={file.name: sha256_of(file)},
            provenance=_read(read_provenance, file, {}),
            materials=self._materials,
            precision=precision,
        )

    def _impossible(self, error: Exception) -> WeightsError:
        found = one_line(error).partition(". Please")[0]  # feel free to request support
        return WeightsError(
            f"{self.model.file}: {self.model.card.name} cannot be exported to {self.to} ({found:.300}). "
            "Predict with the model itself, or train another one of `maskwright models`."
        )


def require_target(to: str, out: Path) -> None:
    """Raise ``UsageError`` when ``out`` has not the suffix of a file of the runtime ``to``."""
    if out.suffix != SUFFIXES[to]:
        raise UsageError(f"--out {out}: expected a name that ends with {SUFFIXES[to]}, as --to {to} writes it.")


def _of_another_size(example: torch.Tensor, side: int | None) -> torch.Tensor:
    """Return ``example`` ``(3, H, W)`` with zeros beside it, or cut where a network takes a ``side`` at most."""
    height, width = example.shape[1:]
    if side is not None:
        return example[:, : height - height // 4, : width - width // 3]
    other = torch.zeros(3, height + 21, width + 38)
    other[:, :height, :width] = example
    return other


def _alike(found: torch.Tensor, expected: torch.Tensor) -> bool:
    scale = max(1.0, float(expected.abs().max()))
    return found.shape == expected.shape and float((found - expected).abs().max()) <= _ALIKE * scale


def _read(read: Callable[[Path], Record], file: Path, unsaid: Record) -> Record:
    try:
        return read(file)
    except SafetensorError:
        return unsaid  # reading the weights has succeeded, so that it is only not said
