import codecs
import gzip
import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.annotations.coco.json_text import BadJson, decode_leniently, read_text, repair_json
from maskwright.annotations.faults import Fault
from maskwright.errors import UsageError

TEXT = '{"name": "猫"}'


def read(tmp_path: Path, content: bytes) -> tuple[bytes, list[str]]:
    path = tmp_path / "labels.json"
    path.write_bytes(content)
    faults: list[Fault] = []
    return read_text(path, faults), [fault.code for fault in faults]


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (TEXT.encode(), []),
        (codecs.BOM_UTF8 + TEXT.encode(), ["json_bom"]),
        (gzip.compress(TEXT.encode()), ["json_gzip"]),
        (gzip.compress(codecs.BOM_UTF8 + TEXT.encode()), ["json_gzip", "json_bom"]),
        (gzip.compress(TEXT.encode()[:5]) + gzip.compress(TEXT.encode()[5:]), ["json_gzip"]),
        (TEXT.encode("utf-16"), ["json_utf16"]),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), ["json_utf16"]),
        (TEXT.encode("utf-16-le"), ["json_utf16"]),
        (TEXT.encode("utf-16-be"), ["json_utf16"]),
        (TEXT.encode("utf-32"), ["json_utf16"]),
        (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), ["json_utf16"]),
        (TEXT.encode("utf-32-le"), ["json_utf16"]),
        (TEXT.encode("utf-32-be"), ["json_utf16"]),
    ],
    ids=[
        *("plain", "BOM", "gzip", "gzip of BOM", "gzip of two members", "UTF-16", "UTF-16 big-endian"),
        *("UTF-16-LE without a mark", "UTF-16-BE without a mark", "UTF-32", "UTF-32 big-endian"),
        *("UTF-32-LE without a mark", "UTF-32-BE without a mark"),
    ],
)
def test_the_text_is_the_same_however_it_is_stored_and_each_change_is_named(
    tmp_path: Path, content: bytes, codes: list[str]
):
    assert read(tmp_path, content) == (TEXT.encode(), codes)


@pytest.mark.parametrize(
    ("content", "code", "found"),
    [
        (b"", "json_invalid", "is empty"),
        (gzip.compress(b"", mtime=0), "json_invalid", "is empty"),
        (gzip.compress(TEXT.encode() * 9, mtime=0)[:-12], "json_truncated", "gzip file without its end"),
        (b"\x1f\x8b\x08\xff\xff" + b"\0" * 20, "json_invalid", "damaged gzip"),
        (TEXT.encode("utf-16")[:-1], "json_invalid", "neither UTF-8 nor UTF-16"),
        (TEXT.encode("utf-32")[:-1], "json_invalid", "neither UTF-8 nor UTF-32"),
    ],
)
def test_what_is_no_text_is_refused_with_the_name_of_the_file(tmp_path: Path, content: bytes, code: str, found: str):
    with pytest.raises(BadJson, match=rf"labels\.json: .*{found}.*expected a COCO file") as caught:
        read(tmp_path, content)
    assert caught.value.code == code


def test_a_character_across_two_blocks_of_the_test_for_utf8_is_no_fault(tmp_path: Path):
    content = b'"' + b"a" * ((1 << 20) - 2) + 'é"'.encode()
    assert read(tmp_path, content) == (content, [])


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path):
    with pytest.raises(BadJson, match="unpacks to over"):
        read(tmp_path, gzip.compress(b" " * (80 << 20)))


def test_a_missing_file_is_a_wrong_request(tmp_path: Path):
    with pytest.raises(UsageError, match="does not exist"):
        read_text(tmp_path / "labels.json", [])


