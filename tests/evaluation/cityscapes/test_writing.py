from pathlib import Path

import numpy as np
import pytest
from hotcoco import mask as coco_mask
from PIL import Image

from maskwright.errors import UsageError
from maskwright.evaluation.cityscapes.layout import prediction_files, read_predictions
from maskwright.evaluation.cityscapes.writing import frames_by_name, instance_label_ids, write_predictions
from maskwright.structures import ClassTable, Instances

SIZE = (20, 30)
FRAME = "aachen_000000_000019"
TABLE = ClassTable.from_names(["bicycle", "car"])


def found(*rows: tuple[int, float, tuple[slice, slice]]) -> Instances:
    """Objects as (class index, score, where)."""
    masks = np.zeros((*SIZE, len(rows)), np.uint8, order="F")
    for i, (_, _, box) in enumerate(rows):
        masks[(*box, i)] = 1
    labels = np.array([label for label, _, _ in rows], np.int64)
    scores = np.array([score for _, score, _ in rows], np.float32)
    return Instances(SIZE, np.zeros((len(rows), 4), np.float32), labels, coco_mask.encode(masks), scores)


LEFT, RIGHT = (slice(2, 14), slice(3, 15)), (slice(0, 20), slice(18, 30))


def test_what_is_written_is_read_back_mask_by_mask(tmp_path: Path):
    objects = found((2, 0.1, LEFT), (1, 0.9000001, RIGHT), (2, 1 / 3, (slice(0), slice(0))))
    path = write_predictions(tmp_path, FRAME, objects, instance_label_ids(TABLE))
    assert prediction_files(tmp_path, ".txt") == {FRAME: [path]}
    rows = read_predictions(path, tmp_path)
    assert [row.label for row in rows] == [26, 33, 26]
    assert [np.float32(row.confidence) for row in rows] == list(objects.scores)
    for row, rle in zip(rows, objects.masks, strict=True):
        with Image.open(row.mask) as image:
            assert image.mode == "L"
            pixels = np.array(image)
        assert set(np.unique(pixels)) <= {0, 255}
        np.testing.assert_array_equal(pixels == 255, coco_mask.decode(rle) == 1)


def test_lines_have_three_fields_with_one_space_between_as_the_official_script_splits_them(tmp_path: Path):
    path = write_predictions(tmp_path, FRAME, found((2, 0.5, LEFT)), instance_label_ids(TABLE))
    (line,) = path.read_text(encoding="utf-8").splitlines()
    mask, label, score = line.split(" ")
    assert (label, float(score)) == ("26", 0.5)
    assert not Path(mask).is_absolute()
    assert (tmp_path / mask).is_file()


def test_an_image_in_which_nothing_was_found_has_an_empty_file(tmp_path: Path):
    path = write_predictions(tmp_path, FRAME, Instances.empty(SIZE), {})
    assert path.read_bytes() == b""
    assert list(tmp_path.iterdir()) == [path]


def test_label_ids_are_the_official_ones_by_name():
    names = ["bicycle", "motorcycle", "train", "trailer", "caravan", "bus", "truck", "car", "rider", "person"]
    ids = instance_label_ids(ClassTable.from_names(names))
    assert [ids[index] for index in range(1, 11)] == [33, 32, 31, 30, 29, 28, 27, 26, 25, 24]


def test_classes_without_an_instance_label_are_named_with_the_remedy():
    table = ClassTable.from_names(["person", "airplane", "road", "dog"])
    with pytest.raises(UsageError, match=r"3 classes \(airplane, road, dog\); expected person, rider, car.*--taxonomy"):
        instance_label_ids(table)


def test_of_many_such_classes_some_are_named_and_all_are_counted():
    with pytest.raises(UsageError, match=r"60 classes \(thing0, thing1, .* and 52 more\)"):
        instance_label_ids(ClassTable.from_names([f"thing{i}" for i in range(60)]))


def test_a_frame_is_what_comes_before_left_img_8bit():
    assert frames_by_name([f"{FRAME}_leftImg8bit.png", "bad_homburg_000001_000019.jpg"]) == {
        f"{FRAME}_leftImg8bit.png": FRAME,
        "bad_homburg_000001_000019.jpg": "bad_homburg_000001_000019",
    }


@pytest.mark.parametrize("name", ["photo.jpg", "new york_000000_000019_leftImg8bit.png"])
def test_an_image_that_official_tools_could_not_find_again_is_refused(name: str):
    with pytest.raises(UsageError, match=rf"{name}.*expected <city>_<sequence>_<frame>"):
        frames_by_name([f"{FRAME}.png", name])


def test_two_images_of_one_frame_are_refused():
    names = [f"{FRAME}_leftImg8bit_foggy_beta_0.0{i}.png" for i in (1, 2)]
    with pytest.raises(UsageError, match=r"foggy_beta_0\.01\.png and .*foggy_beta_0\.02\.png"):
        frames_by_name(names)
