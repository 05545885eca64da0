"""Lists that a COCO file has twice under one key: every reader takes one of them, most the last, and says nothing."""

import re

import msgspec

from maskwright.annotations.coco.not_finite import memory_address

_LISTS = (b'"images"', b'"annotations"', b'"categories"')
_BETWEEN = b" \t\r\n,{"
_KEY = re.compile(rb'("(?:[^"\\]++|\\.)*+")\s*:\s*', re.DOTALL)

_top = msgspec.json.Decoder(dict[str, msgspec.Raw])


def repeated_list(content: bytes, first: msgspec.Raw, last: msgspec.Raw) -> str | None:
    """Return the first repeated key of the valid JSON ``content`` when a list of COCO may be there twice, else None.

    ``first`` and ``last`` are fields of the first and of the last annotation, as views of ``content``: what lies
    between them, nearly all of a large file, is one list and is not searched.
    """
    base = memory_address(content)
    start, end = memory_address(first) - base, memory_address(last) - base
    if not 0 <= start <= end < len(content):  # fields that are absent, or were written anew
        start = end = 0
    if all(content.count(each, 0, start) + content.count(each, end) < 2 for each in _LISTS):
        return None
    try:
        return repeated_key(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # in a key or value that no reader needs
        return None


def repeated_key(content: bytes) -> str | None:
    """Return the first key of the JSON object ``content`` that is there again further on; None where each is single."""
    # The value of a key that repeats is a view of its last place. Where the text has another one, it comes too early.
    values, base = _top.decode(content), memory_address(content)
    position = content.index(b"{")
    while True:
        while content[position] in _BETWEEN:
            position += 1
        match = _KEY.match(content, position)
        if match is None:
            return None
        key = msgspec.json.decode(match[1], type=str)
        if memory_address(values[key]) - base != match.end():
            return key
        position = match.end() + len(memoryview(values[key]))
