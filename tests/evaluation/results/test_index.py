import pytest

from maskwright.evaluation.results.index import ImageIndex

INDEX = ImageIndex({1: (2, 2), 2: (2, 2)}, {"val/a.png": 1, "a.png": 2})


@pytest.mark.parametrize(
    ("image_id", "file_name", "found"),
    [
        (1, None, 1),
        (9, None, None),
        (1, "a.png", 2),  # the name counts: ids are private to one file
        (9, "val/a.png", 1),
        (9, "C:\\photos\\a.png", 2),
        (9, "/data/a.png", 2),
        (1, "b.png", None),
    ],
)
def test_an_image_is_found_by_its_name_if_there_is_one_else_by_its_id(image_id, file_name, found):
    assert INDEX.find(image_id, file_name) == found
