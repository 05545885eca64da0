"""Choice of a few images that together show every class, if so few images can."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt


class Showcase:
    """A greedy choice of images that show many classes.

    It proposes the image that shows most classes not shown yet; of equal images, the first. This is the greedy set
    cover (Johnson, JCSS 9, 1974). When every class that can be shown has been, the next round begins, so that later
    images are as varied. Equal inputs give equal images.
    """

    def __init__(self, classes: Sequence[Collection[int]]) -> None:
        """Take the class indices (1..K) that each image shows; an image without any is never proposed."""
        pairs = [(image, label) for image, labels in enumerate(classes) for label in sorted(labels)]
        self._images, self._labels = np.array(pairs, np.int64).reshape(-1, 2).T
        self._wanted = np.ones(int(self._labels.max(initial=0)) + 1, np.bool_)
        self._left = np.ones(len(classes), np.bool_)

    def propose(self) -> int | None:
        """Return the best image that is neither shown nor dismissed, or None when no image is left."""
        gains = self._gains()
        if not gains.any():
            self._wanted[:] = True
            gains = self._gains()
        return int(gains.argmax()) if gains.any() else None

    def show(self, image: int) -> None:
        """Count ``image`` as shown: its classes add nothing to other images until the next round."""
        self._wanted[self._labels[self._images == image]] = False
        self._left[image] = False

    def dismiss(self, image: int) -> None:
        """Exclude ``image`` from the proposals, because it cannot be shown."""
        self._left[image] = False

    def _gains(self) -> npt.NDArray[np.int64]:
        """Return how many wanted classes each remaining image would show."""
        useful = self._wanted[self._labels] & self._left[self._images]
        return np.bincount(self._images[useful], minlength=len(self._left))


def showcase_images(labels: Sequence[Collection[int]], count: int) -> list[int]:
    """Return the positions of up to ``count`` images that show every class early, then of others spread evenly.

    ``labels[i]`` are the class indices of the objects of image ``i``; images without objects are not chosen.
    """
    showcase, chosen, shown = Showcase([set(each) for each in labels]), [], set[int]()
    while len(chosen) < count:
        image = showcase.propose()
        if image is None or shown.issuperset(labels[image]):
            break
        showcase.show(image)
        chosen.append(image)
        shown.update(labels[image])
    rest = [image for image, its_labels in enumerate(labels) if its_labels and image not in chosen]
    wanted = min(count - len(chosen), len(rest))
    picks = np.linspace(0, len(rest) - 1, wanted).round().astype(int) if wanted else []
    return chosen + [rest[pick] for pick in picks]
