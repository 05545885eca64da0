import pytest

from maskwright.masks.file_names import mask_file, name_collisions


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("1.jpg", "1.png"),
        ("a/b/1.jpg", "1.png"),
        ("windows\\2.jpg", "2.png"),
        ("c.d.png", "c.d.png"),
        ("none", "none.png"),
    ],
)
def test_a_mask_bears_the_stem_of_its_image(name: str, mask: str):
    assert mask_file(name) == mask


def test_images_with_one_stem_share_a_mask_with_the_first_of_them():
    assert list(name_collisions(["1.jpg", "2.jpg", "1.png", "a/1.jpg", "2.bmp"])) == [(0, 2), (0, 3), (1, 4)]


def test_case_does_not_tell_masks_apart():
    assert list(name_collisions(["Cat.jpg", "cat.jpg"])) == [(0, 1)]


def test_the_same_name_twice_shares_its_mask():
    assert list(name_collisions(["1.jpg", "1.jpg"])) == [(0, 1)]


def test_names_that_differ_share_nothing():
    assert list(name_collisions(["1.jpg", "2.jpg", "11.jpg"])) == []


def test_the_unicode_form_does_not_tell_masks_apart():
    assert list(name_collisions(["caf\u00e9.jpg", "cafe\u0301.jpg", "CAFE\u0301.jpg"])) == [(0, 1), (0, 2)]
