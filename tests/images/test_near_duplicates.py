import numpy as np
import pytest

from maskwright.images.fingerprint import LEAST_CORRELATION, MOST_DIFFERENT_BITS, Fingerprint
from maskwright.images.near_duplicates import near_pairs


def some_prints(count: int, seed: int) -> list[Fingerprint]:
    """Fingerprints of which many are near: few hashes with few flipped bits, few thumbnails with little noise."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        base = np.random.default_rng(rng.integers(5))
        bits = int(base.integers(0, 2**64, dtype=np.uint64))
        for position in rng.integers(0, 64, rng.integers(9)):
            bits ^= 1 << int(position)
        thumbnail = np.clip(
            base.integers(0, 256, (16, 16)) + rng.normal(0, rng.choice([10, 40]), (16, 16)), 0, 255
        ).astype(np.uint8)
        flat = rng.random() < 0.1
        found.append(Fingerprint(b"", b"", None if flat else bits, None if flat else thumbnail))
    return found


def is_near(a: Fingerprint, b: Fingerprint) -> bool:
    if a.hash is None or b.hash is None or a.thumbnail is None or b.thumbnail is None:
        return False
    correlation = np.corrcoef(a.thumbnail.ravel(), b.thumbnail.ravel())[0, 1]
    return (a.hash ^ b.hash).bit_count() <= MOST_DIFFERENT_BITS and bool(correlation >= LEAST_CORRELATION)


@pytest.mark.parametrize("count", [0, 1, 150])
def test_every_near_pair_within_is_found_once_in_order(count: int):
    prints = some_prints(count, 0)
    expected = [(i, j) for i in range(count) for j in range(i + 1, count) if is_near(prints[i], prints[j])]
    assert [(pair.first, pair.second) for pair in near_pairs(prints)] == expected
    assert bool(expected) == (count == 150)


def test_every_near_pair_between_is_found_in_order():
    a, b = some_prints(130, 0), some_prints(70, 1)
    expected = [(i, j) for i in range(130) for j in range(70) if is_near(a[i], b[j])]
    assert [(pair.first, pair.second) for pair in near_pairs(a, b)] == expected
    assert expected


def test_pairs_far_apart_in_long_lists_are_found():
    a = some_prints(1, 0)[0]
    rng = np.random.default_rng(1)
    others = [Fingerprint(b"", b"", int(h), a.thumbnail) for h in rng.integers(0, 2**64, 9000, dtype=np.uint64)]
    assert [pair[:2] for pair in near_pairs([a, *others, a]) if pair.first == 0] == [(0, 9001)]
    assert [pair[:2] for pair in near_pairs([*others, a], [a])] == [(9000, 0)]


def test_the_distance_is_the_number_of_different_bits():
    a = some_prints(1, 0)[0]
    assert a.hash is not None
    other = Fingerprint(b"", b"", a.hash ^ 0b1011, a.thumbnail)
    assert [pair.distance for pair in near_pairs([a, other])] == [3]
    beyond = Fingerprint(b"", b"", a.hash ^ (2 ** (MOST_DIFFERENT_BITS + 1) - 1), a.thumbnail)
    assert list(near_pairs([a, beyond])) == []


def test_hashes_that_agree_do_not_make_a_pair_of_different_thumbnails():
    a = some_prints(1, 0)[0]
    assert a.thumbnail is not None
    negative = Fingerprint(b"", b"", a.hash, 255 - a.thumbnail)
    assert list(near_pairs([a, negative])) == []
