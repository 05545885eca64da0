"""Make ``coco300``, the images of the recipes that end in ``-coco300``, from COCO's public files.

``python tools/coco300.py val2017 annotations/instances_val2017.json coco300`` draws 300 images to train on, 300 to
validate on and 30 to predict, each of which shows a person, bicycle, car, motorcycle or airplane. All annotations of an
image are kept. ``docs/how-to/coco300.md`` says where the files are.
"""

import argparse
import random
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from maskwright.annotations.coco.document import Document, read_document, records_with_ids, write_coco
from maskwright.annotations.coco.file import category_names
from maskwright.errors import DataError, MaskwrightError, require_folder
from maskwright.images.decode import image_path
from maskwright.printing import print_lines
from maskwright.workflows.split import split

CLASSES = ("person", "bicycle", "car", "motorcycle", "airplane")
PARTS = {"train": "train-300", "validation": "validation-300"}


def make(images: Path, annotations: Path, out: Path, each: int = 300, test: int = 30, seed: int = 0) -> None:
    """Write ``out`` with ``each`` images to train on, as many to validate on, and ``test`` without annotations.

    Images of the same name or nearly the same picture are in one part. Raises ``DataError`` when too few images show
    one of the classes, and ``FileExistsError`` when ``out`` is there.
    """
    require_folder(images, "images")
    document = read_document(annotations)
    drawn = _drawn(document, 2 * each + test, seed)
    out.mkdir(parents=True)
    drawn, held_out = drawn[: 2 * each], drawn[2 * each :]
    _write(document, drawn, out / "labels.json")
    done = split(out / "labels.json", out / "parts", ratios=(1, 1), names=list(PARTS), images=images, seed=seed)
    names = {image.id: image.file_name for image in document.coco.images}
    for part, folder in PARTS.items():
        (out / folder).mkdir()
        (out / "parts" / f"{part}.json").rename(out / folder / "labels.json")
        _copy(images, [names[identity] for identity in done.images[part]], out / folder / "data")
    _copy(images, [names[identity] for identity in held_out], out / "test-30")
    shutil.rmtree(out / "parts")
    (out / "labels.json").unlink()


def _drawn(document: Document, number: int, seed: int) -> list[int]:
    """Return the ids of so many images with an object of the classes, drawn by ``seed``."""
    by_id = category_names(document.coco)
    showing = sorted({each.image_id for each in document.coco.annotations if by_id[each.category_id] in CLASSES})
    if len(showing) < number:
        raise DataError(
            f"{document.coco.path}: {len(showing)} images show {', '.join(CLASSES)}; expected {number}. "
            "Take instances_val2017.json."
        )
    return random.Random(seed).sample(showing, number)


def _write(document: Document, ids: Collection[int], path: Path) -> None:
    wanted = set(ids)
    kept = [each.id for each in document.coco.annotations if each.image_id in wanted]
    annotations = records_with_ids(document.annotations, kept)
    write_coco(path, records_with_ids(document.images, wanted), annotations, document.categories, document.head)


def _copy(images: Path, names: Sequence[str], to: Path) -> None:
    to.mkdir()
    for name in names:
        shutil.copyfile(image_path(images, name), to / Path(name).name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the folder that the arguments name; return the exit code."""
    parser = argparse.ArgumentParser(description="Make coco300 from COCO's public files.")
    parser.add_argument("images", type=Path, help="the folder val2017")
    parser.add_argument("annotations", type=Path, help="instances_val2017.json")
    parser.add_argument("out", type=Path, help="the folder to make")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        make(given.images, given.annotations, given.out, seed=given.seed)
    except (MaskwrightError, OSError) as error:
        print_lines(f"error: {error}")
        return 1
    print_lines(f"{given.out}: {', '.join(PARTS.values())}, test-30")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
