"""Working memory that is reused from image to image."""

import math

import numpy as np
import numpy.typing as npt


class Buffers:
    """Named arrays that grow when needed and keep their memory.

    The operating system hands out fresh arrays of an image's size page by page, which takes longer than drawing. An
    array is valid until the same name is requested again. Not for use by several threads.
    """

    def __init__(self) -> None:
        self._blocks: dict[str, npt.NDArray[np.uint8]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> npt.NDArray:
        """Return an uninitialised array of ``shape`` and ``dtype`` in the block called ``name``."""
        kind = np.dtype(dtype)
        size = math.prod(shape) * kind.itemsize
        block = self._blocks.get(name)
        if block is None or block.size < size:
            block = self._blocks[name] = np.empty(size, np.uint8)
        return block[:size].view(kind).reshape(shape)
