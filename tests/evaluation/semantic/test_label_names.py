import time
from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.semantic.label_names import LabelNames, LabelRemapper, read_label_names
from maskwright.files import write_json, write_text
from maskwright.structures import ClassTable

HERE = Path("map.png")


def labels(*values: int) -> np.ndarray:
    return np.array([values], np.uint8)


def test_a_class_table_has_background_before_its_classes(tmp_path: Path):
    write_json(tmp_path / "classes.json", ClassTable.from_names(["dog", "cat"]).to_json())
    assert read_label_names(tmp_path / "classes.json") == LabelNames(["background", "dog", "cat"], 255)


def test_a_text_file_names_labels_from_0(tmp_path: Path):
    write_text(tmp_path / "names.txt", "\ufeffroad\nsidewalk \n\n")
    assert read_label_names(tmp_path / "names.txt", 254) == LabelNames(["road", "sidewalk"], 254)


def test_many_names_ignore_65535(tmp_path: Path):
    write_text(tmp_path / "names.txt", "".join(f"{i}\n" for i in range(300)))
    assert read_label_names(tmp_path / "names.txt").ignore_index == 65535


@pytest.mark.parametrize(("text", "words"), [("dog\ndog\n", "dog repeat"), ("\n", "names no class")])
def test_names_that_cannot_be_are_refused(tmp_path: Path, text: str, words: str):
    write_text(tmp_path / "names.txt", text)
    with pytest.raises(DataError, match=words):
        read_label_names(tmp_path / "names.txt")


def test_more_classes_than_the_limit_are_refused_and_as_many_looked_up_at_once():
    many = LabelNames([f"class {i}" for i in range(60_000)], 65535)
    before = time.process_time()
    with pytest.raises(DataError, match=r"60,000 classes; at most 2,000 .*confused-labels"):
        LabelRemapper(many)
    foreign = LabelRemapper(LabelNames(["class 0", "class 1"], 255), many).foreign
    assert len(foreign) == 59_998
    assert LabelRemapper(many, ignore=many.names[2_000:]).classes == 2_000
    assert time.process_time() - before < 5


def test_indices_with_gaps_are_refused(tmp_path: Path):
    write_json(tmp_path / "classes.json", [{"index": 2, "name": "dog", "color": [1, 2, 3]}])
    with pytest.raises(DataError, match="Class 1 has the index 2; expected 1, 2, 3, … in order"):
        read_label_names(tmp_path / "classes.json")


def test_predictions_are_renumbered_by_name():
    both = LabelRemapper(
        LabelNames(["background", "dog", "cat"], 255), LabelNames(["background", "cat", "cow", "dog"], 250)
    )
    assert both.truth(labels(0, 1, 2, 255), HERE).tolist() == [[0, 1, 2, both.ignore_index]]
    # A cow is none of the classes, and neither is what a prediction leaves out.
    assert both.prediction(labels(0, 1, 2, 3, 250), HERE).tolist() == [[0, 2, 3, 1, 3]]
    assert both.foreign == ["cow"]


def test_ignored_classes_of_the_truth_do_not_count_and_predicting_them_is_a_miss():
    both = LabelRemapper(LabelNames(["road", "void", "car"], 255), None, ["void"])
    assert both.names == ["road", "car"]
    assert both.truth(labels(0, 1, 2), HERE).tolist() == [[0, 255, 1]]
    assert both.prediction(labels(0, 1, 2), HERE).tolist() == [[0, 2, 1]]


def test_as_many_labels_as_8_bits_hold_are_counted_in_16():
    both = LabelRemapper(LabelNames([str(i) for i in range(255)], 255))
    assert both.dtype is np.uint16
    assert both.truth(labels(254, 255), HERE).tolist() == [[254, 65535]]
    assert both.prediction(labels(255), HERE).tolist() == [[255]]


def test_labels_without_a_name_are_refused_with_the_file():
    both = LabelRemapper(LabelNames(["road", "car"], 255))
    with pytest.raises(DataError, match=r"map\.png: has the labels 7, 9; expected 0 to 1, or 255"):
        both.prediction(labels(0, 7, 9), HERE)


def test_names_that_do_not_meet_are_refused():
    with pytest.raises(DataError, match=r"cow.*dog"):
        LabelRemapper(LabelNames(["background", "dog"], 255), LabelNames(["background", "cow"], 255))
    with pytest.raises(UsageError, match="Nearest: road"):
        LabelRemapper(LabelNames(["road"], 255), None, ["raod"])
    with pytest.raises(UsageError, match="Every class is ignored"):
        LabelRemapper(LabelNames(["road"], 255), None, ["road"])
