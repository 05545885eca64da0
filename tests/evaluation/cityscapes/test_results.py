import pytest

from maskwright.errors import DataError
from maskwright.evaluation.cityscapes.matching import CLASS_OF_LABEL
from maskwright.evaluation.cityscapes.results import FrameIndex, by_frame, read_city_results
from maskwright.files import write_json
from maskwright.structures import ClassTable

SIZES = {"aachen_000000_000019": (20, 30), "ulm_000001_000019": (20, 30)}
SQUARE = [[2, 2, 12, 2, 12, 12, 2, 12]]


def record(file_name: str, category_id: int) -> dict:
    return {"image_id": 9, "file_name": file_name, "category_id": category_id, "score": 0.5, "segmentation": SQUARE}


def test_images_are_found_by_the_beginning_of_their_file_name():
    index = FrameIndex(SIZES)
    assert index.find(0, "ulm_000001_000019_leftImg8bit.png") == 1
    assert index.find(0, "leftImg8bit/val/ulm/ulm_000001_000019.png") == 1
    assert index.find(0, "bonn_000001_000019.png") is index.find(0, "x.png") is index.find(1, None) is None


def test_category_ids_are_label_ids(write_json):
    path = write_json([record("ulm_000001_000019_leftImg8bit.png", 26)], "instances.json")
    grouped = by_frame(read_city_results(path, SIZES), list(SIZES))
    assert list(grouped) == ["ulm_000001_000019"]
    ((rle, position, score),) = grouped["ulm_000001_000019"]
    assert (rle["size"], position, score) == ([20, 30], CLASS_OF_LABEL[26], 0.5)


def test_with_classes_beside_the_results_classes_meet_by_name(tmp_path):
    write_json(tmp_path / "classes.json", ClassTable.from_names(["dog", "car", "person"]).to_json())
    records = [record("aachen_000000_000019.png", index) for index in (1, 2, 3)]
    write_json(tmp_path / "instances.json", records)
    results = read_city_results(tmp_path / "instances.json", SIZES)
    found = by_frame(results, list(SIZES))["aachen_000000_000019"]
    assert [position for _, position, _ in found] == [CLASS_OF_LABEL[26], CLASS_OF_LABEL[24]]
    assert results.rejected.counts == {"class_not_scored": 1}


def test_results_of_no_known_image_are_refused(write_json):
    with pytest.raises(DataError, match="none of its 1 records"):
        read_city_results(write_json([record("x.png", 26)], "instances.json"), SIZES)
