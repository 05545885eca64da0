"""The folders and files of Cityscapes: which truth there is, and which predictions belong to it.

Truth lies in ``gtFine/<split>/<city>/<city>_<sequence>_<frame>_gtFine_{instanceIds,labelIds}.png``. Predicted instances
are one ``<city>_<sequence>_<frame>*.txt`` an image, anywhere in the results folder, whose lines name a mask file, a
label id and a confidence; predicted labels are one ``<city>_<sequence>_<frame>*.png`` an image.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from maskwright.errors import DataError, UsageError, some_of, unknown_name

SPLITS = ("train", "val", "test")
INSTANCE_IDS, LABEL_IDS = "_gtFine_instanceIds.png", "_gtFine_labelIds.png"

# A city's name may itself hold underscores and digits; sequence and frame are numbers of six digits.
_FRAME = re.compile(r"^(?P<frame>.+?_\d{6}_\d{6})(?=\D|$)")


class Prediction(NamedTuple):
    """One line of a results file: a mask file, the label id and the confidence."""

    mask: Path
    label: int
    confidence: float


def frame_of(name: str) -> str | None:
    """``<city>_<sequence>_<frame>`` at the beginning of a file name, or None where there is none."""
    match = _FRAME.match(name)
    return match["frame"] if match else None


def truth_files(folder: Path, split: str | None, suffix: str) -> dict[str, Path]:
    """The truth files of one split whose name ends in ``suffix``, by frame, in order.

    ``folder`` holds ``gtFine`` or is it. Without ``split`` the only one is taken, or ``val`` among several; files that
    lie outside any split are taken as they are.

    Raises ``UsageError`` when the split or any file is missing, ``DataError`` when two files are of one frame.
    """
    root = folder / "gtFine" if (folder / "gtFine").is_dir() else folder
    splits = [name for name in SPLITS if (root / name).is_dir()]
    if split is not None and split not in splits:
        raise unknown_name(f"split in {root}", split, splits) if splits else _no_truth(root, suffix)
    chosen = split or ("val" if "val" in splits else splits[0] if len(splits) == 1 else None)
    if chosen is None and splits:
        raise UsageError(f"{root}: holds the splits {', '.join(splits)}; expected to be told which. Use --split.")
    found = _by_frame((root / chosen if chosen else root).rglob(f"*{suffix}"))
    if not found:
        raise _no_truth(root / chosen if chosen else root, suffix)
    for frame, paths in found.items():
        if len(paths) > 1:
            raise DataError(f"{paths[0]} and {paths[1]} are both the truth of {frame}; expected one. Remove the other.")
    return {frame: found[frame][0] for frame in sorted(found)}


def prediction_files(folder: Path, suffix: str, exclude: Iterable[Path] = ()) -> dict[str, list[Path]]:
    """The files in ``folder`` that end in ``suffix``, by frame; without ``leave_out`` and ``gtFine`` folders."""
    left_out = {path.resolve() for path in exclude}
    paths = (path for path in sorted(folder.rglob(f"*{suffix}")) if "gtFine" not in path.relative_to(folder).parts)
    return _by_frame(path for path in paths if path.resolve() not in left_out)


def match_frames(frames: Iterable[str], found: Mapping[str, list[Path]], folder: Path, what: str) -> dict[str, Path]:
    """The prediction file of each frame.

    Raises ``DataError`` that names the frames without a file and those with several.
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
    """The lines of an official results file; of lines with one mask file the last counts, as in the official script.

    Raises ``DataError`` with the line for one that is not ``mask label confidence``, and for a mask that lies outside
    the results ``folder``.
    """
    predictions: dict[Path, Prediction] = {}
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
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
        if Path(mask).is_absolute() or not (path.parent / mask).resolve().is_relative_to(folder.resolve()):
            raise DataError(f"{path}, line {number}: the mask {mask} lies outside {folder}; expected one inside it.")
        mask_path = path.parent / mask
        predictions[mask_path] = Prediction(mask_path, label, confidence)
    return list(predictions.values())


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
