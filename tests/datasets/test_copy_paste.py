"""Copy-paste of label maps: whole objects with their pixels and labels, and nothing else changes."""

import numpy as np
import torch

from maskwright.datasets.copy_paste import ImageAndLabels, choose_objects, paste_objects

IGNORE = 255


def scene(size: tuple[int, int], shade: int) -> ImageAndLabels:
    """Two squares of class 1, one of class 2, an ignored stripe; the colour tells the pixel and the image."""
    labels = torch.zeros(size, dtype=torch.int32)
    labels[2:6, 2:6], labels[2:6, 12:16], labels[10:15, 5:11], labels[-2:] = 1, 1, 2, IGNORE
    rows, columns = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    return torch.stack([rows, columns, torch.full(size, shade)]).to(torch.uint8), labels


def pasted_of(
    seed: int, target: tuple[int, int] = (20, 18), source: tuple[int, int] = (20, 18)
) -> tuple[ImageAndLabels, ...]:
    first, second = scene(target, 100), scene(source, 200)
    first[1][first[1] != IGNORE] = 3
    return first, second, paste_objects(first, second, IGNORE, np.random.default_rng(seed))


def test_a_pasted_pixel_has_the_colour_and_the_label_of_the_source_and_the_others_keep_theirs() -> None:
    for seed in range(10):
        for sizes in (((20, 18), (20, 18)), ((20, 18), (17, 31)), ((33, 25), (20, 18))):
            first, second, (image, labels) = pasted_of(seed, *sizes)
            pasted = image[2] == 200
            height, width = (min(sides) for sides in zip(*sizes, strict=True))
            assert not pasted[height:].any()
            assert not pasted[:, width:].any()
            inside = pasted[:height, :width]
            assert torch.equal(labels[:height, :width][inside], second[1][:height, :width][inside])
            assert torch.equal(image[:, :height, :width][:, inside], second[0][:, :height, :width][:, inside])
            assert torch.equal(labels[~pasted], first[1][~pasted])
            assert torch.equal(image[:, ~pasted], first[0][:, ~pasted])


def test_objects_come_whole_each_about_every_second_time_and_nothing_else_comes() -> None:
    _, (_, labels) = scene((20, 18), 0), scene((20, 18), 0)
    squares = [np.zeros((20, 18), bool) for _ in range(3)]
    squares[0][2:6, 2:6], squares[1][2:6, 12:16], squares[2][10:15, 5:11] = True, True, True
    taken = [choose_objects(labels.numpy(), IGNORE, np.random.default_rng(seed)) for seed in range(400)]
    for square in squares:
        whole = [bool(one[square].all()) for one in taken]
        assert whole == [bool(one[square].any()) for one in taken]
        assert 160 < sum(whole) < 240
    elsewhere = ~(squares[0] | squares[1] | squares[2])
    assert not any(one[elsewhere].any() for one in taken)


def test_the_inputs_stay_as_they_are_and_the_seed_decides() -> None:
    first, _, once = pasted_of(3)
    _, _, again = pasted_of(3)
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))
    assert (first[0][2] == 100).all()


def test_a_source_without_objects_changes_nothing() -> None:
    first = scene((20, 18), 100)
    empty = (first[0] + 1, torch.where(first[1] == IGNORE, IGNORE, 0).int())
    image, labels = paste_objects(first, empty, IGNORE, np.random.default_rng(0))
    assert torch.equal(image, first[0])
    assert torch.equal(labels, first[1])


def test_labels_beyond_eight_bits_come_over_too() -> None:
    labels = torch.zeros((6, 6), dtype=torch.int32)
    labels[1:3, 1:3] = 300
    assert choose_objects(labels.numpy(), 65535, np.random.default_rng(1)).sum() in (0, 4)
    taken = [choose_objects(labels.numpy(), 65535, np.random.default_rng(seed)).sum() for seed in range(20)]
    assert {0, 4} == set(taken)
