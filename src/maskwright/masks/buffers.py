"""Working memory that is used again for image after image."""

import math

import numpy as np
import numpy.typing as npt


class Buffers:
    """Arrays by name, grown when needed and never given back.

    Fresh arrays of an image's size come from the operating system page by page, which takes longer than drawing.
    An array is valid until the same name is asked for again. Not for use by several threads.
    """

    def __init__(self) -> None:
        self._blocks: dict[str, npt.NDArray[np.uint8]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> npt.NDArray:
        """An uninitialised array of ``shape`` and ``dtype`` in the block called ``name``."""
        kind = np.dtype(dtype)
        size = math.prod(shape) * kind.itemsize
        block = self._blocks.get(name)
        if block is None or block.size < size:
            block = self._blocks[name] = np.empty(size, np.uint8)
        return block[:size].view(kind).reshape(shape)
