"""How the objects that ``predict`` finds are written: as COCO results, and in Cityscapes' official files too."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.evaluation.cityscapes.writing import (
    MASKS,
    SUFFIX,
    frames_by_name,
    instance_label_ids,
    write_predictions,
)
from maskwright.files import writing_folder, writing_json_list
from maskwright.structures import ClassTable, Instances

LAYOUTS = ("coco", "cityscapes")
RESULTS, OFFICIAL = "instances.json", "cityscapes"

# Writes what was found in one image, given its number from 1 and its file name.
Write = Callable[[Instances, int, str], None]


def result_files(out: Path, layout: str, table: ClassTable, names: Iterable[str]) -> AbstractContextManager[Write]:
    """What writes the objects of the classes ``table``, image by image, into the folder ``out``.

    ``instances.json`` holds them as COCO results; the layout ``cityscapes`` has the official files as well, in a folder
    of that name, which takes the place of an older one when all images are done.

    Raises ``UsageError``, before anything is written, for classes or image ``names`` that the layout cannot hold, and
    when other files are in its place.
    """
    if layout == "coco":
        return _coco(out / RESULTS)
    label_ids, frames = instance_label_ids(table), frames_by_name(names)
    _require_own(out / OFFICIAL)
    return _cityscapes(out, label_ids, frames)


@contextmanager
def _coco(path: Path) -> Iterator[Write]:
    with writing_json_list(path) as append:
        yield lambda found, number, name: append(found.to_coco(number, name))


@contextmanager
def _cityscapes(out: Path, label_ids: Mapping[int, int], frames: Mapping[str, str]) -> Iterator[Write]:
    with _coco(out / RESULTS) as as_coco, writing_folder(out / OFFICIAL) as folder:

        def write(found: Instances, number: int, name: str) -> None:
            as_coco(found, number, name)
            write_predictions(folder, frames[name], found, label_ids)

        yield write


def _require_own(folder: Path) -> None:
    """Replaced is what this module wrote, never a data set that happens to lie there."""
    if not folder.exists():
        return
    others = [path.name for path in folder.iterdir()] if folder.is_dir() else [folder.name]
    others = sorted(name for name in others if name != MASKS and not name.endswith(SUFFIX))
    if others:
        raise UsageError(
            f"{folder}: holds {others[0]}, which is none of predict's results; expected no such folder, or older "
            "results to replace. Choose another --out."
        )