@pytest.mark.parametrize("content", [b'{"name": "caf\xe9"}', b"a" * (1 << 20) + "é".encode()[:1]])
def test_text_that_is_not_utf8_is_named_and_passed_on(tmp_path: Path, content: bytes):
    assert read(tmp_path, content) == (content, ["json_encoding"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [1, NaN, 2], "b": -Infinity, "c": Infinity}', {"a": [1, None, 2], "b": None, "c": None}),
        ('{"a": [1, 2,], "b": {"c": 3,\n},}', {"a": [1, 2], "b": {"c": 3}}),
        (r'["NaN, ] ,}", "\\", "\",]", Infinity , ]', ["NaN, ] ,}", "\\", '",]', None]),
        ('["no", "fault", {"NaN": "-Infinity"}]', ["no", "fault", {"NaN": "-Infinity"}]),
    ],
)
def test_mended_text_has_null_for_what_is_not_finite_and_no_trailing_commas(text: str, expected: Any):
    assert json.loads(repair_json(text.encode(), [])) == expected


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | st.sampled_from(["NaN", ",]", '\\",}'])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(JSON)
def test_any_json_that_python_writes_is_read_with_null_for_what_is_not_finite(value: Any):
    # Python reads and writes NaN and Infinity, which JSON does not have.
    text = json.dumps(value, ensure_ascii=False)
    expected = json.loads(text, parse_constant=lambda _: None)
    assert json.loads(repair_json(text.encode(), [])) == expected


def test_what_was_mended_is_named_with_its_record():
    text = (
        b'{"images": [{"id": 4, "x": NaN,}], "annotations": [{"id": 7}, {"id": 8, "bbox": [NaN, Infinity]}], "v": NaN}'
    )
    faults: list[Fault] = []
    repair_json(text, faults)
    assert [(fault.code, fault.kind, fault.record, fault.message) for fault in faults] == [
        ("json_not_finite", "image", 4, "(record 0) holds a NaN or Infinity, read as null"),
        ("json_not_finite", "annotation", 8, "(record 1) holds 2 NaN or Infinity, read as null"),
        ("json_not_finite", "file", None, "holds a NaN or Infinity outside of its records"),
        ("json_trailing_comma", "file", None, "has 1 trailing comma before a closing bracket"),
    ]


def test_text_that_must_be_mended_is_decoded_after_it_and_other_text_as_it_is():
    decode = msgspec.json.Decoder().decode
    faults: list[Fault] = []
    assert decode_leniently(Path("x.json"), b'{"a": [1,]}', faults, lambda content, _: decode(content)) == {"a": [1]}
    assert [str(fault) for fault in faults] == ["has 1 trailing comma before a closing bracket"]


@pytest.mark.parametrize("start", [b'{"a": "', b'{"a": ', b"[", b'["\\'])
@pytest.mark.parametrize("unit", [b'\\"', b'"\\', b",", b", ", b"-", b"NaN", b'"', b"\\"])
def test_text_made_to_be_scanned_again_and_again_is_repaired_in_linear_time(start: bytes, unit: bytes):
    started = time.process_time()
    repair_json(start + unit * (400_000 // len(unit)), [])
    assert time.process_time() - started < 5


def test_a_string_without_an_end_does_not_hide_what_precedes_it():
    faults: list[Fault] = []
    assert repair_json(b'{"a": NaN, "b": "NaN, \\"', faults) == b'{"a": null, "b": "NaN, \\"'
    assert [fault.code for fault in faults] == ["json_not_finite"]


@pytest.mark.parametrize("place", [0, 9, (1 << 20) - 1, 1 << 20, (1 << 20) + 7])
@pytest.mark.parametrize("before", [b"", "é".encode()])
def test_the_place_of_a_byte_that_is_not_utf8_is_told(tmp_path: Path, place: int, before: bytes):
    content = (b"a" * (place - len(before)) + before if place else b"") + b"\xff" + b"a" * 20
    path = tmp_path / "labels.json"
    path.write_bytes(content)
    faults: list[Fault] = []
    read_text(path, faults)
    assert f"at byte {place})" in faults[0].message
