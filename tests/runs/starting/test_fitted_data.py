"""The copy of a file has the images that are there, under their names, and every field of every record."""

import json
import sys
from pathlib import Path

import pytest

from maskwright.annotations.formats.exports import find_export
from maskwright.progress import Reporter
from maskwright.runs.starting.fitted_data import LocatedPart, figures_of, locate_parts, write_located
from tests.annotations.formats.exports_of_tools import cvat, label_studio
from tests.conftest import CocoFactory


def located(root: Path, images: Path | None = None) -> LocatedPart:
    (part,) = locate_parts(find_export(root, images), images, Reporter(stream=sys.stdout))
    return part


@pytest.mark.parametrize("export", [cvat, label_studio])
def test_an_export_s_own_way_of_naming_images_is_mended_in_the_copy(export, tmp_path: Path) -> None:
    part = located(export(tmp_path / "export", 3, tmp_path / "made"))
    assert len(part.places.names) == 3
    write_located(part, tmp_path / "copy.json")
    copy = json.loads((tmp_path / "copy.json").read_text())
    assert all((part.places.folder / image["file_name"]).is_file() for image in copy["images"])
    assert len(copy["annotations"]) == len(part.document.coco.annotations)
    assert figures_of([part]).images == 3
    assert [file.is_file() for file in part.files(2)] == [True, True]


def test_what_is_missing_is_said_and_left_out_with_its_annotations(
    coco: CocoFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = coco({"note": "kept"}, {"image_id": 2}, images=({"camera": 7}, {}))
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.png").write_bytes(b"")
    part = located(path)
    assert not part.is_exact
    assert "1 of 2 images have no file" in capsys.readouterr().out
    write_located(part, tmp_path / "copy.json")
    copy = json.loads((tmp_path / "copy.json").read_text())
    assert [image["camera"] for image in copy["images"]] == [7]
    assert [each["note"] for each in copy["annotations"]] == ["kept"]
    assert [category["name"] for category in copy["categories"]] == ["person", "dog"]
