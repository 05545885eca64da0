"""Names of classes and files from strangers, in every command that needs no model: they neither command nor forge."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.cli.main import main

FORGED = "error: all is well"
CLASSES = [f"cat\n{FORGED}", "\x1b]0;owned\x07dog", "\x9b31mcow", "[/y][red]sheep", "exe.\u202egpj"]
FILES = [f"a\n{FORGED}.png", "b\x1b[2J.png", "[/y].png"]
TRIANGLE = [2, 2, 20, 2, 2, 20]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A COCO file and its images in a folder whose name is markup of Rich, which an unescaped bar cannot draw."""
    folder = tmp_path / "[" / "y]"
    for number, name in enumerate(FILES):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3)).astype(np.uint8)
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / "images" / name, "PNG")
    images = [{"id": i, "width": 32, "height": 32, "file_name": name} for i, name in enumerate(FILES, start=1)]
    categories = [{"id": i, "name": name} for i, name in enumerate(CLASSES, start=1)]
    annotations = [
        {
            **{"id": image * 10 + category, "image_id": image, "category_id": category, "iscrowd": 0},
            **{"segmentation": [TRIANGLE], "area": 162, "bbox": [2, 2, 18, 18]},
        }
        for image in range(1, len(FILES) + 1)
        for category in range(1, len(CLASSES) + 1)
    ]
    # One that is left out, with a message that names its image.
    annotations.append({**annotations[0], "id": 99, "segmentation": [[1, 2]]})
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


COMMANDS = {
    "check": ["check", "labels.json", "--images", "images", "--fix", "fixed.json"],
    "check json": ["check", "labels.json", "--json"],
    "explore": ["explore", "labels.json", "--images", "images", "--out", "pages"],
    "subset": ["subset", "labels.json", "--out", "part.json", "--max-images", "2"],
    "split": ["split", "labels.json", "--ratios", "1:1:1", "--out", "parts"],
    "masks": ["masks", "labels.json", "--out", "masks"],
    "unknown class": ["masks", "labels.json", "--out", "masks", "--classes", f"x\n{FORGED}"],
    "yolo": ["convert", "labels.json", "--from", "coco", "--to", "yolo", "--out", "yolo"],
    "voc": ["convert", "labels.json", "--from", "coco", "--to", "voc", "--out", "voc"],
    "labelme": ["convert", "labels.json", "--from", "coco", "--to", "labelme", "--out", "labelme"],
    "score": ["score", "instance", "labels.json", "found.json"],
    "score json": ["score", "instance", "labels.json", "found.json", "--json"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_names_command_no_terminal_and_forge_no_line(
    data: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(data)
    truth = json.loads(Path("labels.json").read_text())
    found = [{**each, "score": 0.9} for each in truth["annotations"][:-1] if each["category_id"] % 2]
    Path("found.json").write_text(json.dumps(found))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert main(COMMANDS[command]) in (0, 1, 2)
    printed = capsys.readouterr()
    shown = printed.out + without_bars(printed.err)
    assert shown
    assert {letter for letter in shown if not letter.isprintable()} <= {"\n"}
    assert not any(line.lstrip().startswith(FORGED) for line in shown.splitlines())
    for text in data.rglob("*"):
        if text.suffix in (".txt", ".csv", ".yaml", ".html", ".svg"):
            content = text.read_text(encoding="utf-8")
            assert {letter for letter in content if not letter.isprintable()} <= {"\n", "\u00a0", "\t"}, text
            assert not any(line.lstrip().startswith(FORGED) for line in content.splitlines()), text


def without_bars(text: str) -> str:
    """The text without the escapes by which Rich moves and colours its bars."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text)
