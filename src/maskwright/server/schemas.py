"""What OpenAPI says of ``/predict``: its bodies, its answers and its refusals."""

from typing import Any

import msgspec

from maskwright.server.answers import Answer
from maskwright.server.uploads import FIELD, FORM, JSON

_REASONS = {
    403: "The request comes from a web page of another origin.",
    406: "Neither JSON nor PNG is accepted.",
    408: "The body did not arrive in time.",
    413: "The body has too many bytes, or the image too many pixels.",
    415: "The body is neither a form nor JSON.",
    421: "The host is not one of this service.",
    422: "The body holds no image that can be decoded, or a parameter is wrong.",
    429: "As many images wait as may. Retry-After says when to ask again.",
    503: "No result in time, too little memory, or the service ends.",
}


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """Return a JSON schema without references."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(parts[schema["$ref"].rpartition("/")[2]], parts)
        return {key: _inlined(value, parts) for key, value in schema.items()}
    return [_inlined(each, parts) for each in schema] if isinstance(schema, list) else schema


def _schema_of(kind: Any) -> Any:
    (schema,), parts = msgspec.json.schema_components([kind])
    return _inlined(schema, parts)


_FILE = {"type": "string", "format": "binary"}
_TEXT = {"type": "string", "format": "byte", "description": "An image file in base64, or as a data URL."}

PREDICT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "object", "required": [FIELD], "properties": {FIELD: field}}}
            for kind, field in ((FORM, _FILE), (JSON, _TEXT))
        },
    }
}

_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}

PREDICT_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What was found.",
        "content": {JSON: {"schema": _schema_of(Answer)}, "image/png": {"schema": _FILE}},
    },
    **{status: {"description": reason, "content": {JSON: {"schema": _ERROR}}} for status, reason in _REASONS.items()},
}
