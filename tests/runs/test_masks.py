"""The masks stage draws what ``maskwright masks`` draws, of every image in every part."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.files import read_json
from maskwright.masks.png import read_label_map
from tests.runs.small_experiments import with_masks


def test_every_image_of_every_part_has_a_label_map_of_its_size(tmp_path: Path) -> None:
    drawn = with_masks(tmp_path / "run")
    for name, part in drawn.prepared.parts.items():
        images = {objects.image.file_name: objects.image for objects in part.selection.images}
        files = sorted(drawn.masks_folder(name).glob("*.png"))
        assert [file.stem for file in files] == sorted(Path(image).stem for image in images)
        for file in files:
            image = images[f"{file.stem}.jpg"]
            assert read_label_map(file).shape == (image.height, image.width)
        assert (drawn.masks_folder(name) / "classes.json").is_file()


@pytest.mark.parametrize("rules", [("last", "ignore"), ("smallest", "include"), ("first", "skip")])
def test_the_label_maps_are_those_of_the_command(rules: tuple[str, str], tmp_path: Path) -> None:
    overlap, crowd = rules
    drawn = with_masks(tmp_path / "run", f"data.overlap={overlap}", f"data.crowd={crowd}")
    part = drawn.prepared.parts["train"]
    options = ["--overlap", overlap, "--crowd", crowd, "--workers", "0", "--quiet"]
    assert main(["masks", str(part.annotations), "--out", str(tmp_path / "masks"), *options]) == 0
    files = sorted((tmp_path / "masks").glob("*.png"))
    assert len(files) == 10
    for file in files:
        assert np.array_equal(read_label_map(file), read_label_map(drawn.masks_folder("train") / file.name)), file
    names = (read_json(folder / "classes.json") for folder in (tmp_path / "masks", drawn.masks_folder("train")))
    assert next(names) == next(names)
