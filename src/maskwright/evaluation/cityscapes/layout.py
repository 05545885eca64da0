"""The folders and files of Cityscapes: the truth of a split, and the predictions that belong to it.

Truth lies in ``gtFine/<split>/<city>/<city>_<sequence>_<frame>_gtFine_{instanceIds,labelIds}.png``. Predicted instances
are one ``<city>_<sequence>_<frame>*.txt`` per image, anywhere in the results folder, whose lines name a mask file, a
label id and a confidence. Predicted labels are one ``<city>_<sequence>_<frame>*.png`` per image.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from maskwright.errors import DataError, UsageError, some_of, unknown_name
from maskwright.files import require_regular_file

SPLITS = ("train", "val", "test")
INSTANCE_IDS, LABEL_IDS = "_gtFine_instanceIds.png", "_gtFine_labelIds.png"

# A city's name may itself hold underscores and digits; sequence and frame are numbers of six digits.
_FRAME = re.compile(r"^(?P<frame>.+?_\d{6}_\d{6})(?=\D|$)")


class Prediction(NamedTuple):
    """A line of a results file: a mask file, the label id and the confidence."""

    mask: Path
    label: int
    confidence: float


def frame_of(name: str) -> str | None:
    """Return ``<city>_<sequence>_<frame>`` from the beginning of a file name, or None where there is none."""
    match = _FRAME.match(name)
    return match["frame"] if match else None


def truth_files(folder: Path, split: str | None, suffix: str) -> dict[str, Path]:
    """Return the truth files of one split whose name ends in ``suffix``, by frame, in order of the frames.

    ``folder`` holds ``gtFine`` or is it. Without ``split`` the only one is used, or ``val`` among several. Files
    outside any split are used when there is no split.

    Raises ``UsageError`` when there is no such split or no file, and when there are several splits without ``val``.
    Raises ``DataError`` when two files are of one frame.
    """
    root = folder / "gtFine" if (folder / "gtFine").is_dir() else folder
    splits = [name for name in SPLITS if (root / name).is_dir()]
    if split is not None and split not in splits:
        raise unknown_name(f"split in {root}", split, splits) if splits else _no_truth(root, suffix)
    chosen = split or ("val" if "val" in splits else splits[0] if len(splits) == 1 else None)
    if chosen is None and splits:
        raise UsageError(f"{root}: holds the splits {', '.join(splits)}; expected one. Use --split.")
    found = _by_frame((root / chosen if chosen else root).rglob(f"*{suffix}"))
    if not found:
        raise _no_truth(root / chosen if chosen else root, suffix)
    for frame, paths in found.items():
        if len(paths) > 1:
            raise DataError(f"{paths[0]} and {paths[1]} are both the truth of {frame}; expected one. Remove the other.")
    return {frame: found[frame][0] for frame in sorted(found)}


def prediction_files(folder: Path, suffix: str, exclude: Iterable[Path] = ()) -> dict[str, list[Path]]:
    """Return the files in ``folder`` that end in ``suffix``, by frame.

    The files ``exclude`` and those in folders called ``gtFine`` are skipped, as are files whose name has no frame.
    """
    left_out = {path.resolve() for path in exclude}
    paths = (path for path in sorted(folder.rglob(f"*{suffix}")) if "gtFine" not in path.relative_to(folder).parts)
    return _by_frame(path for path in paths if path.resolve() not in left_out)


def match_frames(frames: Iterable[str], found: Mapping[str, list[Path]], folder: Path, what: str) -> dict[str, Path]:
    """Return the prediction file of each frame.

    ``found`` are the files of ``folder`` by frame, ``what`` describes such a file in messages. Raises ``DataError``
    that names the frames without a file, or the two files of one frame.
    """
    wanted = list(frames)
    missing = [frame for frame in wanted if frame not in found]
    if missing:
        raise DataError(
            f"{folder}: has no {what} for {len(missing)} of {len(wanted)} images ({some_of(missing, 3)}); expected one "
            "for each image of the truth, an empty one where nothing was found. Predict them too, or choose a --split."
        )
    for frame in wanted:
        if len(found[frame]) > 1:
            first, second = found[frame][:2]
            raise DataError(f"{first} and {second} are both the {what} for {frame}; expected one. Remove the other.")
    return {frame: found[frame][0] for frame in wanted}


def read_predictions(path: Path, folder: Path) -> list[Prediction]:
    """Read the lines of an official results file, whose mask files lie in the results ``folder``.

    Of lines with the same mask file the last counts, as in the official script.

    Raises ``DataError``, which names the line, for one that is not ``mask label confidence``, and for a mask outside
    ``folder``.
    """
    predictions: dict[Path, Prediction] = {}
    text = require_regular_file(path).read_text(encoding="utf-8", errors="surrogateescape")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        fields = line.split()
        try:
            mask, label, confidence = fields[0], int(float(fields[1])), float(fields[2])
            if len(fields) != 3 or not math.isfinite(confidence):
                raise ValueError
        except (ValueError, IndexError, OverflowError):
            raise DataError(
                f"{path}, line {number}: {line.strip()[:80]!r}; expected 'mask.png labelId confidence' with a relative "
                "path without spaces. Write the file in Cityscapes' official format."
            ) from None
        if _leads_out(path.parent, mask, folder):
            raise DataError(f"{path}, line {number}: the mask {mask} lies outside {folder}; expected one inside it.")
        mask_path = path.parent / mask
        predictions[mask_path] = Prediction(mask_path, label, confidence)
    return list(predictions.values())


def _leads_out(base: Path, name: str, folder: Path) -> bool:
    """Return whether ``name`` in ``base`` is absolute, or leaves ``folder`` by ``..``; a link may leave it."""
    if Path(name).is_absolute():
        return True
    return ".." in Path(name).parts and not (base / name).resolve().is_relative_to(folder.resolve())


def _by_frame(paths: Iterable[Path]) -> dict[str, list[Path]]:
    grouped: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        frame = frame_of(path.name)
        if frame is not None:
            grouped[frame].append(path)
    return dict(grouped)


def _no_truth(root: Path, suffix: str) -> UsageError:
    labels_alone = suffix == INSTANCE_IDS and any(root.rglob(f"*{LABEL_IDS}"))
    found = ", only label ids, which do not tell objects apart" if labels_alone else ""
    return UsageError(
        f"{root}: holds no file <city>_<sequence>_<frame>{suffix}{found}; expected Cityscapes' gtFine folder, or the "
        "one above."
    )
