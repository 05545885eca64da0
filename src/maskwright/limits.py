"""The limits on what a file may ask for, each with its name and the environment variable that changes it.

A small file can ask for any amount of memory or time. What it asks for is compared with these limits first, and refused
by the name of the limit.
"""

import os
from dataclasses import dataclass

from maskwright.errors import UsageError, unknown_name


@dataclass(frozen=True)
class InputLimit:
    """One limit: the largest number that is accepted by default, and what is counted."""

    default: int
    counts: str


# Chosen to keep a command within about a gibibyte of memory and ten seconds on one core.
INPUT_LIMITS = {
    # Of which a map of one byte a pixel takes 128 MiB; a command holds up to six of them.
    "image-pixels": InputLimit(1 << 27, "pixels of an image, in its file and in the records about it"),
    "image-bytes": InputLimit(800_000_000, "bytes of an image file"),
    # Prediction holds the image, the result and the overlay, some 10 bytes a pixel in all.
    "predicted-pixels": InputLimit(50_000_000, "pixels of an image that a model predicts, and at which it sees it"),
    # Of which a label map takes 512 MiB; the image itself is read by windows.
    "windowed-pixels": InputLimit(1 << 29, "pixels of an image that is read by windows, to be predicted in tiles"),
    "video-frames": InputLimit(100_000, "frames of a video, an hour at 25 a second"),
    "name-letters": InputLimit(1_000, "letters of the name of a class or of an image file"),
    "number-digits": InputLimit(400, "letters of a number in a text file"),
    "yaml-nodes": InputLimit(50_000, "values of a YAML file, each counted as often as it is referred to"),
    "pickle-steps": InputLimit(500_000, "steps by which a pickled file of weights builds its values"),
    "class-pairs": InputLimit(500_000, "pairs of classes that are counted together, 1,000 classes on one image"),
    # A matrix in JSON takes a list of so many numbers squared, which LVIS with its 1,203 classes has always had.
    "confusion-classes": InputLimit(1_500, "classes in the confusion matrix of instance scores"),
    # Each takes half a millisecond of COCO's evaluation and of the details.
    "scored-classes": InputLimit(4_000, "classes with an object or a result that are scored together"),
    # Of which each takes AP and its interval from a thousand samples; LVIS has 1,203.
    "resampled-classes": InputLimit(1_250, "classes that have bootstrap intervals, or are compared"),
    # The weights of 20,000 images in a thousand samples take 160 MB, several times.
    "resampled-images": InputLimit(20_000_000, "images in all bootstrap samples together"),
    # Each takes a quarter of a millisecond. Changes alone are about forty; what is left is for pairs of them.
    "explained-scores": InputLimit(10_000, "scores of classes that are computed to explain others"),
    # All of them are compared at once.
    "scored-pairs": InputLimit(10_000_000, "pairs of an object and a result on one image that are scored"),
    # Labels of one class are compared with those in the same columns or rows, for two labels on one object.
    "compared-runs": InputLimit(400_000_000, "mask runs of labels on an image that review compares, in all pairs"),
    # Of which the counts of all pairs are held several times.
    "confused-labels": InputLimit(2_000, "classes of label maps that are scored, background among them"),
    "overlapping-runs": InputLimit(100_000_000, "pairs of mask runs of different classes that overlap on an image"),
    "label-map-runs": InputLimit(
        5_000_000, "runs of equal values in a panoptic map, or a label map whose objects are read"
    ),
    # Scoring holds both maps of an image, and their masks.
    "panoptic-pixels": InputLimit(25_000_000, "pixels of a panoptic map"),
    "panoptic-segments": InputLimit(10_000, "segments of a panoptic map"),
    "json-depth": InputLimit(100, "lists and objects of a model card inside each other"),
}

_PREFIX = "MASKWRIGHT_LIMIT_"


def limit_variable(name: str) -> str:
    """Return the environment variable that changes the limit ``name``, such as ``MASKWRIGHT_LIMIT_IMAGE_PIXELS``."""
    return _PREFIX + name.upper().replace("-", "_")


def input_limit(name: str) -> int:
    """Return the largest number that the limit ``name`` of ``INPUT_LIMITS`` accepts: its default, or the user's.

    Raises ``UsageError`` when the environment variable holds no whole number above 0.
    """
    text = os.environ.get(limit_variable(name))
    return INPUT_LIMITS[name].default if text is None else _number(text, limit_variable(name))


def set_input_limit(setting: str) -> None:
    """Change a limit in this process and those that it starts; ``setting`` is ``name=number``.

    Raises ``UsageError`` for an unknown name, and for anything but a whole number above 0.
    """
    name, _, text = setting.partition("=")
    if name not in INPUT_LIMITS:
        raise unknown_name("limit", name, INPUT_LIMITS)
    os.environ[limit_variable(name)] = str(_number(text, f"--limit {name}"))


def beyond_limit(name: str) -> str:
    """Return the end of a message about more than the limit ``name`` accepts: the limit, and how to raise it."""
    return f"at most {input_limit(name):,} are accepted; raise that with: maskwright --limit {name}=NUMBER …"


def _number(text: str, asked_by: str) -> int:
    digits = text.replace("_", "").strip()
    if not digits.isdecimal() or len(digits) > 15 or int(digits) < 1:
        raise UsageError(f"{asked_by}: found '{text:.40}'; expected a whole number from 1 up to 15 digits.")
    return int(digits)
