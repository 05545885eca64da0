"""The image in the body of a request: the field ``image`` of a form, or base64 in JSON."""

import base64
import binascii
import re
from collections.abc import AsyncGenerator

import msgspec
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from maskwright.server.refusal import Refusal

FIELD = "image"
FORM, JSON = "multipart/form-data", "application/json"
_MOST_FIELDS = 8
_DATA_URL = re.compile(r"data:[\w.+/-]*;base64,", re.ASCII)
_HOW = f'expected a {FORM} form with the file field \'{FIELD}\', or {JSON} as {{"{FIELD}": "<base64>"}}'


class JsonUpload(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON body of a request: the bytes of an image file in base64, with or without ``data:…;base64,`` before."""

    image: str


async def read_upload(request: Request, most: int) -> bytes:
    """Return the content of the image file in the body of ``request``, of at most ``most`` bytes.

    Nothing is written to disk. Raises :class:`~maskwright.server.refusal.Refusal`: 413 for a longer body, 415 for
    another kind of body, 422 for one that is damaged or holds no image.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == FORM:
        content = await _from_form(request, most)
    elif kind == JSON:
        content = _from_json(b"".join([part async for part in bounded_body(request, most)]))
    else:
        raise Refusal(415, f"the body is of the type '{kind[:60]}'; {_HOW}.")
    if not content:
        raise Refusal(422, f"the image is empty; {_HOW}.")
    return content


async def bounded_body(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """Yield the parts of the body; raise ``Refusal`` 413 as soon as it is longer than ``most`` bytes."""
    announced = request.headers.get("content-length", "0")
    received = int(announced) if announced.isdecimal() and len(announced) < 20 else 0
    if received > most:
        raise too_long(most)
    received = 0
    async for part in request.stream():
        received += len(part)
        if received > most:
            raise too_long(most)
        yield part


def too_long(most: int) -> Refusal:
    """Return the refusal of a body of more than ``most`` bytes."""
    return Refusal(413, f"the body has more than {most:,} bytes, which are accepted; start the service with --body.")


async def _from_form(request: Request, most: int) -> bytes:
    parser = MultiPartParser(request.headers, bounded_body(request, most), max_files=1, max_fields=_MOST_FIELDS)
    parser.spool_max_size = most + 1  # in memory, whose size the limits bound
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeError, ValueError) as error:
        said = getattr(error, "message", str(error))
        raise Refusal(422, f"the form cannot be read ({said[:200]}); {_HOW}.") from error
    try:
        field = form.get(FIELD)
        if not isinstance(field, UploadFile):
            found = ", ".join(sorted({repr(name)[:40] for name in form})) or "none"
            raise Refusal(422, f"the form has no file field '{FIELD}'; its fields: {found}; {_HOW}.")
        return await field.read()
    finally:
        await form.close()


def _from_json(body: bytes) -> bytes:
    try:
        text = msgspec.json.decode(body, type=JsonUpload).image
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refusal(422, f"the JSON cannot be read ({str(error)[:200]}); {_HOW}.") from error
    return from_base64(text)


def from_base64(text: str) -> bytes:
    """Return the bytes that ``text`` holds in base64, also as a data URL; raise ``Refusal`` 422 where it does not."""
    prefix = _DATA_URL.match(text)
    try:
        return base64.b64decode(text[prefix.end() if prefix else 0 :].encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise Refusal(422, f"the field '{FIELD}' is no base64 ({str(error)[:80]}); {_HOW}.") from error
