"""Label Studio's run lengths, against those that its own converter wrote (brush_masks.json) and by round trip."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import hotcoco.mask
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from maskwright.errors import DataError
from maskwright.server.label_studio.brush_rle import decode_brush, encode_brush

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "brush_masks.json").read_text())["masks"]


def encoded(mask: np.ndarray) -> list[int]:
    return encode_brush(hotcoco.mask.encode(np.asfortranarray(mask.astype(np.uint8))))


@pytest.mark.parametrize("name", RECORDED)
def test_masks_are_encoded_and_decoded_as_by_label_studio_s_converter(name: str) -> None:
    case = RECORDED[name]
    height, width = case["size"]
    values = (np.arange(len(case["row_runs"])) + case["starts_with"]) % 2
    mask = np.repeat(values, case["row_runs"]).reshape(height, width) == 1
    # The converter adds a byte of zeros where the last token fills a byte.
    padding = case["rle"][len(encoded(mask)) :]
    assert padding in ([], [0])
    assert [*encoded(mask), *padding] == case["rle"]
    assert np.array_equal(decode_brush(case["rle"], (height, width)), mask)


@given(arrays.arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_every_mask_survives(mask: np.ndarray) -> None:
    assert np.array_equal(decode_brush(encoded(mask), (mask.shape[0], mask.shape[1])), mask)


def test_runs_longer_than_a_length_can_say_survive() -> None:
    mask = np.zeros((500, 700), bool)
    mask[200:450] = True
    assert np.array_equal(decode_brush(encoded(mask), (500, 700)), mask)


def test_values_that_are_not_repeated_and_other_widths_are_read() -> None:
    """As the browser writes them: here eight values of 4 bits, in lengths of 2 and 5 bits."""
    head = f"{8:032b}" + f"{3:05b}" + f"{1:04b}" + f"{4:04b}" + f"{0:04b}" + f"{0:04b}"
    literal = "0" + "00" + f"{2:02b}" + "0001" + "0010" + "0000"
    repeated = "1" + "01" + f"{4:05b}" + "1111"
    bits = head + literal + repeated
    bits += "0" * (-len(bits) % 8)
    content = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
    assert decode_brush(content, (1, 2)).tolist() == [[True, True]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "ends before"),
        ([1, 2, 3], "ends before"),
        (RECORDED["ring"]["rle"][:-5], "ends before"),
        (RECORDED["large"]["rle"], "has 240000 values; expected 3404"),
        ([300], "no list of bytes"),
    ],
)
def test_damaged_masks_are_refused(content: list[int], said: str) -> None:
    with pytest.raises(DataError, match=said):
        decode_brush(content, (23, 37))


@given(st.lists(st.integers(0, 255), max_size=60))
def test_no_bytes_do_worse_than_a_refusal(content: list[int]) -> None:
    with suppress(DataError):
        assert decode_brush([0, 0, 0, 96, *content], (4, 6)).shape == (4, 6)


def test_a_size_beyond_the_limit_is_refused() -> None:
    with pytest.raises(DataError, match="image-pixels"):
        decode_brush([0] * 20, (60_000, 60_000))
