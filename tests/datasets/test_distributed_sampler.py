"""The slices of all processes together are the batches of a single process."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.datasets.distributed_sampler import DistributedBatchSampler
from maskwright.datasets.sampling import SeededSampler

Draw = tuple[int, int]


def batches(draws: list[Draw], size: int) -> list[list[Draw]]:
    """``draws`` in whole batches of ``size``."""
    return [draws[start : start + size] for start in range(0, len(draws) - size + 1, size)]


@given(st.integers(0, 60), st.integers(1, 5), st.integers(1, 4), st.integers(0, 3))
def test_the_slices_of_all_processes_side_by_side_are_the_batches_of_one(
    images: int, size: int, count: int, epoch: int
) -> None:
    whole = size * count
    shares = []
    for number in range(count):
        sampler = SeededSampler(images, seed=5)
        sampler.set_epoch(epoch)
        shares.append(batches(list(DistributedBatchSampler(sampler, whole, number, count)), size))
    sampler = SeededSampler(images, seed=5)
    sampler.set_epoch(epoch)
    together = [[draw for part in parts for draw in part] for parts in zip(*shares, strict=True)]
    assert together == batches(list(sampler), whole)


@given(st.integers(0, 60), st.integers(1, 5), st.integers(1, 4))
def test_every_process_has_as_many_draws_as_its_length_says(images: int, size: int, count: int) -> None:
    shares = [DistributedBatchSampler(SeededSampler(images, 1), size * count, number, count) for number in range(count)]
    # Unequal lengths would let one process wait for the others for ever.
    assert (
        {len(list(share)) for share in shares} == {len(share) for share in shares} == {images // (size * count) * size}
    )


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 3), st.data())
def test_an_epoch_entered_at_a_batch_goes_on_with_the_rest(
    images: int, size: int, count: int, data: st.DataObject
) -> None:
    whole, number = size * count, data.draw(st.integers(0, count - 1))
    sampler = SeededSampler(images, seed=2)
    share = DistributedBatchSampler(sampler, whole, number, count)
    sampler.set_epoch(4)
    expected = list(share)
    done = data.draw(st.integers(0, images // whole))
    sampler.set_epoch(4, done * whole)
    assert list(share) == expected[done * size :]
    assert len(share) == len(expected)


def test_of_samples_drawn_more_than_once_no_draw_is_given_twice() -> None:
    draws = [
        draw
        for number in (0, 1, 2)
        for draw in DistributedBatchSampler(SeededSampler(9, 0, repeats=np.full(9, 2.0)), 6, number, 3)
    ]
    assert len(set(draws)) == len(draws) == 18
    assert sorted(index for index, _ in draws) == sorted([*range(9), *range(9)])


@pytest.mark.parametrize(("size", "count"), [(4, 3), (1, 2), (7, 2)])
def test_a_batch_that_cannot_be_shared_equally_is_refused(size: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"batch of {size} has no {count} equal slices"):
        DistributedBatchSampler(SeededSampler(10, 0), size, 0, count)
