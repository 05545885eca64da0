"""How functions and methods are called, as code."""

from typing import Any

import griffe

_WIDTH = 88  # of a signature on one line
_STARS = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}


def signature(name: str, described: Any) -> str:
    """Return the call of a griffe function, or of a class, as ``name``; an argument a line where it is long."""
    parameters = _parameters(described)
    returns = f" -> {described.returns}" if described.is_function and described.returns is not None else ""
    line = f"{name}({', '.join(parameters)}){returns}"
    if len(line) <= _WIDTH or not parameters:
        return line
    return "\n".join([f"{name}(", *(f"    {each}," for each in parameters), f"){returns}"])


def member_signature(member: Any) -> str:
    """Return the call of a method with its decorator, or the type of a property."""
    if not member.is_function:
        return f"{member.name}: {member.annotation}"
    decorators = [f"@{label}\n" for label in ("classmethod", "staticmethod") if label in member.labels]
    return "".join(decorators) + signature(member.name, member)


def _parameters(described: Any) -> list[str]:
    """Return the parameters with annotation and default, ``self`` and ``cls`` left out."""
    shown: list[str] = []
    starred = False
    for each in described.parameters:
        if each.name in ("self", "cls") and not shown:
            continue
        if each.kind is griffe.ParameterKind.keyword_only and not starred:
            shown.append("*")
        star = _STARS.get(each.kind, "")
        starred = starred or star == "*" or each.kind is griffe.ParameterKind.keyword_only
        text = star + each.name + (f": {each.annotation}" if each.annotation is not None else "")
        equals = " = " if each.annotation is not None else "="
        shown.append(text + (f"{equals}{each.default}" if each.default is not None and not star else ""))
    return shown
