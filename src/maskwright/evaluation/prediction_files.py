"""Writers of predicted instances: COCO results, and the official files of Cityscapes beside them."""

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
from maskwright.evaluation.results.category_ids import with_category_ids
from maskwright.files import writing_folder, writing_json_list
from maskwright.structures import ClassTable, Instances

LAYOUTS = ("coco", "cityscapes")
RESULTS, OFFICIAL = "instances.json", "cityscapes"

# Writes the objects found in one image, given the image's id in the results and its file name.
Write = Callable[[Instances, int, str], None]


def result_files(out: Path, layout: str, table: ClassTable, names: Iterable[str]) -> AbstractContextManager[Write]:
    """Return a context manager that yields ``write(instances, image_id, name)`` for the images of ``predict``.

    ``instances.json`` in the folder ``out`` holds the objects of all images as COCO results, with the category ids of
    ``table``. The layout ``cityscapes``
    also writes the official files, into a folder of that name. That folder replaces an older one when all images are
    done. ``table`` holds the classes of the labels, ``names`` are the file names of the images.

    Raises ``UsageError``, before anything is written, for classes or image names that the layout cannot hold, and when
    the folder ``cityscapes`` holds other files than results.
    """
    if layout == "coco":
        return _coco(out / RESULTS, table)
    label_ids, frames = instance_label_ids(table), frames_by_name(names)
    require_own_results(out / OFFICIAL)
    return _cityscapes(out, table, label_ids, frames)


@contextmanager
def _coco(path: Path, table: ClassTable) -> Iterator[Write]:
    with writing_json_list(path) as append:
        yield lambda found, image_id, name: append(with_category_ids(found.to_coco(image_id, name), table))


@contextmanager
def _cityscapes(
    out: Path, table: ClassTable, label_ids: Mapping[int, int], frames: Mapping[str, str]
) -> Iterator[Write]:
    with _coco(out / RESULTS, table) as as_coco, writing_folder(out / OFFICIAL) as folder:

        def write(found: Instances, image_id: int, name: str) -> None:
            """Write the objects of one image in both formats."""
            as_coco(found, image_id, name)
            write_predictions(folder, frames[name], found, label_ids)

        yield write


def require_own_results(folder: Path) -> None:
    """Raise ``UsageError`` when ``folder`` holds anything but older results: a data set is never replaced."""
    if not folder.exists():
        return
    others = [path.name for path in folder.iterdir()] if folder.is_dir() else [folder.name]
    others = sorted(name for name in others if name != MASKS and not name.endswith(SUFFIX))
    if others:
        raise UsageError(
            f"{folder}: holds {others[0]}, which predict did not write; expected no such folder, or older results "
            "to replace. Choose another --out."
        )
