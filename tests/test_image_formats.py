import ast
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, UnidentifiedImageError

from maskwright.errors import DataError
from maskwright.image_formats import FORMATS, open_image
from maskwright.images.decode import image_size, read_image
from maskwright.images.inspection import inspect
from maskwright.masks.binary_png import read_mask
from maskwright.masks.gray_png import read_gray_label_map
from maskwright.masks.png import read_label_map
from tools.architecture.import_graph import ROOT

PROGRAM = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"

# What opens an image whatever its format, or by a decoder that Pillow finds for it.
OPENERS = {"Image.open", "PIL.Image.open", "cv2.imread", "pyplot.imread", "plt.imread", "matplotlib.image.imread"}
MODULES = {"imageio", "skimage.io", "torchvision.io", "PIL.ImageFile", "PIL.EpsImagePlugin", "matplotlib.image"}


@pytest.fixture
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called ``gs`` that leaves a file behind when it is started; the path of that file."""
    mark, program = tmp_path / "started", tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    return mark


def test_the_attack_works_where_no_formats_are_named(tmp_path: Path, ghostscript: Path):
    (tmp_path / "1.png").write_bytes(PROGRAM)
    with pytest.raises(UnidentifiedImageError), Image.open(tmp_path / "1.png") as image:  # what gs wrote is no image
        image.load()
    assert ghostscript.exists()


@pytest.mark.parametrize(
    "read", [read_label_map, read_gray_label_map, read_mask, read_image, image_size], ids=lambda read: read.__name__
)
def test_a_picture_that_is_a_program_is_not_run(tmp_path: Path, ghostscript: Path, read: Callable[[Path], object]):
    path = tmp_path / "1.png"
    path.write_bytes(PROGRAM)
    with pytest.raises(DataError, match=r"1\.png.*no known image format"):
        read(path)
    assert inspect(path).reason == "it is of no known image format"
    assert not ghostscript.exists()


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"PSD", "SUN", "QOI"}))  # which Pillow reads and does not write
def test_every_format_is_opened_from_a_file_and_from_a_stream(tmp_path: Path, name: str):
    Image.init()
    if name not in Image.SAVE:
        pytest.skip(f"this Pillow does not write {name}")
    path = tmp_path / "1.png"
    Image.fromarray(np.zeros((16, 32), np.uint8)).convert("1" if name == "MSP" else "RGB").save(path, name)
    for source in (path, io.BytesIO(path.read_bytes())):
        with open_image(source) as image:
            assert image.size[0] == 2 * image.size[1] or name == "ICO"
            image.load()


def test_only_the_formats_that_are_named_are_opened(tmp_path: Path):
    Image.new("L", (4, 4)).save(tmp_path / "1.png", "BMP")
    for source in (tmp_path / "1.png", io.BytesIO((tmp_path / "1.png").read_bytes())):
        with pytest.raises(UnidentifiedImageError, match="no known image format"):
            open_image(source, ["PNG"])


def test_the_number_of_pixels_is_limited_unless_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Image.new("L", (6, 4)).save(tmp_path / "1.png")
    monkeypatch.setenv("MASKWRIGHT_LIMIT_IMAGE_PIXELS", "23")
    with pytest.raises(ValueError, match=r"it has 6×4 pixels; at most 23 are accepted; .*--limit image-pixels"):
        open_image(tmp_path / "1.png")
    with open_image(tmp_path / "1.png", any_size=True) as image:
        assert image.size == (6, 4)


def test_no_other_file_opens_images_by_pillow():
    """What is opened elsewhere could be of a format that runs a program."""
    files = [path for folder in ("src", "tools") for path in (ROOT / folder).rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}: {what}" for path in files for what in openers(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []


def openers(tree: ast.AST) -> Iterator[str]:
    """The calls in ``tree`` that open an image by themselves, and the imports of modules that do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in OPENERS:
            yield ast.unparse(node)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{each.name}" for each in node.names} | {str(node.module)}
            yield from names & (MODULES | OPENERS)


@pytest.mark.parametrize(
    "code", ["Image.open(path)", "import imageio", "from PIL import ImageFile", "from PIL.Image import open"]
)
def test_the_search_finds_what_it_looks_for(code: str):
    assert len(list(openers(ast.parse(code)))) == 1
