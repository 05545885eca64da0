import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.coco.json_text import BadJson
from maskwright.annotations.coco.repeated_keys import repeated_key, repeated_list

SINGLE = b'{"images": [], "annotations": [{"note": "\\"annotations\\": []"}], "categories": []}'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"{}", None),
        (SINGLE, None),
        (b' {\n"a" : 1 ,\r\n\t"b":{"a": 2}}', None),
        (b'{"a": 1, "a": 1}', "a"),
        (b'{"b": [1, {"a": 3}], "a": "x", "c": null, "a": 2}', "a"),
        (b'{"\\u0061": 1, "a": 2}', "a"),
        (b'{"a\\"": 1, "a": 2}', None),
    ],
)
def test_a_key_counts_as_repeated_in_the_same_object_alone(text: bytes, key: str | None):
    assert repeated_key(text) == key


@given(st.lists(st.tuples(st.text(max_size=3), st.sampled_from(["1", "[{}]", '"}{,\\""', '{"a": [2]}'])), max_size=6))
def test_of_any_keys_the_first_that_comes_again_is_found(pairs: list[tuple[str, str]]):
    keys = [key for key, _ in pairs]
    text = "{" + ",".join(f"{json.dumps(key)}: {value}" for key, value in pairs) + "}"
    assert repeated_key(text.encode()) == next((k for i, k in enumerate(keys) if k in keys[i + 1 :]), None)


def test_two_lists_of_annotations_are_refused_with_the_name_of_the_file(coco):
    path = coco({}, {})
    text = path.read_text(encoding="utf-8")
    path.write_text(text[:-1] + ', "annotations": []}', encoding="utf-8")
    with pytest.raises(BadJson, match=r"labels\.json: has the key 'annotations' more than once") as caught:
        read_coco(path)
    assert caught.value.code == "json_repeated_key"


def test_the_word_in_a_text_is_no_key(coco):
    absent = msgspec.Raw(b"null")
    assert repeated_list(SINGLE, absent, absent) is None
    path = coco({}, categories={1: '"annotations"'})
    assert read_coco(path).faults == []


@pytest.mark.parametrize("key", ["images", "annotations", "categories"])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_second_list_is_found_before_and_after_the_annotations(coco, key: str, before: bool, count: int):
    path = coco(*[{}] * count)
    text = path.read_text(encoding="utf-8")
    second = f'"{key}": []'
    path.write_text(f"{{{second}, {text[1:]}" if before else f"{text[:-1]}, {second}}}", encoding="utf-8")
    with pytest.raises(BadJson, match=f"'{key}' more than once"):
        read_coco(path)
