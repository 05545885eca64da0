"""Images that are read by windows are predicted as those that are read as a whole, in bounded memory."""

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.cli.main import main
from maskwright.images.decode import read_image
from maskwright.masks.png import read_label_map
from maskwright.runs.predicting import inputs, results
from tests.server.served import picture, random_model

MOST = 5 << 29  # two and a half GiB
PROGRAM = """
import json, resource, sys
from maskwright.cli.main import main
code = main(sys.argv[1:])
print(json.dumps([code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))
"""


@pytest.mark.parametrize("task", ["semantic", "instance"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_an_image_read_by_windows_is_predicted_as_the_whole(
    suffix: str, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / f"map.{suffix}"
    Image.fromarray(picture(width=300, height=200)).save(image)
    options = ["--tile", "96", "--score", "0", "--quiet", *(["--cutouts"] if task == "instance" else [])]
    arguments = ["predict", str(random_model(task, tmp_path)), str(image), *options]
    assert main([*arguments, "--out", str(tmp_path / "whole")]) == 0
    for module in (inputs, results):
        monkeypatch.setattr(module, "LARGE", 10_000)
    assert main([*arguments, "--out", str(tmp_path / "windows")]) == 0
    whole, windows = tmp_path / "whole", tmp_path / "windows"
    if task == "semantic":
        assert (read_label_map(whole / "label_maps/map.png") == read_label_map(windows / "label_maps/map.png")).all()
    else:
        assert (whole / "instances.json").read_bytes() == (windows / "instances.json").read_bytes()
        assert json.loads((whole / "instances.json").read_text())
        cutouts = [sorted(folder.glob("cutouts/*")) for folder in (whole, windows)]
        assert [path.read_bytes() for path in cutouts[0]] == [path.read_bytes() for path in cutouts[1]] != []
    assert read_image(whole / "overlays/map.jpg").shape[1] == 300
    assert read_image(windows / "overlays/map.jpg").shape[1] == 100  # a third, of up to 10,000 pixels


def write_large(path: Path, side: int) -> None:
    """A PNG file of a square of grey waves, written row by row."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer, across = zlib.compressobj(1), np.arange(side) // 7
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)))
        for row in range(side):
            grey = ((across + row // 5) % 256).astype(np.uint8)
            file.write(chunk(b"IDAT", packer.compress(b"\0" + np.repeat(grey, 3).tobytes()) or b""))
        file.write(chunk(b"IDAT", packer.flush()) + chunk(b"IEND", b""))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_twenty_thousand_pixels_square_take_less_than_two_and_a_half_gibibytes(task: str, tmp_path: Path) -> None:
    write_large(tmp_path / "large.png", 20_000)
    arguments = ["predict", random_model(task, tmp_path), tmp_path / "large.png", "--out", tmp_path / "out"]
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments), "--tile", "1024", "--score", "0.9", "--quiet"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    code, peak = json.loads(shown.splitlines()[-1])
    print(f"{task}: {peak / 2**30:.2f} GiB")
    assert (code, peak < MOST) == (0, True)
    assert (tmp_path / "out" / "overlays" / "large.jpg").is_file()
