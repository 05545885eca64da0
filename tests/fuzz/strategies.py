"""Structured inputs: documents that differ from a sound one in a few places."""

import copy
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import yaml
from hypothesis import strategies as st

_LETTERS = st.text(st.characters(codec="utf-8"), max_size=8)
_VALUES = st.one_of(
    st.sampled_from(
        [
            *(None, True, False, 0, 1, -1, 2, 63, 64, 65, 0.5, -0.5, 1e9, 1e308, -1e308, 2**31, 2**32, 2**53),
            *(2**63, 2**64),
            *("", "1", " a ", "a", "..", "../a.png", "/etc/passwd", "\0", "\x1b[2J", "\u202e", "a\nb", "=1+1", "é"),
            *("C:\\a.png", "background", "nan", "n" * 1001, [], {}, [[]], [None], [0] * 6, [1e9] * 6),
            *([[0, 0, 9, 0, 9, 9]],),
            *([float("nan")], float("inf"), {"size": [64, 64], "counts": [4096]}, {"size": [64, 64], "counts": "PP4"}),
        ]
    ),
    st.integers(-(2**70), 2**70),
    st.floats(),
    _LETTERS,
    st.lists(st.integers(-2, 70), max_size=8),
    st.lists(st.floats(-10, 80), max_size=8),
)  # fmt: skip

Path = tuple[Any, ...]


def changed_values(documents: Sequence[Any], values: st.SearchStrategy[Any] = _VALUES) -> st.SearchStrategy[Any]:
    """Draw one of ``documents``, of lists, dictionaries and scalars, with up to five places changed.

    A place is replaced by one of ``values`` or of another place, taken away, repeated, or given another name.
    """

    @st.composite
    def document(draw: st.DrawFn) -> Any:
        found = [copy.deepcopy(draw(st.sampled_from(documents)))]
        for _ in range(draw(st.integers(0, 5))):
            places = list(_places(found))
            path = places[draw(st.integers(0, len(places) - 1))]
            parent, key = _at(found, path[:-1]), path[-1]
            way = draw(st.sampled_from(["value", "value", "value", "other", "remove", "repeat", "rename", "wrap"]))
            if way == "value":
                parent[key] = copy.deepcopy(draw(values))
            elif way == "other":
                other = places[draw(st.integers(0, len(places) - 1))]
                parent[key] = copy.deepcopy(_at(found, other))
            elif way == "wrap":
                parent[key] = [parent[key]]
            elif len(path) > 1:
                _rearrange(parent, key, way, draw)
        return found[0]

    return document()


def _rearrange(parent: Any, key: Any, way: str, draw: st.DrawFn) -> None:
    if way == "remove":
        del parent[key]
    elif isinstance(parent, list):
        parent[key:key] = [copy.deepcopy(parent[key])] * draw(st.sampled_from([1, 2, 50]))
    elif way == "rename":
        parent[draw(_LETTERS)] = parent.pop(key)
    else:
        parent[draw(_LETTERS)] = copy.deepcopy(parent[key])


def _places(value: Any, path: Path = ()) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def json_bytes(documents: Sequence[Any]) -> Callable[[], st.SearchStrategy[bytes]]:
    """JSON texts of :func:`changed_values`, some with what JSON does not have: NaN, lone surrogates."""

    def texts() -> st.SearchStrategy[bytes]:
        return changed_values(documents).map(lambda value: as_json(value).encode("utf-8", "surrogatepass"))

    return texts


def as_json(value: Any) -> str:
    """Return ``value`` as JSON text."""
    return json.dumps(value)


def yaml_bytes(texts: Sequence[str]) -> Callable[[], st.SearchStrategy[bytes]]:
    """YAML texts of :func:`changed_values`, and of :func:`changed_lines`."""

    def dumped(value: Any) -> bytes:
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode("utf-8", "surrogatepass")

    def contents() -> st.SearchStrategy[bytes]:
        changed = changed_values([yaml.safe_load(text) for text in texts]).map(dumped)
        return st.one_of(changed, changed_lines(texts, _YAML_PIECES))

    return contents


_YAML_PIECES = (
    *("&a [1]", "*a", "<<: *a", "<<: {}", "!!python/name:os.system", "!!binary aGk=", "!!set {a}", "2001-99-99"),
    *("1e3", "8:1"),
    *("- ", "? ", ": ", "# ", "|", ">", "---\n", "...\n", "%YAML 9.9\n", "{", "[", '"', "'", "\t", "~", "on"),
    *(".nan", "0x10"),
    *("!!int x", "!!timestamp x", "!!float x", "\x85", "\u2028", "\ufeff", "!<tag:yaml.org,2002:int> 0b2"),
    *("190:20:30.15", "="),
)  # fmt: skip


def changed_lines(texts: Sequence[str], pieces: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Texts in which up to six places at the borders of words have another piece, or a word less or twice."""

    @st.composite
    def text(draw: st.DrawFn) -> bytes:
        words = re.split(r"(?<=[\s,:<>=])", draw(st.sampled_from(list(texts))))
        for _ in range(draw(st.integers(1, 6))):
            at = draw(st.integers(0, len(words) - 1))
            way = draw(st.sampled_from(["insert", "replace", "remove", "repeat", "letters"]))
            piece = draw(st.sampled_from(list(pieces))) if way in ("insert", "replace") else draw(_LETTERS)
            count = {"remove": 0, "repeat": draw(st.sampled_from([2, 3, 40]))}.get(way, 1)
            words[at : at + 1] = [words[at]] * count if way in ("remove", "repeat") else [piece, words[at]]
            if way == "replace":
                words[at + 1 : at + 2] = []
            words = words or [""]
        return "".join(words).encode("utf-8", "surrogatepass")

    return text()
