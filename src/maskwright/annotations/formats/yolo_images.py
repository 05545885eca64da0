"""The label file of each image of a YOLO data set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from maskwright.annotations.faults import Fault
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.image_files import file_in, images_below
from maskwright.annotations.formats.yolo_layout import PARTS, Layout, inside, labels_beside


@dataclass(frozen=True)
class YoloImage:
    """An image: its name in its part's folder, its file (None: not found), and the path of its label file."""

    file_name: str
    image: Path | None
    labels: Path


def yolo_images(layout: Layout, part: str, images: Path | None, audit: ConversionAudit) -> Iterator[YoloImage]:
    """Yield the images of a part, and the label files that have no image.

    An image in the data set without a label file has no objects. ``images`` is another place of the image files: a
    folder with a subfolder per part, or one for all parts. Of its images, only those with a label file belong to the
    part.
    """
    root = layout.root
    for value in layout.parts[part]:
        place = inside(root, value)
        labels = labels_beside(root, place) if place is not None else None
        if place is not None and place.is_file():
            yield from _listed(root, place, images, audit)
        elif place is not None and labels is not None and (place.is_dir() or labels.is_dir()):
            if images is None:
                yield from _beside(place, labels)
            else:
                own = images / part if (images / part).is_dir() else images
                shared = own == images and len(layout.parts) > 1
                yield from _in_images_folder(own, labels, audit, shared=shared)
        else:
            message = f"has its part {part} in '{value}', which is no folder inside it"
            audit.objects.faults.append(Fault("unreadable_file", "file", None, message))


def _beside(place: Path, labels: Path) -> Iterator[YoloImage]:
    names = images_below(place) if place.is_dir() else []
    for name in names:
        yield YoloImage(name, file_in(place, name), labels / _label_name(name))
    yield from _without_image(labels, names)


def _in_images_folder(images: Path, labels: Path, audit: ConversionAudit, *, shared: bool) -> Iterator[YoloImage]:
    names = []
    for name in images_below(images):
        if (labels / _label_name(name)).is_file():
            names.append(name)
            yield YoloImage(name, file_in(images, name), labels / _label_name(name))
        # In a folder that several parts share, the label file may be in another part.
        elif not shared:
            audit.images_found += 1
            audit.skip_image(Fault("unlisted_image", "image", name, f"has no label file in {labels}"))
    yield from _without_image(labels, names)


def _without_image(labels: Path, names: list[str]) -> Iterator[YoloImage]:
    seen = {_label_name(name).as_posix() for name in names}
    for path in sorted(labels.rglob("*.txt")):
        name = path.relative_to(labels).as_posix()
        if name not in seen and name != "classes.txt":
            yield YoloImage(name, None, path)


def _label_name(name: str) -> PurePosixPath:
    return PurePosixPath(name).with_suffix(".txt")


def _listed(root: Path, listing: Path, images: Path | None, audit: ConversionAudit) -> Iterator[YoloImage]:
    for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
        if not line.strip():
            continue
        place = inside(root, line.strip())
        if place is None or place == root:
            audit.images_found += 1
            message = f"is listed in {listing.name} but leads out of {root}"
            audit.skip_image(Fault("outside_path", "image", line.strip(), message))
            continue
        name = _name_in_part(place.relative_to(root))
        folders = [(place.parent, place.name)] if images is None else [(images, name), (images, place.name)]
        found = next((path for folder, file in folders if (path := file_in(folder, file)) is not None), None)
        yield YoloImage(name, found, labels_beside(root, place).with_suffix(".txt"))


def _name_in_part(relative: Path) -> str:
    parts = list(relative.parts)
    if "images" in parts[:-1]:
        parts = parts[len(parts) - parts[::-1].index("images") :]
    return "/".join(parts[1:] if len(parts) > 1 and parts[0] in PARTS else parts)
