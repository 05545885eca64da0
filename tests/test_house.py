"""The rules of the house that import-linter cannot state; each failure names what broke the rule."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePath

from tools.architecture.import_graph import MASKWRIGHT, ROOT

SOURCE = ROOT / "src" / "maskwright"
LONGEST_CHAIN = 20
FILES_IN_A_FOLDER = 25
LINES_OF_WORKFLOWS = 3800
# The face of the package hands the workflows on, as functions.
MAY_USE_WORKFLOWS = ("maskwright.workflows", "maskwright.cli", "maskwright")

# Files without a test file of the same name, and the test that runs them.
TESTED_BY: dict[str, str] = {
    # A command of few lines: its options are tested through the workflow it calls.
    "cli/demo.py": "drills/test_demo.py",
    "cli/evaluate.py": "workflows/test_run.py",
    "cli/models.py": "cli/test_main.py",
    "cli/predict.py": "workflows/test_predict.py",
    "cli/recipes.py": "cli/test_main.py",
    "cli/report.py": "workflows/test_run.py",
    "cli/train.py": "workflows/test_semantic_kinds.py",
    "cli/transfer.py": "workflows/test_transfer.py",
}

PROPERTIES = {"property", "cached_property", "setter"}
NO_VERBS = {"The", "A", "An", "What", "How", "Whether", "Which", "Where", "Every", "Each", "One", "For", "As", "All"}


def sources() -> list[Path]:
    """Every file of the package that holds code of its own, relative to the package."""
    found = sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))
    return [path for path in found if path.name not in ("__init__.py", "__main__.py")]


def assert_none(offenders: list[str]) -> None:
    """Fail with every offender on a line of its own."""
    assert not offenders, "\n" + "\n".join(offenders)


def test_no_modules_import_each_other_in_circles() -> None:
    assert_none(MASKWRIGHT.cycles)


def test_no_chain_of_imports_is_long() -> None:
    chain = MASKWRIGHT.longest_chain
    assert len(chain) <= LONGEST_CHAIN, "\n-> ".join([f"{len(chain)} modules, each of which imports the next:", *chain])


def test_a_public_name_means_one_thing() -> None:
    """A class or function may share its name with another folder's only where their files share a name too."""
    places: dict[str, list[Path]] = defaultdict(list)
    for path in sources():
        for node in ast.parse((SOURCE / path).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    twice = {
        name: paths
        for name, paths in places.items()
        if len({path.parent for path in paths}) > 1 and len({path.name for path in paths}) > 1
    }
    assert_none([f"{name}: {', '.join(map(str, paths))}" for name, paths in sorted(twice.items())])


def test_public_docstrings_are_there_and_say_what_is_done() -> None:
    """Functions and methods begin with an imperative; classes and properties name what they are."""
    offenders = []
    for path in sources():
        for name, node in public_definitions(ast.parse((SOURCE / path).read_text(encoding="utf-8"))):
            marks = {getattr(mark, "id", getattr(mark, "attr", "")) for mark in node.decorator_list}
            text = ast.get_docstring(node)
            if text is None and "overload" not in marks:
                offenders.append(f"{path}: {name} has no docstring")
            elif text and isinstance(node, ast.FunctionDef) and not marks & PROPERTIES and text.split()[0] in NO_VERBS:
                offenders.append(
                    f"{path}: {name} begins with '{text.split()[0]}'; expected a verb, as in 'Return the …'"
                )
    assert_none(offenders)


def public_definitions(tree: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    """The public classes and functions of a module, and the public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from ((f"{node.name}.{name}", method) for name, method in public_definitions(node))


def test_no_folder_is_crowded() -> None:
    counts = Counter(path.parent.as_posix() for path in sources())
    assert_none([f"{folder}: {count} files" for folder, count in counts.items() if count > FILES_IN_A_FOLDER])


def test_workflows_are_used_by_the_command_line_alone() -> None:
    assert_none(
        [
            f"{module} -> {other}"
            for module, imported in MASKWRIGHT.imports.items()
            for other in imported
            if room(other) == "maskwright.workflows" and room(module) not in MAY_USE_WORKFLOWS
        ]
    )


def room(module: str) -> str:
    """``maskwright.ROOM`` of a module."""
    return ".".join(module.split(".")[:2])


def test_workflows_are_short() -> None:
    files = (SOURCE / "workflows").rglob("*.py")
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    longest = sorted(lines.items(), key=lambda item: -item[1])[:5]
    assert sum(lines.values()) <= LINES_OF_WORKFLOWS, f"{sum(lines.values())} lines; the longest files are {longest}"


def test_a_file_has_a_test_file_of_its_name() -> None:
    untested = [path for path in sources() if not mirrored(path).exists() and path.as_posix() not in TESTED_BY]
    assert_none([f"{path}: expected {mirrored(path).relative_to(ROOT)}" for path in untested])


def mirrored(source: PurePath) -> Path:
    """The test file of the same name in the mirrored folder."""
    return ROOT / "tests" / source.with_name(f"test_{source.name}")


def test_the_list_of_exceptions_is_true() -> None:
    for source, test in TESTED_BY.items():
        path = PurePath(source)
        assert (SOURCE / source).exists(), source
        assert not mirrored(path).exists(), f"{source} has a test file now"
        text = (ROOT / "tests" / test).read_text(encoding="utf-8")
        assert f'main(["{path.stem}"' in text, f"{test} does not run {source}"
