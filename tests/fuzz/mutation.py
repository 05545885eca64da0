"""Changes of bytes: flipped bits, cut and repeated pieces, numbers at their limits, pieces of other inputs."""

import random
import re
from collections.abc import Callable, Sequence

LONGEST = 1 << 16

_NUMBERS = (0, 1, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
_DIGITS = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\w.+-]+|[\[\]{}:,]')
_TEXTS = (
    *(
        b"0",
        b"-1",
        b"1",
        b"2",
        b"64",
        b"65",
        b"255",
        b"256",
        b"65536",
        b"2147483648",
        b"4294967296",
        b"1e308",
        b"1e999",
    ),
    *(b"-0", b"0.5", b"NaN", b"-Infinity", b"null", b"true", b"[]", b"{}", b'""', b"9" * 25, b"9" * 5000, b"1e-400"),
)
_BYTES = (
    b"\0",
    b"\xff",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r",
    b"\x1b[2J",
    b"\\",
    b'"',
    b"'",
    b"/",
    b"..",
    b"\xc3",
)

Change = Callable[[bytearray, random.Random, Sequence[bytes], Sequence[bytes]], None]


def mutated(content: bytes, chance: random.Random, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Return ``content`` with one to six changes; ``others`` lend pieces, ``tokens`` are written into it."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4, 6))):
        chance.choice(_CHANGES)(changed, chance, others, tokens)
    return bytes(changed[:LONGEST])


def _place(content: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(content) + 1)


def _piece(content: bytearray | bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(content) + 1)
    return start, min(len(content), start + chance.choice((1, 2, 4, 8, 16, 64, 512)))


def _flip(content: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _set(content: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    if content:
        content[chance.randrange(len(content))] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))


def _binary(content: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    width = chance.choice((1, 2, 4, 8))
    if len(content) >= width:
        start = chance.randrange(len(content) - width + 1)
        number = chance.choice(_NUMBERS) % (1 << 8 * width)
        content[start : start + width] = number.to_bytes(width, chance.choice(("big", "little")))


def _number(content: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    found = [match.span() for match in _DIGITS.finditer(content)]
    if found:
        start, end = chance.choice(found)
        content[start:end] = chance.choice(_TEXTS)


def _word(content: bytearray, chance: random.Random, _: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    """Put a word, a number or a text in quotes in the place of another."""
    found = [match.span() for match in _WORDS.finditer(content)]
    if found:
        (start, end), (first, last) = chance.choice(found), chance.choice(found)
        content[start:end] = chance.choice((content[first:last], content[first:last], *_TEXTS, b'""', *tokens))


def _insert(content: bytearray, chance: random.Random, _: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    start = _place(content, chance)
    content[start:start] = chance.choice((*tokens, *tokens, *_BYTES, *_TEXTS, chance.randbytes(chance.randrange(1, 9))))


def _overwrite(content: bytearray, chance: random.Random, _: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    if tokens:
        token, start = chance.choice(tokens), _place(content, chance)
        content[start : start + len(token)] = token


def _delete(content: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    start, end = _piece(content, chance)
    del content[start:end]


def _repeat(content: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    start, end = _piece(content, chance)
    times = chance.choice((1, 1, 2, 10, 100, 1000))
    content[end:end] = content[start:end] * min(times, LONGEST // max(end - start, 1))


def _move(content: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    start, end = _piece(content, chance)
    piece = content[start:end]
    del content[start:end]
    place = _place(content, chance)
    content[place:place] = piece


def _borrow(content: bytearray, chance: random.Random, others: Sequence[bytes], _: Sequence[bytes]) -> None:
    other = chance.choice(others)
    (start, end), place = _piece(other, chance), _place(content, chance)
    content[place : place + chance.choice((0, end - start))] = other[start:end]


def _cross(content: bytearray, chance: random.Random, others: Sequence[bytes], _: Sequence[bytes]) -> None:
    other = chance.choice(others)
    content[_place(content, chance) :] = other[_place(bytearray(other), chance) :]


def _cut(content: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    del content[_place(content, chance) :]


_CHANGES: tuple[Change, ...] = (
    *(_flip, _set, _binary, _number, _number, _word, _word, _word, _insert),
    *(_overwrite, _delete, _repeat, _move, _borrow, _cross, _cut),
)
