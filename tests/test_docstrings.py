"""The examples in docstrings run as they stand, in a folder that holds labels.json, photos and runs/first."""

import doctest
import shutil
from importlib import import_module
from pathlib import Path

import pytest

import maskwright
from maskwright.synthetic.shapes import write_shapes

SOURCE = Path(maskwright.__file__).parent
WITH_EXAMPLES = [path for path in sorted(SOURCE.rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=module_name)
def test_the_examples_of_a_module_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    write_shapes(tmp_path, 12).rename(tmp_path / "labels.json")
    (tmp_path / "images").rename(tmp_path / "photos")
    if "runs/first" in path.read_text(encoding="utf-8"):
        shutil.copytree(request.getfixturevalue("instance_run"), tmp_path / "runs" / "first")
    monkeypatch.chdir(tmp_path)
    done = doctest.testmod(import_module(module_name(path)), optionflags=doctest.ELLIPSIS)
    assert done.attempted > 0
    assert done.failed == 0, "see the output above"


def test_what_the_package_exports_has_an_example() -> None:
    named = {name: getattr(maskwright, name) for name in maskwright._HELD}
    assert [name for name, each in named.items() if ">>> " not in (each.__doc__ or "")] == []
