from pathlib import Path

import numpy as np
import pytest

from maskwright.annotations.formats.voc_names import VOC_CLASSES, read_voc_names, voc_palette, write_voc_names
from maskwright.errors import DataError


def test_the_palette_is_the_development_kit_s():
    # The colours of the class legend of VOC 2012.
    palette = voc_palette()
    assert palette.shape == (256, 3)
    known = {1: (128, 0, 0), 2: (0, 128, 0), 8: (64, 0, 0), 15: (192, 128, 128), 20: (0, 64, 128), 255: (224, 224, 192)}
    for label, color in known.items():
        assert tuple(palette[label]) == color
    assert len(np.unique(palette, axis=0)) == 256


def test_a_folder_that_names_no_classes_has_voc_s_own(tmp_path: Path):
    assert read_voc_names(tmp_path) == dict(enumerate(VOC_CLASSES, start=1))
    assert (VOC_CLASSES[14], len(VOC_CLASSES)) == ("person", 20)


def test_the_label_map_of_other_tools_is_read(tmp_path: Path):
    text = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0::\ndog :0,128,0:head:run\n"
    (tmp_path / "labelmap.txt").write_text(text)
    assert read_voc_names(tmp_path) == {1: "cat", 2: "dog"}


def test_every_name_comes_back(tmp_path: Path):
    write_voc_names(tmp_path, ["traffic light", "café"])
    assert read_voc_names(tmp_path) == {1: "traffic light", 2: "café"}
    (tmp_path / "classes.json").unlink()
    assert read_voc_names(tmp_path) == {1: "traffic light", 2: "café"}


@pytest.mark.parametrize("name", ["a:b", "#1"])
def test_a_name_that_a_label_map_would_change_is_in_classes_json_alone(tmp_path: Path, name: str):
    write_voc_names(tmp_path, [name])
    assert not (tmp_path / "labelmap.txt").exists()
    assert read_voc_names(tmp_path) == {1: name}


def test_a_line_break_in_a_name_moves_no_other(tmp_path: Path):
    write_voc_names(tmp_path, ["cat\nbackground", "dog"])
    (tmp_path / "classes.json").unlink()
    assert read_voc_names(tmp_path) == {1: "cat\nbackground", 2: "dog"}


@pytest.mark.parametrize("content", ["[", "{}", '[{"index": "1", "name": "a"}]', '[{"name": "a"}]', "[1]"])
def test_a_damaged_list_of_classes_is_refused(tmp_path: Path, content: str):
    (tmp_path / "classes.json").write_text(content)
    with pytest.raises(DataError, match=r"classes\.json: is not a list of classes"):
        read_voc_names(tmp_path)
