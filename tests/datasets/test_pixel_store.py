"""The pixel store returns exactly what was put into it, or nothing."""

import os
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.datasets.pixel_store import Pixels, PixelStore, affordable_bytes, stored_bytes

SIZES = [(4, 5), (7, 3), (1, 1)]


def pixels(size: tuple[int, int], dtype: Any = np.uint8, seed: int = 0) -> Pixels:
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, np.iinfo(dtype).max, size, endpoint=True).astype(dtype)
    return chance.integers(0, 256, (*size, 3), np.uint8), labels


def store_for(folder: Path, dtype: type = np.uint8, most: int = 10**6) -> PixelStore:
    return PixelStore(folder, [stored_bytes(size, np.dtype(dtype).itemsize) for size in SIZES], most)


def same(found: Pixels | None, expected: Pixels) -> bool:
    return found is not None and all(
        a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_what_was_put_comes_back_and_nothing_else_does(dtype: type, tmp_path: Path) -> None:
    store = store_for(tmp_path, dtype)
    for index in (1, 0, 2):
        assert store.get(index) is None
        store.put(index, pixels(SIZES[index], dtype, index))
    for index, size in enumerate(SIZES):
        assert same(store.get(index), pixels(size, dtype, index))


def test_arrays_that_are_views_are_stored_as_they_look(tmp_path: Path) -> None:
    image, labels = pixels((5, 4))
    turned = image.transpose(1, 0, 2)[::-1], labels.T[::-1]
    store = store_for(tmp_path)
    store.put(0, turned)
    assert same(store.get(0), turned)


def test_only_the_first_images_that_fit_have_a_place(tmp_path: Path) -> None:
    store = store_for(tmp_path, most=sum(stored_bytes(size, 1) for size in SIZES[:2]))
    assert len(store) == 2
    for index, size in enumerate(SIZES):
        store.put(index, pixels(size))
    assert [store.get(index) is not None for index in range(3)] == [True, True, False]


def test_what_is_larger_than_its_place_is_not_stored_and_harms_no_neighbour(tmp_path: Path) -> None:
    store = store_for(tmp_path)
    store.put(1, pixels(SIZES[1]))
    store.put(0, pixels((50, 50)))
    assert store.get(0) is None
    assert same(store.get(1), pixels(SIZES[1]))


@pytest.mark.parametrize("byte", [0, 5, 14, 40, 95])
def test_a_damaged_entry_is_not_found(byte: int, tmp_path: Path) -> None:
    store = store_for(tmp_path)
    store.put(0, pixels(SIZES[0]))
    before = os.pread(store._descriptor, 1, byte)
    os.pwrite(store._descriptor, bytes([before[0] ^ 255]), byte)
    assert store.get(0) is None


def test_a_disk_that_takes_no_more_means_that_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    store = store_for(tmp_path)
    monkeypatch.setattr(os, "pwritev", full)
    store.put(0, pixels(SIZES[0]))
    assert store.get(0) is None


def test_no_file_can_be_seen_and_none_stays_open(tmp_path: Path) -> None:
    store = store_for(tmp_path)
    store.put(0, pixels(SIZES[0]))
    assert list(tmp_path.iterdir()) == []
    descriptor = store._descriptor
    del store
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def put_in_child(store: PixelStore) -> None:
    store.put(1, pixels(SIZES[1]))


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_processes_share_it(method: str, tmp_path: Path) -> None:
    store = store_for(tmp_path)
    context: Any = get_context(method)
    child = context.Process(target=put_in_child, args=(store,))
    child.start()
    child.join(30)
    assert same(store.get(1), pixels(SIZES[1]))


def test_no_more_is_kept_than_memory_and_disk_afford(tmp_path: Path) -> None:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < affordable_bytes(tmp_path) <= memory / 4
