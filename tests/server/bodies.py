"""Requests for a prediction that hold no image: damaged, of other kinds, too long, or invented."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.server.served import base64_of, picture, png

BOUNDARY = "a-boundary"
_FORM = f"multipart/form-data; boundary={BOUNDARY}"
_KINDS = (
    "text/plain",
    "image/png",
    "application/x-www-form-urlencoded",
    "",
    "multipart/form-data",
    "a/b;c=\xe9",
    ";;;",
)
_ACCEPT = ("text/html", "image/jpeg", "image/png;q=0", "*/*;q=0", ";;,,", "application/xml")


def bad_requests(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """``count`` requests, none of which has an image; the same for the same ``seed``."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        yield _request(_BODIES[number % len(_BODIES)](chance), chance)


def _request(body: tuple[str, bytes], chance: np.random.Generator) -> dict[str, Any]:
    kind, content = body
    query = "" if chance.random() < 0.9 else f"?score={_any(chance, ('x', '-1', 'nan', '2', '', '1e999', '%00'))}"
    accept = {"accept": _any(chance, _ACCEPT)} if chance.random() < 0.03 else {}
    headers = {"content-type": kind.encode("latin-1"), **accept}
    return {"method": "POST", "url": f"/predict{query}", "content": content, "headers": headers}


def _any(chance: np.random.Generator, choices: Any) -> Any:
    return choices[int(chance.integers(len(choices)))]


def _noise(chance: np.random.Generator, most: int = 3000) -> bytes:
    return chance.bytes(int(chance.integers(0, most)))


def _damaged(chance: np.random.Generator) -> bytes:
    """A PNG whose head is damaged, that ends early, or that is something else."""
    content = bytearray(png(picture(int(chance.integers(50)))))
    way = int(chance.integers(4))
    if way == 0:
        return bytes(content[: int(chance.integers(1, len(content) - 20))])
    if way == 1:
        content[int(chance.integers(0, 8))] ^= int(chance.integers(1, 256))
    elif way == 2:
        content[16:24] = chance.bytes(8) if chance.random() < 0.5 else b"\xff" * 8
        content[16] |= 0x80  # a width or height beyond any limit, or none that PNG has
    else:
        return _any(
            chance, (b"GIF89a", b"BM", b"II*\0", b"RIFF....WEBP", b"%!PS", b"<svg/>", b"\xff\xd8\xff")
        ) + _noise(chance)
    return bytes(content)


def _form(content: bytes, head: bytes = b'form-data; name="image"; filename="a.png"', end: bytes = b"--\r\n") -> bytes:
    mark = BOUNDARY.encode()
    return b"--" + mark + b"\r\nContent-Disposition: " + head + b"\r\n\r\n" + content + b"\r\n--" + mark + end


def _file(chance: np.random.Generator) -> tuple[str, bytes]:
    return _FORM, _form(_damaged(chance))


def _other_field(chance: np.random.Generator) -> tuple[str, bytes]:
    heads = (
        b'form-data; name="picture"; filename="a.png"', b'form-data; name="image"', b"form-data", b"", b"\xff\xfe",
        b'form-data; name="image"; filename=', b'form-data; name=""; filename="a"', _noise(chance, 60),
    )  # fmt: skip
    # Not an image, for heads that name the field after all.
    return _FORM, _form(b"not an image" + _noise(chance), _any(chance, heads))


def _broken_form(chance: np.random.Generator) -> tuple[str, bytes]:
    whole = _form(b"no image" + _noise(chance), end=_any(chance, (b"", b"\r\n", b"-", b"--", b"x")))
    cut = whole[: int(chance.integers(0, len(whole)))]
    many = b"".join(_form(b"x", b'form-data; name="image"; filename="a"', b"\r\n") for _ in range(20))
    return _any(chance, (_FORM, "multipart/form-data", f"{_FORM}; charset=nonsense")), _any(
        chance, (cut, many, _noise(chance))
    )


def _json(chance: np.random.Generator) -> tuple[str, bytes]:
    values: tuple[Any, ...] = (
        {"image": base64_of(_damaged(chance))}, {"image": base64_of(b"no" + _noise(chance))},
        {"image": "data:;base64,"}, {"image": base64_of(png(picture())) + "!"}, {"image": None}, {"image": 3},
        {"image": ["a"]}, {"picture": "aa"}, {"image": "é"}, {"image": ""}, {}, [], None, 1.5, "text",
        {"image": base64_of(png(picture())), "more": 1},
    )  # fmt: skip
    return "application/json", json.dumps(_any(chance, values)).encode()


def _broken_json(chance: np.random.Generator) -> tuple[str, bytes]:
    texts = (
        b"{",
        b"",
        b"[" * 20_000,
        b'{"image":' * 5_000,
        b'{"image": "\xff\xfe"}',
        b'{"image": "\\ud800"}',
        b"NaN",
        _noise(chance),
    )
    return "application/json", _any(chance, texts)


def _other_kind(chance: np.random.Generator) -> tuple[str, bytes]:
    return _any(chance, _KINDS), _any(chance, (png(picture()), _noise(chance), b""))


def _too_long(chance: np.random.Generator) -> tuple[str, bytes]:
    content = bytes(int(chance.integers(200_001, 400_000)))
    return _any(chance, ((_FORM, _form(content)), ("application/json", content)))


_BODIES = (_file, _other_field, _broken_form, _json, _broken_json, _other_kind, _too_long, _file, _json)
