import pytest

from maskwright.annotations.coco.document import read_document
from maskwright.annotations.selection.same_picture import same_name, same_url

COPY = "{}_jpg.rf.{:032x}.jpg"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.jpg", "a.jpg"),
        ("a.jpg", "a.PNG"),
        ("x/a.jpg", "x\\a.png"),
        (COPY.format("x/a", 1), COPY.format("x/a", 15)),
    ],
)
def test_names_of_one_picture(one: str, other: str):
    assert same_name({5: one, 3: other, 4: "other.jpg"}) == [{3, 5}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x/0001.jpg", "y/0001.jpg"),
        ("frame.001", "frame.002"),
        ("a.jpg", "A.jpg"),
        (COPY.format("a", 1), COPY.format("b", 1)),
        ("a.rf.jpg", "a.jpg"),
    ],
)
def test_names_of_two_pictures(one: str, other: str):
    assert same_name({1: one, 2: other}) == []


def test_images_of_one_address_are_one_picture(coco):
    flickr = {"flickr_url": "http://farm.example/1.JPG"}
    images = [
        {"coco_url": "http://images.example/1.jpg"},
        {"coco_url": "http://images.example/1.jpg", **flickr},
        {"coco_url": None, **flickr},
        {"coco_url": 0},
        {"coco_url": 0},
    ]
    assert same_url(read_document(coco(images=images))) == [{1, 2, 3}]


def test_the_address_of_a_page_says_nothing_about_the_picture(coco):
    images = [{"coco_url": "http://dataset.example/", "flickr_url": ""}] * 3
    assert same_url(read_document(coco(images=images))) == []
