"""The reader of imports on small packages: what counts as an import, circles, and chains."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.architecture.import_graph import ImportGraph

MakePackage = Callable[..., ImportGraph]


@pytest.fixture
def package(tmp_path: Path) -> MakePackage:
    """``package(a="import house.b", …)`` writes modules of the package ``house``; ``room__a`` is ``house.room.a``."""

    def make(**modules: str) -> ImportGraph:
        for name, text in {"__init__": "", **modules}.items():
            name = name if name.startswith("__") else name.replace("__", "/", 1)
            path = tmp_path / "house" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            (path.parent / "__init__.py").touch()
        return ImportGraph(tmp_path, "house")

    return make


@pytest.mark.parametrize(
    "text",
    [
        "import house.b",
        "from house.b import thing",
        "from house import b",
        "from . import b",
        "from .b import thing",
        "def lazy():\n    from house.b import thing",
        "class Lazy:\n    def method(self):\n        import house.b",
        "try:\n    import house.b\nexcept ImportError:\n    pass",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import house.b",
    ],
)
def test_every_way_to_import_counts(text: str, package: MakePackage) -> None:
    assert package(a=text, b="thing = 1").imports["house.a"] == ["house.b"]


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "if TYPE_CHECKING:\n    import house.b",
        "if typing.TYPE_CHECKING:\n    from house.b import thing",
        "'import house.b'",
    ],
)
def test_what_is_not_imported_at_run_time_does_not_count(text: str, package: MakePackage) -> None:
    assert package(a=text, b="thing = 1").imports["house.a"] == []


def test_a_name_of_a_package_is_an_import_of_the_package_and_not_of_those_above(package: MakePackage) -> None:
    graph = package(a="from house.room import shelf", room__b="")
    assert graph.imports["house.a"] == ["house.room"]


def test_a_relative_import_starts_at_its_package(package: MakePackage) -> None:
    graph = package(b="", room__a="from ..b import thing\nfrom .c import other", room__c="")
    assert graph.imports["house.room.a"] == ["house.b", "house.room.c"]


def test_a_circle_is_shown_as_one_walks_it(package: MakePackage) -> None:
    graph = package(a="import house.b", b="def lazy():\n    import house.c", c="import house.b", d="import house.a")
    assert graph.cycles == ["house.b -> house.c -> house.b"]


def test_no_circle_is_found_where_two_import_a_third(package: MakePackage) -> None:
    assert package(a="import house.b\nimport house.c", b="import house.c", c="").cycles == []


def test_the_longest_chain_takes_the_long_way(package: MakePackage) -> None:
    graph = package(a="import house.b\nimport house.d", b="import house.c", c="import house.d", d="")
    assert graph.longest_chain == ["house.a", "house.b", "house.c", "house.d"]


def test_a_circle_counts_with_all_its_modules(package: MakePackage) -> None:
    graph = package(a="import house.b", b="import house.c\nimport house.d", c="import house.b", d="")
    assert graph.longest_chain == ["house.a", "house.b", "house.c", "house.d"]
