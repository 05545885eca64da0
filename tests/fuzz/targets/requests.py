"""Requests to the service: ``/predict``, the data browser, and Label Studio's protocol; each content is one request."""

import asyncio
import base64
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hypothesis import strategies as st

from tests.fuzz import pngs
from tests.fuzz.harness import Target
from tests.fuzz.strategies import as_json, changed_lines, changed_values
from tests.server.served import CLASSES, picture, png, random_model, service_of

_STATUSES = frozenset({200, 201, 204, 307, 400, 403, 404, 405, 406, 408, 413, 415, 421, 422, 429})
_FORM = "multipart/form-data; boundary=b"


class _Client:
    """A client of one service that asks in this thread, as an HTTP server would hand a request on."""

    def __init__(self, data: bool) -> None:
        from maskwright.server.application import create_application

        folder = Path(tempfile.mkdtemp(prefix="fuzz-service-"))
        (folder / "images").mkdir()
        (folder / "images" / "1.png").write_bytes(png(picture(1)))
        self.service = service_of(random_model("semantic", folder), _labelled(folder) if data else None, body=200_000)
        self._app = create_application(self.service, (), folder / "images")
        self._loop = asyncio.new_event_loop()

    def ask(self, content: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return the status, headers and body of the answer to ``content``: a request as text, and its body."""
        head, _, body = content.partition(b"\n\n")
        first, *lines = head.split(b"\n")
        method, _, target = first.decode("latin-1").partition(" ")
        path, _, query = target.partition("?")
        headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        if not any(name == b"host" for name, _ in headers):
            headers.append((b"host", b"localhost"))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method.upper() or "GET",
            "scheme": "http", "path": unquote(path) or "/", "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"), "root_path": "", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "state": {},
        }  # fmt: skip
        return self._loop.run_until_complete(self._answer(scope, body))

    async def _answer(self, scope: dict[str, Any], body: bytes) -> tuple[int, dict[str, str], bytes]:
        sent: list[dict[str, Any]] = []
        pieces = [body[: len(body) // 2], body[len(body) // 2 :]]

        async def receive() -> dict[str, Any]:
            if not pieces:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        await self._app(scope, receive, send)
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, b"".join(each.get("body", b"") for each in sent[1:])


def _labelled(folder: Path) -> tuple[Path, Path]:
    square = [[1, 1, 20, 1, 20, 20]]
    objects = [{"id": i, "image_id": 1, "category_id": i, "segmentation": square, "iscrowd": 0} for i in (1, 2)]
    names = [{"id": i + 1, "name": name} for i, name in enumerate(CLASSES)]
    image = {"id": 1, "file_name": "1.png", "width": 64, "height": 48}
    (folder / "labels.json").write_text(json.dumps({"images": [image], "annotations": objects, "categories": names}))
    return folder / "labels.json", folder / "images"


@cache
def _client(data: bool) -> _Client:
    return _Client(data)


class Refused(Exception):
    """The error of a request that the service refuses with a reason."""


def _ask(data: bool, path: Path) -> None:
    """Every request is answered, and each refusal is JSON with its reason; nothing is an error of the service."""
    status, headers, body = _client(data).ask(path.read_bytes())
    assert status in _STATUSES, f"{status}: {body[:300]!r}"
    assert headers["x-content-type-options"] == "nosniff"
    if status >= 400:
        reason = json.loads(body)["error"]
        assert isinstance(reason, str)
        assert reason
        raise Refused(f"{status} {reason}")


def _request(line: str, kind: str, body: bytes, *more: str) -> bytes:
    return "\n".join([line, f"content-type: {kind}", *more]).encode() + b"\n\n" + body


def _form(content: bytes, head: str = 'form-data; name="image"; filename="a.png"') -> bytes:
    return f"--b\r\nContent-Disposition: {head}\r\n\r\n".encode() + content + b"\r\n--b--\r\n"


def _small_png() -> bytes:
    return pngs.png_of(5, 4, 8, 2, (b"\0" + bytes(range(15))) * 4)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _predict_seeds() -> list[bytes]:
    small = _small_png()
    return [
        _request("POST /predict?score=0", _FORM, _form(small)),
        _request(
            "POST /predict", "application/json", json.dumps({"image": _base64(small)}).encode(), "accept: image/png"
        ),
        _request(
            "POST /predict",
            "application/json",
            json.dumps({"image": f"data:image/png;base64,{_base64(small)}"}).encode(),
        ),
        _request("POST /predict", "text/plain", b"x", "origin: http://localhost", "sec-fetch-site: cross-site"),
        _request("GET /model", "", b"", "host: 127.0.0.1:8000"),
        _request("GET /metrics", "", b"", "host: [::1]:1"),
    ]


_HEADERS = (
    *("origin: http://[", "origin: null", "origin: http://a:b", "host: [", "host: \xff", "host: a:99999999"),
    *("host: [::",),
    *("accept: image/png;q=2", "accept: ;;,", "accept: */*;q=nan", "content-length: 99999999999999999999"),
    *("content-length: ²",),
    *("content-length: -1", "content-type: multipart/form-data", "content-type: multipart/form-data; boundary="),
    *("expect: x",),
    *("content-type: multipart/form-data; boundary=\xff", "content-type: multipart/form-data; boundary=b; charset=x"),
    *("transfer-encoding: chunked", "sec-fetch-site: same-site", "range: bytes=0-", "if-none-match: *", "cookie: a=b"),
)  # fmt: skip
_HEADS = (
    *('form-data; name="image"', "form-data", "", 'form-data; name="image"; filename*=utf-8\'\'%ff'),
    *("form-data; name=\xff",),
    *('form-data; name=""; filename=""', "attachment", 'form-data; name="image"; filename="a"\r\nContent-Type: \xff'),
)  # fmt: skip


@st.composite
def _predict_requests(draw: st.DrawFn) -> bytes:
    content = draw(st.one_of(st.just(_small_png()), pngs.pngs(), st.binary(max_size=30)))
    headers = draw(st.lists(st.sampled_from(_HEADERS), max_size=2))
    query = draw(st.sampled_from(["", "?score=0.5", "?score=nan", "?score=", "?score=1&score=0", "?%", "?score=1e999"]))
    if draw(st.booleans()):
        kind, body = _FORM, _form(content, draw(st.sampled_from(['form-data; name="image"; filename="a"', *_HEADS])))
    else:
        documents = [{"image": _base64(content)}, {"image": f"data:image/png;base64,{_base64(content)}"}]
        kind, body = "application/json", as_json(draw(changed_values(documents))).encode("utf-8", "surrogatepass")
    return _request(f"POST /predict{query}", kind, body, *headers)


_DATA = (
    "GET /data", "GET /data/images?label=1&score=0.5&limit=2&offset=0", "GET /data/images?error=missed",
    "GET /data/images?true=1&predicted=5", "GET /data/images/0/picture", "GET /data/images/0/truth",
    "GET /data/images/0/prediction", "GET /data/images/7/truth",
)  # fmt: skip
_DATA_PIECES = (
    *("label=", "score=", "error=", "true=", "predicted=", "offset=", "limit=", "&", "?", "=", "/", "..", "%2f"),
    *("%00", "%ff"),
    *("-1", "0", "6", "500", "501", "9" * 30, "9" * 5000, "1e3", "nan", "inf", "class and place", "٣", "1_0", " 1"),
    *("+1", "0x1"),
    *("picture", "images", "POST ", "DELETE ", "HEAD ", "OPTIONS ", "\n", "\norigin: http://[", "\nhost: x"),
)  # fmt: skip

_CONFIG = (
    '<View><Image name="i" value="$image"/><BrushLabels name="b" toName="i"><Label value="disc"/></BrushLabels>'
    '<PolygonLabels name="p" toName="i"><Label value="square"/></PolygonLabels></View>'
)


def _studio_documents() -> list[Any]:
    tasks = [
        {"data": {"image": f"data:image/png;base64,{_base64(_small_png())}"}},
        {"data": {"image": "/data/upload/1/1.png"}},
    ]
    local = [{"data": {"image": "/data/local-files/?d=1.png"}, "id": 3}]
    return [
        {"label_config": _CONFIG, "tasks": tasks, "project": "1"},
        {"label_config": _CONFIG, "tasks": local},
        {"schema": _CONFIG, "project": "1"},
        {"action": "ANNOTATION_CREATED", "annotation": {}},
    ]


def _studio_request(document: Any, text: str | None = None) -> bytes:
    keys = document if isinstance(document, dict) else {}
    route = "predict" if "tasks" in keys else "setup" if "schema" in keys else "webhook"
    body = (as_json(document) if text is None else text).encode("utf-8", "surrogatepass")
    return _request(f"POST /label-studio/{route}", "application/json", body)


_STUDIO_VALUES = st.sampled_from(
    [
        *(None, 0, "", [], {}, [None], "x", "data:", "data:image/png;base64,", "data:;base64,!"),
        *("/data/local-files/?d=",),
        *("/data/local-files/?d=../../etc/passwd", "file:///etc/passwd", "http://[", "http://[::1", "//", "/"),
        *("?d=%00", "\0"),
        *("/data/upload/1/42d46c4c-1.png", "a" * 5000, "/data/local-files/?d=" + "a/" * 400, "%2e%2e/x"),
        *("C:\\1.png", "\ud800"),
        *("http://a/1.png?d=%ff", "<View/>", "<View>", "<!DOCTYPE a>", "&lt;", _CONFIG.replace("$image", "")),
        *("<a" * 200,),
        *(_CONFIG.replace("disc", "\u202e"), _CONFIG.replace('toName="i"', ""), _CONFIG.replace("Image", "Text")),
        *("<a>" * 20000,),
    ]
)  # fmt: skip


def _studio_requests() -> st.SearchStrategy[bytes]:
    return changed_values(_studio_documents(), _STUDIO_VALUES).map(_studio_request)


TARGETS = [
    Target(
        name="predict-requests",
        read=lambda path: _ask(False, path),
        errors=(Refused,),
        seeds=_predict_seeds,
        strategy=_predict_requests,
        tokens=tuple(
            each.encode("latin-1", "replace") for each in (*_HEADERS, *_HEADS, "\n", "\r\n", "--b", "--b--", ":")
        ),
    ),
    Target(
        name="browser-requests",
        read=lambda path: _ask(True, path),
        errors=(Refused,),
        seeds=lambda: [line.encode() for line in _DATA],
        strategy=lambda: changed_lines(_DATA, _DATA_PIECES),
        tokens=tuple(piece.encode() for piece in _DATA_PIECES),
    ),
    Target(
        name="label-studio-requests",
        read=lambda path: _ask(False, path),
        errors=(Refused,),
        seeds=lambda: [_studio_request(document) for document in _studio_documents()],
        strategy=_studio_requests,
        tokens=(
            b'"tasks":',
            b'"data":',
            b'"label_config":',
            b"<Label ",
            b"value=",
            b"toName=",
            b"<!ENTITY",
            b"data:",
            b"?d=",
        ),
    ),
]
