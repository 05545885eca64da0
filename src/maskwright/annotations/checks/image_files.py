"""Faults of image files: missing, cut off, of another size than the JSON states, or of unusual encoding."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from maskwright.annotations.checks.paths import path_fault
from maskwright.annotations.checks.threads import in_threads
from maskwright.annotations.coco.file import CocoFile, CocoImage
from maskwright.annotations.faults import Fault
from maskwright.errors import DataError
from maskwright.images.decode import IMAGE_SUFFIXES, image_path
from maskwright.images.folder_names import FolderNames
from maskwright.images.inspection import MOST_DECODED, ImageFile, inspect, pillow_silenced
from maskwright.limits import beyond_limit, input_limit

# A file with this many times the pixels of its record is not a picture of another size but a decompression bomb.
_BOMB = 4

# Pillow distinguishes these formats from others of the same suffix.
_SUFFIX_FORMAT = {"MPO": "JPEG", "DIB": "BMP"}


def image_file_faults(
    coco: CocoFile,
    folder: Path,
    workers: int | None = None,
    track: Callable[[Iterator[list[Fault]]], Iterable[list[Fault]]] = iter,
) -> Iterator[Fault]:
    """Yield the faults of every image's file in ``folder``, in the order of ``coco``, then the unlisted images.

    Every file is opened and decoded, in ``workers`` threads (None: one per core, 0: none). ``track`` gets an iterator
    of ``len(coco.images)`` lists of faults and yields them on, to show progress. An image whose path has a fault (see
    :func:`maskwright.annotations.checks.paths.path_faults`) is not opened and has no fault here.
    """
    names = FolderNames(folder)
    with pillow_silenced():
        for faults in track(in_threads(partial(faults_of_image, names=names), coco.images, workers)):
            yield from faults
    yield from unlisted_images(coco, names)


def faults_of_image(image: CocoImage, names: FolderNames) -> list[Fault]:
    """Return the faults of one image's file in the folder of ``names``; empty when its path already has a fault."""
    if path_fault(image, names) is not None:
        return []
    path = names.folder / image.file_name
    if not os.path.isfile(path):
        return [_fault("missing_image", image, f"has no file in {names.folder}")]
    return list(_faults(image, inspect(path)))


def unlisted_images(coco: CocoFile, names: FolderNames) -> Iterator[Fault]:
    """Yield a fault for each image in the folder and its subfolders that no record of ``coco`` names.

    Hidden files do not count. A record that names a file in another spelling has a fault of its path; the file is not
    unlisted.
    """
    listed = {name for image in coco.images for name in _named(image.file_name, names)}
    for name in sorted(names.files | names.links):
        if name.lower().endswith(IMAGE_SUFFIXES) and name not in listed:
            shown = name.encode("utf-8", "replace").decode()  # a name on disk may not be valid text
            found = f"has no usable record of the image '{shown}' in {names.folder}"
            yield Fault("unlisted_image", "file", None, found)


def _named(file_name: str, names: FolderNames) -> list[str]:
    """Return the files in the folder that ``file_name`` may mean."""
    if file_name in names:
        return [file_name]
    try:
        real = image_path(names.folder, file_name).resolve().relative_to(names.folder.resolve()).as_posix()
    except (OSError, ValueError, RuntimeError, DataError):
        real = file_name
    return [real] if real in names else names.alike(real)


def _faults(image: CocoImage, file: ImageFile) -> Iterator[Fault]:
    """Yield the faults of a file that exists; a file that cannot be read has no further faults."""
    broken = _broken(image, file)
    if broken is not None:
        yield broken
        return
    yield from _size_faults(image, file)
    yield from _encoding_faults(image, file)


def _broken(image: CocoImage, file: ImageFile) -> Fault | None:
    if file.pixels > max(MOST_DECODED, _BOMB * image.height * image.width):
        found = f"unpacks to {file.pixels} pixels, but has {image.height * image.width} in the JSON"
        return _fault("image_bomb", image, found)
    if file.pixels > input_limit("image-pixels"):
        return _fault("unreadable_image", image, f"has {file.pixels} pixels; {beyond_limit('image-pixels')}")
    if file.state == "truncated":
        return _fault("truncated_image", image, f"is cut off: {file.reason}")
    if file.state == "unreadable":
        return _fault("unreadable_image", image, f"cannot be read as an image: {file.reason}")
    return None


def _size_faults(image: CocoImage, file: ImageFile) -> Iterator[Fault]:
    expected = (image.height, image.width)
    if file.size == expected:
        if file.orientation != 1:
            yield _fault(
                "exif_orientation", image, f"has EXIF orientation {file.orientation}; its masks are not rotated"
            )
    elif file.shown_size == expected:
        found = f"is {_sides(file.size)} pixels as stored; only its EXIF orientation {file.orientation} makes it "
        yield _fault("image_orientation", image, f"{found}{_sides(expected)} as in the JSON (width×height)")
    else:
        found = f"is {_sides(file.size)} pixels on disk, but {_sides(expected)} in the JSON (width×height)"
        yield _fault("image_size", image, found)


def _encoding_faults(image: CocoImage, file: ImageFile) -> Iterator[Fault]:
    if file.exif_fault:
        yield _fault(
            "unreadable_exif", image, f"has EXIF that cannot be read ({file.exif_fault}); it counts as upright"
        )
    suffix = Path(image.file_name).suffix
    if _format(Image.registered_extensions().get(suffix.lower(), "")) != _format(file.format):
        yield _fault("wrong_suffix", image, f"is a {file.format} file named {suffix or 'without a suffix'}")
    for code, applies, found in (
        ("gray_image", file.gray, "is greyscale"),
        ("alpha_image", file.alpha, "has transparency"),
        ("palette_image", file.palette, "holds palette indices, not colours"),
        ("deep_image", file.deep, f"has {file.bits} bits per channel"),
        ("cmyk_image", file.cmyk, "has CMYK colours"),
        ("animated_image", file.animated, "is animated"),
        ("huge_image", file.state == "not decoded", f"has {file.pixels} pixels, too many to decode in a check"),
    ):
        if applies:
            yield _fault(code, image, found)


def _format(name: str) -> str:
    return _SUFFIX_FORMAT.get(name, name)


def _sides(size: tuple[int, int] | None) -> str:
    """Return ``size`` ``(H, W)`` as the text width×height."""
    return f"{size[1]}×{size[0]}" if size else "unknown"


def _fault(code: str, image: CocoImage, found: str) -> Fault:
    return Fault(code, "image", image.id, f"('{image.file_name}') {found}")
