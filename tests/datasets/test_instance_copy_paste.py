"""Copy-paste of instances: whole objects are pasted, and covered pixels leave the masks below."""

import numpy as np
import pytest
import torch

from maskwright.datasets.instance_copy_paste import Scene, paste_instances

SIZES = [((20, 18), (20, 18)), ((20, 18), (17, 31)), ((33, 25), (20, 18)), ((9, 9), (20, 18))]


def scene(size: tuple[int, int], shade: int, labels: list[int]) -> Scene:
    """A square, a bar that crosses it and a far corner; the colour tells the pixel and the image."""
    rows, columns = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    masks = torch.zeros(3, *size, dtype=torch.uint8)
    masks[0, 2:8, 2:8], masks[1, 4:6, :], masks[2, -3:, -3:] = 1, 1, 1
    picture = torch.stack([rows, columns, torch.full(size, shade)]).to(torch.uint8)
    boxes = torch.arange(24.0).reshape(6, 4) + shade
    return Scene(picture, masks, torch.tensor(labels), boxes)


def pasted(seed: int, sizes: tuple[tuple[int, int], tuple[int, int]]) -> tuple[Scene, Scene, Scene]:
    first, second = scene(sizes[0], 100, [1, 2, 3]), scene(sizes[1], 200, [4, 5, 6])
    return first, second, paste_instances(first, second, np.random.default_rng(seed))


@pytest.mark.parametrize("sizes", SIZES)
def test_image_masks_and_labels_tell_the_same_story(sizes) -> None:
    for seed in range(12):
        first, second, both = pasted(seed, sizes)
        assert both.masks.shape == (len(both.labels), *sizes[0])
        assert both.labels[:3].tolist() == [1, 2, 3]
        foreign = both.image[2] == 200
        new = both.masks[3:]
        assert torch.equal((new != 0).any(0), foreign)
        # What lies below keeps exactly what is not covered; pixels are those of one image or the other.
        assert torch.equal(both.masks[:3], first.masks * ~foreign)
        assert torch.equal(both.image[:, ~foreign], first.image[:, ~foreign])
        rows, columns = foreign.nonzero(as_tuple=True)
        assert torch.equal(both.image[:, rows, columns], second.image[:, rows, columns])
        assert torch.equal(both.boxes[:6], first.boxes)
        pairs = both.boxes[6:].reshape(-1, 2, 4)
        for mask, label, pair in zip(new, both.labels[3:].tolist(), pairs, strict=True):
            assert torch.equal(pair, second.boxes.reshape(-1, 2, 4)[label - 4])
            whole = second.masks[label - 4]
            height, width = (min(sides) for sides in zip(*sizes, strict=True))
            expected = torch.zeros(sizes[0], dtype=torch.uint8)
            expected[:height, :width] = whole[:height, :width]
            assert torch.equal(mask, expected)


def test_each_object_comes_about_every_second_time_and_on_its_own() -> None:
    taken = np.zeros((400, 3), bool)
    for seed in range(400):
        labels = pasted(seed, SIZES[0])[2].labels[3:].tolist()
        taken[seed, [label - 4 for label in labels]] = True
    assert ((taken.mean(axis=0) > 0.4) & (taken.mean(axis=0) < 0.6)).all()
    assert len({tuple(row) for row in taken}) == 8


def test_the_inputs_stay_as_they_are_and_the_seed_decides() -> None:
    first, second, once = pasted(3, SIZES[0])
    again = pasted(3, SIZES[0])[2]
    assert torch.equal(once.image, again.image)
    assert torch.equal(once.masks, again.masks)
    assert (first.image[2] == 100).all()
    assert first.masks.sum() == scene(SIZES[0][0], 0, [1, 2, 3]).masks.sum()
    assert second.masks.sum() == scene(SIZES[0][1], 0, [1, 2, 3]).masks.sum()


def test_scenes_without_objects_give_and_take_nothing() -> None:
    empty = Scene(
        torch.zeros(3, 20, 18, dtype=torch.uint8),
        torch.zeros(0, 20, 18, dtype=torch.uint8),
        torch.zeros(0).long(),
        torch.zeros(0, 4),
    )
    full = scene((20, 18), 100, [1, 2, 3])
    unchanged = paste_instances(full, empty, np.random.default_rng(0))
    assert torch.equal(unchanged.image, full.image)
    assert torch.equal(unchanged.masks, full.masks)
    filled = paste_instances(empty, full, np.random.default_rng(1))
    assert len(filled.labels) == len(filled.masks) > 0
