import pytest

from maskwright.errors import DataError
from maskwright.label_maps.files import mask_files


def test_a_mask_bears_the_stem_of_its_image():
    assert mask_files(["a/b/1.jpg", "c.d.png", "windows\\2.jpg", "none"]) == {
        "a/b/1.jpg": "1.png",
        "c.d.png": "c.d.png",
        "windows\\2.jpg": "2.png",
        "none": "none.png",
    }


@pytest.mark.parametrize(
    "names", [["1.jpg", "1.png"], ["a/1.jpg", "b/1.jpg"], ["Cat.jpg", "cat.jpg"], ["1.jpg", "1.jpg"]], ids=str
)
def test_two_images_that_would_share_a_mask_are_refused_by_name(names: list[str]):
    with pytest.raises(DataError, match=rf"'{names[0]}' and '{names[1]}' would share the mask file"):
        mask_files(names)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a/..", "C:\\x\\passwd"])
def test_a_mask_never_lies_outside_its_folder(name: str):
    (file,) = mask_files([name]).values()
    assert "/" not in file
    assert "\\" not in file
    assert file.endswith(".png")
