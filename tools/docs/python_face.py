"""The reference of the Python face: every name of ``maskwright.__all__`` from its source and docstring.

The source is read, never imported, so the page needs no torch.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import griffe

from tools.docs.docstrings import docstring_parts
from tools.docs.markdown import block, code, prose
from tools.docs.signatures import member_signature, signature

SOURCE = Path(__file__).parents[2] / "src"
_SPECIAL = ("__len__", "__iter__", "__getitem__")  # what a class can do that has no name of its own

Described = griffe.Function | griffe.Class


def python_page(source: Path = SOURCE, package: str = "maskwright") -> str:
    """Return the page: classes, functions, and the types they take or return, each with signature and docstring.

    Raises ``ValueError`` when a public name leads nowhere, has no docstring, or its docstring describes an argument
    that does not exist.
    """
    faults = _Faults()
    logger = logging.getLogger("griffe")
    logger.addHandler(faults)
    try:
        loaded = griffe.load(package, search_paths=[str(source)], docstring_parser="google")
        parts = list(_page(package, source, loaded))
    finally:
        logger.removeHandler(faults)
    if faults.messages:
        raise ValueError("The Python reference has faults:\n" + "\n".join(faults.messages))
    return "\n\n".join(part for part in parts if part) + "\n"


class _Faults(logging.Handler):
    """Collects what the docstring parser warns of: an argument that does not exist, a section it cannot read."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message."""
        self.messages.append(record.getMessage())


def _page(package: str, source: Path, loaded: Any) -> Iterator[str]:
    public = _public(package, loaded)
    types = _types(package, loaded, public)
    links = {name: f"#{name}" for name in {**public, **types}}
    links |= {each.path.removeprefix(f"{package}."): f"#{name}" for name, each in {**public, **types}.items()}
    yield "# Python"
    yield (
        f"What `from {package} import …` offers. `import {package}` takes no time and needs no torch: each name is "
        "imported when it is first used."
    )
    classes = {name: each for name, each in public.items() if isinstance(each, griffe.Class)}
    functions = {name: each for name, each in public.items() if isinstance(each, griffe.Function)}
    for title, group in (("Classes", classes), ("Functions", functions), ("Types they take and return", types)):
        if group:
            yield f"## {title}"
        for name in sorted(group):
            yield from _described(name, group[name], links)
            yield f"*Source: {code(Path(str(group[name].filepath)).relative_to(source).as_posix())}*"


def _public(package: str, loaded: Any) -> dict[str, Described]:
    """Return what each name of ``__all__`` stands for."""
    found = {}
    for name in map(str, loaded.exports or ()):
        member = loaded.members.get(name)
        target = member.final_target if member is not None and member.is_alias else member
        if target is not None and target.is_attribute:
            continue  # __version__
        if not isinstance(target, griffe.Function | griffe.Class) or target.docstring is None:
            raise ValueError(
                f"{package}.{name}: found no function or class with a docstring; expected one. Import it below "
                f"`if TYPE_CHECKING` in {package}/__init__.py and describe it."
            )
        found[name] = target
    return found


def _types(package: str, loaded: Any, public: Mapping[str, Described]) -> dict[str, griffe.Class]:
    """Return the package's classes that signatures of the public names mention and that are not public themselves."""
    found: dict[str, griffe.Class] = {}
    for described in public.values():
        functions = [described] if described.is_function else _methods(described)
        for function in functions:
            for name, path in _mentioned(function):
                inside = path.removeprefix(f"{package}.")
                each = loaded[inside] if path.startswith(f"{package}.") else None
                each = each.final_target if each is not None and each.is_alias else each
                if isinstance(each, griffe.Class) and each not in public.values():
                    found[name] = each
    return found


def _mentioned(function: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the full path of every type in a signature."""
    annotations = [getattr(function, "returns", None), getattr(function, "annotation", None)]
    annotations += [each.annotation for each in getattr(function, "parameters", ())]
    for annotation in annotations:
        if isinstance(annotation, griffe.Expr):
            for each in annotation.iterate(flat=True):
                if isinstance(each, griffe.ExprName):
                    yield each.name, each.canonical_path


def _described(name: str, described: Described, links: Mapping[str, str]) -> Iterator[str]:
    """Yield heading, signature and docstring of a function, or of a class and its members."""
    yield f"### {name} {{#{name}}}"
    yield block(signature(name, described), "python")
    yield from docstring_parts(described, links)
    if isinstance(described, griffe.Function):
        return
    yield from _fields(described)
    for member in _methods(described):
        title = member.name.replace("_", "\\_") if member.name in _SPECIAL else member.name
        yield f"#### {title} {{#{name}.{member.name}}}"
        yield block(member_signature(member), "python")
        yield from docstring_parts(member, links)


def _fields(described: griffe.Class) -> Iterator[str]:
    """Yield the fields that have a docstring of their own."""
    fields = [each for each in described.members.values() if each.is_attribute and "property" not in each.labels]
    lines = [f"- {code(each.name)}: {prose(each.docstring.value)}" for each in fields if each.docstring is not None]
    if lines:
        yield "\n".join(lines)


def _methods(described: Any) -> list[Any]:
    """Return the public methods and properties with a docstring, in the order of the source."""
    return [
        each
        for each in described.members.values()
        if each.has_docstring
        and (each.is_function or "property" in each.labels)
        and (not each.name.startswith("_") or each.name in _SPECIAL)
    ]
