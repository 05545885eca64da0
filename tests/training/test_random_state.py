"""Random generators continue from a saved state, and are seeded by epoch and process."""

import torch

from maskwright.training.random_state import random_state, restore_random_state, seed_epoch

CPU = torch.device("cpu")


def test_restored_generators_go_on_as_before() -> None:
    seed_epoch(7, 1)
    torch.rand(5)
    state = random_state(CPU)
    expected = torch.rand(3)
    torch.rand(100)
    restore_random_state(state, CPU)
    assert torch.equal(torch.rand(3), expected)


def test_a_cpu_has_no_state_of_a_gpu() -> None:
    assert random_state(CPU)["cuda"] is None


def test_every_epoch_and_process_draws_numbers_of_its_own() -> None:
    drawn = set()
    for seed, epoch, process in [(0, 1, 0), (0, 2, 0), (1, 1, 0), (0, 1, 1), (0, 2, 1)]:
        seed_epoch(seed, epoch, process)
        drawn.add(tuple(torch.rand(4).tolist()))
    assert len(drawn) == 5


def test_a_seed_gives_the_same_numbers_each_time() -> None:
    seed_epoch(3, 2, 1)
    first = torch.rand(4)
    seed_epoch(3, 2, 1)
    assert torch.equal(torch.rand(4), first)
