"""Choice of a part of a COCO file by class, by the content of its images, and by number.

No mask is drawn and no image is read: annotations count as the file lists them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maskwright.annotations.coco.file import CocoAnnotation, CocoFile, category_names
from maskwright.annotations.faults import Audit
from maskwright.annotations.selection.sampling import sample_images
from maskwright.annotations.selection.select import audit_of_reading, rejected_records
from maskwright.errors import DataError, UsageError, unknown_name
from maskwright.structures import normalise_name


@dataclass(frozen=True)
class SubsetRules:
    """The rules by which records of a file are kept; by default all are.

    ``classes`` keeps these classes, by name, and the images that hold one of them (all images with ``keep_empty``).
    ``drop_crowd`` removes crowd regions, ``drop_crowd_images`` every image with a crowd region of the classes.
    ``max_instances`` removes images with more annotations of the classes, crowd regions included unless dropped. Of the
    remaining images, ``max_images`` are drawn at random by ``seed``. At least ``at_least[name]`` of them hold an object
    of class ``name``; a crowd region is not an object.
    """

    classes: Sequence[str] | None = None
    keep_empty: bool = False
    drop_crowd: bool = False
    drop_crowd_images: bool = False
    max_instances: int | None = None
    max_images: int | None = None
    at_least: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0

    def reason_against(self, annotations: Sequence[CocoAnnotation]) -> str | None:
        """Return the reason to skip an image with these annotations, or None when it may be kept.

        ``annotations`` are those of the chosen classes.
        """
        if self.drop_crowd_images and any(each.iscrowd for each in annotations):
            return "image_with_crowd"
        counted = [each for each in annotations if not (self.drop_crowd and each.iscrowd)]
        if self.classes is not None and not self.keep_empty and not counted:
            return "image_without_objects"
        if self.max_instances is not None and len(counted) > self.max_instances:
            return "image_with_too_many_instances"
        return None


@dataclass
class Subset:
    """The ids of the records to keep, and the reasons for the others.

    ``categories`` are the kept class names by category id. ``skipped_images`` lists image ids by reason. ``audit``
    covers every annotation of the file.
    """

    images: list[int]
    annotations: list[int]
    categories: dict[int, str]
    audit: Audit
    skipped_images: dict[str, list[int]] = field(default_factory=dict)


def choose_subset(coco: CocoFile, choice: SubsetRules) -> Subset:
    """Return the part of ``coco`` that ``choice`` keeps, in file order.

    Raises ``UsageError`` for an unknown class or a number below 1. Raises ``DataError`` when too few images hold a
    class, or when the demands need more than ``max_images`` images.
    """
    _require_numbers(choice)
    categories = _chosen_categories(coco, choice.classes)
    wanted = _demands(coco, choice.at_least, categories)
    subset = Subset([], [], categories, audit_of_reading(coco))
    by_image = _of_categories(coco, categories, subset.audit)
    for image_id, annotations in by_image.items():
        reason = choice.reason_against(annotations)
        if reason is not None:
            subset.skipped_images.setdefault(reason, []).append(image_id)
    _draw_images(coco, choice, wanted, by_image, subset)
    reasons = {image_id: reason for reason, ids in subset.skipped_images.items() for image_id in ids}
    for image_id, annotations in by_image.items():
        for annotation in annotations:
            if choice.drop_crowd and annotation.iscrowd:
                subset.audit.skip("crowd")
            elif image_id in reasons:
                subset.audit.skip(reasons[image_id])
            else:
                subset.audit.used += 1
                subset.annotations.append(annotation.id)
    return subset


def require_images(coco: CocoFile, subset: Subset) -> None:
    """Raise ``DataError`` with the reasons when ``subset`` keeps no image of ``coco``."""
    if subset.images:
        return
    left_out = {reason: len(ids) for reason, ids in subset.skipped_images.items()} | dict(
        rejected_records(coco, "image")
    )
    reasons = ", ".join(f"{number} {reason}" for reason, number in left_out.items()) or "none listed"
    raise DataError(
        f"{coco.path}: no image is left ({reasons}); expected at least one. Loosen the rules, or use --keep-empty."
    )


def _require_numbers(choice: SubsetRules) -> None:
    numbers = {"--max-images": choice.max_images, "--max-instances": choice.max_instances}
    for option, number in [*numbers.items(), *((f"--at-least {n}", v) for n, v in choice.at_least.items())]:
        if number is not None and number < 1:
            raise UsageError(f"{option}: found {number}; expected 1 or more. Leave the option out for no limit.")


def _chosen_categories(coco: CocoFile, classes: Sequence[str] | None) -> dict[int, str]:
    names = category_names(coco)
    if classes is None:
        return names
    wanted = {normalise_name(name) for name in classes}
    for name in sorted(wanted.difference(names.values())):
        raise unknown_name(f"class in {coco.path}", name, set(names.values()))
    return {category_id: name for category_id, name in names.items() if name in wanted}


def _demands(coco: CocoFile, at_least: Mapping[str, int], categories: Mapping[int, str]) -> dict[str, int]:
    wanted = {normalise_name(name): number for name, number in at_least.items()}
    known, chosen = set(category_names(coco).values()), set(categories.values())
    for name in wanted:
        if name not in known:
            raise unknown_name(f"class in {coco.path}", name, known)
        if name not in chosen:
            raise UsageError(f"--at-least {name}: '{name}' is not among the chosen classes; add it to --classes.")
    return wanted


def _of_categories(coco: CocoFile, categories: Mapping[int, str], audit: Audit) -> dict[int, list[CocoAnnotation]]:
    by_image: dict[int, list[CocoAnnotation]] = {image.id: [] for image in coco.images}
    for annotation in coco.annotations:
        audit.found += 1
        if annotation.category_id in categories:
            by_image[annotation.image_id].append(annotation)
        else:
            audit.skip("other_class")
    return by_image


def _draw_images(
    coco: CocoFile,
    choice: SubsetRules,
    wanted: Mapping[str, int],
    by_image: Mapping[int, Sequence[CocoAnnotation]],
    subset: Subset,
) -> None:
    """Fill ``subset.images`` with the images that may be kept, at most ``max_images`` of them."""
    out = {image_id for ids in subset.skipped_images.values() for image_id in ids}
    held = {
        image_id: {subset.categories[each.category_id] for each in annotations if not each.iscrowd}
        for image_id, annotations in by_image.items()
        if image_id not in out
    }
    drawn = sample_images(held, choice.max_images, wanted, choice.seed, str(coco.path))
    subset.images = [image_id for image_id in held if image_id in drawn]
    if len(drawn) < len(held):
        subset.skipped_images["image_beyond_max_images"] = [image_id for image_id in held if image_id not in drawn]
