"""What is wrong or unusual in panoptic truth and predictions: counted by code, with examples and remedies."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from maskwright.errors import DataError

# With one of these there is no score: panopticapi stops at the first of them, or would count something else.
REFUSED = {
    "missing_prediction": "predict these images too, or remove them from the truth",
    "unreadable_record": "give each record image_id, file_name and segments_info with id and category_id",
    "repeated_image": "give each image one record",
    "unreadable_png": "write the PNG again, or name its folder with --gt-folder or --pred-folder",
    "beyond_limit": "raise the limit that is named, or write maps without noise",
    "wrong_size": "write truth and predictions at the size of the image",
    "void_segment": "number segments from 1; the id 0, which is black in the PNG, is void",
    "repeated_segment": "give each segment of an image an id of its own",
    "id_not_in_json": "give each colour of the PNG but black an entry in segments_info",
    "id_not_in_png": "remove entries without a pixel from segments_info",
    "unknown_class": "use ids of the truth's categories, or give the predictions' file categories with names",
}
# With these there is a score, and this is how they count.
NOTED = {
    "true_id_not_in_json": "true segments have no entry in segments_info; they count as neither a segment nor void",
    "true_id_not_in_png": "true segments have no pixel; they count as missed",
    "stated_area": "true segments state another area than their pixels; the larger of both counts",
    "several_crowds": "classes have several crowd regions on one image; only the last of them excuses predictions",
    "predicted_crowd": "predicted segments are marked as crowd, which counts for nothing",
    "other_name": "predictions have the file name of another image; image_id decides",
    "class_not_scored": "predicted segments are of classes that the truth lacks; their pixels count as void",
    "no_truth": "predictions are of images that the truth lacks; they are not scored",
    "not_annotated": "images of the truth have no segments_info; they are not scored",
}
_MOST_EXAMPLES = 5


@dataclass
class PanopticFindings:
    """How often each code of ``REFUSED`` and ``NOTED`` was found, with the first few examples of each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, code: str, found: str) -> None:
        """Count one more of ``code``; ``found`` names the file, the id, and what is wrong."""
        self.counts[code] += 1
        examples = self.examples.setdefault(code, [])
        if len(examples) < _MOST_EXAMPLES:
            examples.append(found)

    def add_all(self, code: str, found: Iterable[str]) -> None:
        """Count each of ``found`` as one of ``code``."""
        for each in found:
            self.add(code, each)

    def merge(self, other: "PanopticFindings") -> None:
        """Add the findings of ``other``, which come after these."""
        self.counts += other.counts
        for code, examples in other.examples.items():
            own = self.examples.setdefault(code, [])
            own += examples[: _MOST_EXAMPLES - len(own)]

    @property
    def refused(self) -> bool:
        """Whether there is something with which no score can be given."""
        return any(code in REFUSED for code in self.counts)

    def require_none_refused(self, predictions: object) -> None:
        """Raise ``DataError``, which names all that is refused; ``predictions`` names the predictions in it."""
        codes = [code for code in REFUSED if code in self.counts]
        if not codes:
            return
        lines = []
        for code in codes:
            lines += [f"  {example}" for example in self.examples[code]]
            more = self.counts[code] - len(self.examples[code])
            lines += [f"  … and {more} more of {code}"] if more else []
            lines.append(f"  remedy: {REFUSED[code]}.")
        found = ", ".join(f"{self.counts[code]} {code}" for code in codes)
        raise DataError(f"{predictions}: cannot be scored against its truth; found {found}.", *lines)

    def remarks(self) -> list[str]:
        """Return a line for each code of ``NOTED``: how many there are, how they count, and an example."""
        return [
            f"{self.counts[code]} {meaning} ({self.examples[code][0]}{' …' if self.counts[code] > 1 else ''})."
            for code, meaning in NOTED.items()
            if code in self.counts
        ]
