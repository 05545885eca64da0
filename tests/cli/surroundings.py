"""Commands on a small data set with names in several scripts, called one after the other by a process of its own.

``python -m tests.cli.surroundings`` runs the ``COMMANDS`` in the current folder and writes their exit codes to the
file ``ANSWER``. With the variable ``CLOCK`` the clock jumps by so many seconds whenever it is asked; with ``USER`` the
process becomes the user of this number. They are no arguments, because pages tell the arguments of the process.
"""

import contextlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ANSWER = Path("out/answer.json")
CLOCK, USER = "TESTED_CLOCK", "TESTED_USER"

HEIGHT, WIDTH = 40, 60
NAMES = ("1.png", "caf\u00e9.png", "\u732b 3.png", "4.png")

COMMANDS = [
    "check in/labels.json --images in/photos --fix out/fixed.json",
    "check in/labels.json --json",
    "explore in/labels.json",
    "subset in/labels.json --max-images 3 --out out/part.json",
    "split in/labels.json --images in/photos --ratios 1:1 --out out/parts",
    "convert in/labels.json --from coco --to yolo --out out/yolo",
    "convert in/labels.json --from coco --to voc --out out/voc",
    "masks in/labels.json --out out/masks --workers 2",
    "score semantic out/masks out/masks",
    "score instance in/labels.json in/results.json --out out/scores",
    "compare in/results.json in/other.json --truth in/labels.json --samples 100 --out out/compared",
    "review in/labels.json in/results.json --images in/photos --out out/review",
    "recipes",
    "weights list",
    "models",
]


def write_inputs(folder: Path) -> None:
    """Write the data set into ``folder/in`` and make ``folder/out``."""
    (folder / "in" / "photos").mkdir(parents=True)
    (folder / "out").mkdir()
    images = [{"id": i, "file_name": name, "height": HEIGHT, "width": WIDTH} for i, name in enumerate(NAMES, 1)]
    square: dict[str, Any] = {"segmentation": [[5, 5, 25, 5, 25, 25, 5, 25]], "bbox": [5, 5, 20, 20]}
    objects = [
        {"id": i, "image_id": i, "category_id": 1 + i % 2, **square, "area": 400, "iscrowd": 0} for i in range(1, 5)
    ]
    categories = [{"id": 1, "name": "\u732b"}, {"id": 2, "name": "na\u00efve \u221a"}]
    write(folder / "in" / "labels.json", {"images": images, "annotations": objects, "categories": categories})
    found = [{"image_id": i, "category_id": 1 + i % 2, "bbox": [5, 5, 20, 20], "score": 0.9} for i in range(1, 5)]
    write(folder / "in" / "results.json", found)
    write(folder / "in" / "other.json", found[:3])
    for number, name in enumerate(NAMES):
        pixels = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "in" / "photos" / name)


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def jump(step: float) -> None:
    """Let the clock of this process be ``step`` seconds further whenever it is asked, as if somebody set it."""
    asked, clock = iter(range(1, 1_000_000)), time.time
    time.time = lambda: clock() + step * next(asked)


def rehearse(folder: Path) -> None:
    """Run the commands in ``folder``, so that all they import is there: another user may not read the interpreter."""
    from maskwright.cli.main import main

    write_inputs(folder)
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for command in COMMANDS:
            main(command.split())


def run() -> list[int | str]:
    """Run the commands as the script does; return their exit codes, or the exception that none of them caught."""
    from maskwright.cli.main import main
    from maskwright.cli.terminal.streams import open_standard_streams, settle_streams

    open_standard_streams()
    codes: list[int | str] = []
    for command in COMMANDS:
        try:
            codes.append(settle_streams(main(command.split())))
        except Exception as error:
            codes.append(f"{command}: {error!r}")
    return codes


def answer() -> None:
    """Do what the variables of the process ask for."""
    if CLOCK in os.environ:
        jump(float(os.environ[CLOCK]))
    if USER in os.environ:
        rehearse(Path("rehearsal"))
        os.setgroups([])
        os.setgid(int(os.environ[USER]))
        os.setuid(int(os.environ[USER]))
    ANSWER.write_text(json.dumps(run()), encoding="utf-8")


if __name__ == "__main__":
    answer()
