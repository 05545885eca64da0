"""The image whose objects copy-paste takes: drawn as often as the sampler draws it."""

import numpy as np
import numpy.typing as npt


class PasteSources:
    """The images from which copy-paste draws its source, evenly or in proportion to the sampler's weights.

    Of two images with the weights 9 and 1 the second is a tenth of the targets; drawn evenly, it would be half of the
    sources.
    """

    def __init__(self, images: int, weights: npt.NDArray[np.float64] | None = None) -> None:
        """Draw from ``images``, with ``weights`` ``(images,)`` in proportion to them; not all may be 0."""
        self.images = images
        ends = None if weights is None else weights.cumsum()
        self.ends = None if ends is None else ends / ends[-1]

    def draw(self, generator: np.random.Generator) -> int:
        """Return the index of the next source; an image of weight 0 is never drawn."""
        if self.ends is None:
            return int(generator.integers(self.images))
        return int(self.ends.searchsorted(generator.random(), side="right"))
