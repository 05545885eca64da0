"""The account of records of a file that a data set excludes, so that every annotation and image is accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import draw_objects

# Image file names by the reason why the images are excluded.
NamesByReason = dict[str, list[str]]


@dataclass(frozen=True)
class Exclusions:
    """The excluded annotations, all skipped in ``audit``, and the excluded images by reason, ``excluded``."""

    audit: Audit
    excluded: NamesByReason = field(default_factory=dict)

    def with_choice(
        self, coco: CocoFile, skipped: Mapping[str, int], excluded: Mapping[str, Sequence[int]]
    ) -> "Exclusions":
        """Return these exclusions with those of a selection: counts of annotations and ids of images by reason."""
        audit = _copy(self.audit)
        for reason, count in skipped.items():
            audit.found += count
            audit.skip(reason, count)
        names = {image.id: image.file_name for image in coco.images}
        chosen = {reason: [names[image_id] for image_id in ids] for reason, ids in excluded.items()}
        return Exclusions(audit, _joined(self.excluded, chosen))

    def joined(self, other: "Exclusions") -> "Exclusions":
        """Return these exclusions and those of another data set."""
        audit = _copy(self.audit)
        if other.audit.source != audit.source:
            audit.source = f"{audit.source} + {other.audit.source}"
        audit.add(other.audit)
        return Exclusions(audit, _joined(self.excluded, other.excluded))

    def audit_with(self, coco: CocoFile) -> Audit:
        """Return the audit of the exclusions and of the annotations of ``coco``, each of which is drawn once."""
        audit, by_image = _copy(self.audit), coco.by_image()
        labels = dict.fromkeys((category.id for category in coco.categories), 1)
        for image in coco.images:
            draw_objects(image, by_image[image.id], labels, audit)
        return audit


def _copy(audit: Audit) -> Audit:
    copy = Audit(audit.source)
    copy.add(audit)
    return copy


def _joined(first: NamesByReason, second: NamesByReason) -> NamesByReason:
    return {reason: [*first.get(reason, ()), *second.get(reason, ())] for reason in {**first, **second}}
