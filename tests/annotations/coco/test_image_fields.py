from maskwright.annotations.coco.document import read_document
from maskwright.annotations.coco.image_fields import image_field, image_field_names


def test_a_field_is_read_from_the_records_that_have_it(coco):
    images = [{"site": "A"}, {"site": {"ward": 3}}, {"site": None}, {}, {"id": "9", "site": 0}, {"id": 1, "site": "B"}]
    document = read_document(coco(images=images))
    # An id written as a string is read as its number; of records that share an id the first is used.
    assert image_field(document, "site") == {1: "A", 2: {"ward": 3}, 9: 0}
    assert image_field(document, "ward") == {}
    assert image_field_names(document) == {"id", "file_name", "height", "width", "site"}
