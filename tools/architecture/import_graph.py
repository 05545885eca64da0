"""The import graph of a package, read from its source: nothing is imported, and imports inside functions count."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class ImportGraph:
    """The modules of ``package`` below ``source`` and what each imports of them.

    An import of a name is an import of the module that has it; the packages above a module do not count as imported
    by it, as their files say what belongs together and not what needs what. Imports for type checkers do not count.
    """

    source: Path
    package: str

    @cached_property
    def files(self) -> dict[str, Path]:
        """The file of every module by the module's name."""
        found = {}
        for path in sorted((self.source / self.package).rglob("*.py")):
            parts = path.relative_to(self.source).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
        return found

    @cached_property
    def imports(self) -> dict[str, list[str]]:
        """The modules that each module imports, sorted."""
        return {module: self._imported(module, path) for module, path in self.files.items()}

    def _imported(self, module: str, path: Path) -> list[str]:
        within = module if path.name == "__init__.py" else module.rpartition(".")[0]
        names = imported_names(ast.parse(path.read_text(encoding="utf-8")), within)
        found = {name if name in self.files else name.rpartition(".")[0] for name in names}
        return sorted((found & self.files.keys()) - {module})

    @cached_property
    def components(self) -> list[list[str]]:
        """The modules in groups that import each other in circles, what is imported before what imports it.

        A module that is in no circle is a group of its own. (Tarjan 1972, strongly connected components.)
        """
        found: list[list[str]] = []
        order: dict[str, int] = {}
        lowest: dict[str, int] = {}
        open_modules: list[str] = []

        def visit(module: str) -> None:
            order[module] = lowest[module] = len(order)
            open_modules.append(module)
            for other in self.imports[module]:
                if other not in order:
                    visit(other)
                if other in open_modules:
                    lowest[module] = min(lowest[module], lowest[other])
            if lowest[module] == order[module]:
                first = open_modules.index(module)
                found.append(sorted(open_modules[first:]))
                del open_modules[first:]

        for module in self.imports:
            if module not in order:
                visit(module)
        return found

    @property
    def cycles(self) -> list[str]:
        """A circle of every group that has one, as ``a -> b -> a``."""
        groups = [group for group in self.components if len(group) > 1]
        return [" -> ".join(self._circle(group)) for group in groups]

    def _circle(self, group: list[str]) -> list[str]:
        path = [group[0]]
        while path[-1] not in path[:-1]:
            path.append(next(other for other in self.imports[path[-1]] if other in group))
        return path[path.index(path[-1]) :]

    @property
    def longest_chain(self) -> list[str]:
        """The longest row of modules of which each imports the next; the modules of a circle stand side by side."""
        best: dict[str, list[str]] = {}
        for group in self.components:
            below = {other for module in group for other in self.imports[module]} - set(group)
            chain = group + max((best[other] for other in below), key=len, default=[])
            best |= dict.fromkeys(group, chain)
        return max(best.values(), key=len)


def imported_names(tree: ast.Module, within: str) -> Iterator[str]:
    """The dotted names that ``tree`` imports at run time, at its top or inside functions.

    ``within`` is the package that relative imports start from.
    """
    for node in runtime_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = within.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(part for part in (parent, node.module) if part)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and everything below it but the bodies of ``if TYPE_CHECKING``."""
    yield node
    guarded = isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    for child in node.orelse if isinstance(node, ast.If) and guarded else ast.iter_child_nodes(node):
        yield from runtime_nodes(child)


MASKWRIGHT = ImportGraph(ROOT / "src", "maskwright")
