"""Quantisation to eight bits: weights and activations of convolutions and products, by the ranges that images show."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.telemetry import import_silently

quantization = import_silently("onnxruntime.quantization")

_OPERATIONS = ["Conv", "ConvTranspose", "Gemm", "MatMul"]


class _Reader(quantization.CalibrationDataReader):
    """The images that the ranges of activations are measured on."""

    def __init__(self, name: str, images: Iterable[npt.NDArray[np.float32]]) -> None:
        self._name = name
        self._images: Iterator[npt.NDArray[np.float32]] = iter(images)

    def get_next(self) -> Any:
        """Return the next image by the name of the input; None after the last."""
        image = next(self._images, None)
        return None if image is None else {self._name: image}


def write_quantised(source: Path, path: Path, name: str, images: Iterable[npt.NDArray[np.float32]]) -> None:
    """Write the ONNX file ``source`` to ``path`` with weights and activations of eight bits.

    ``images`` are inputs of the network, called ``name``, by which the ranges of activations are measured. Weights take
    seven of the eight bits: with all of them, sums of two products overflow on x86 processors without VNNI (ONNX
    Runtime's documentation, "Quantize ONNX Models"), and the network answers otherwise there.
    """
    quantization.quantize_static(
        source,
        path,
        _Reader(name, images),
        quant_format=quantization.QuantFormat.QDQ,
        op_types_to_quantize=_OPERATIONS,
        per_channel=True,
        reduce_range=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
