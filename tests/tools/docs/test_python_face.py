"""The reference of the Python face, on a package of the tests and on the real one."""

from pathlib import Path

import pytest

import maskwright

pytest.importorskip("griffe", reason="the reference needs griffelib: pip install '.[docs]'")

from tools.docs.python_face import python_page

INIT = '''
"""A package."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from face.inner import Thing as Thing
    from face.inner import load as get
__version__ = "1"
__all__ = ["Thing", "get", "__version__"]
'''

INNER = '''
from dataclasses import dataclass
from pathlib import Path

@dataclass
class Summary:
    """What was read."""
    count: int
    """How many."""

class Thing:
    """Hold things, ``(N, 4)`` of them.

    Attributes:
        size: Pixels.
    """
    def __len__(self) -> int:
        """Return N."""
        return 0
    @property
    def area(self) -> float:
        """Return the area.

        Returns:
            The area: pixels.
        """
        return 0.0
    @classmethod
    def empty(cls, size: int) -> "Thing":
        """Return a thing without things."""
        return cls()
    def _private(self) -> None:
        """Do not show this."""

def load(path: Path, *names: str, count: int = 3) -> Summary:
    """Read a thing, see :func:`load`.

    Args:
        path: A file of <things>.
        count: How many
            at most.

    Returns:
        Summary: Of all.

    Raises:
        ValueError: It is none.

    Example:
        >>> load("a")
        3
    """
'''


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "face").mkdir()
    (tmp_path / "face" / "__init__.py").write_text(INIT)
    (tmp_path / "face" / "inner.py").write_text(INNER)
    return tmp_path


def test_a_function_has_signature_arguments_and_example(source: Path) -> None:
    page = python_page(source, "face")
    assert "### get {#get}" in page
    assert "get(path: Path, *names: str, count: int = 3) -> Summary" in page
    assert "see [`load`]" not in page  # `load` is public by the name `get` only
    assert "- `path`: A file of \\<things>." in page
    assert "**Returns**\n\nOf all." in page
    assert "- `ValueError`: It is none." in page
    assert '```pycon\n>>> load("a")\n3\n```' in page
    assert "*Source: `face/inner.py`*" in page


def test_a_class_has_its_members_and_what_functions_return_is_there(source: Path) -> None:
    page = python_page(source, "face")
    assert "### Thing {#Thing}" in page
    assert "- `size`: Pixels." in page
    assert "area: float" in page
    assert "**Returns**\n\nThe area: pixels." in page
    assert "@classmethod\nempty(size: int) -> " in page
    assert "{#Thing.__len__}" in page
    assert "_private" not in page
    assert "### Summary {#Summary}" in page.partition("## Types they take and return")[2]
    assert "- `count`: How many." in page
    assert "__version__" not in page


@pytest.mark.parametrize(
    ("whole", "part", "said"),
    [
        ("        path: A file", "        pth: A file", "pth"),
        ('"Thing", "get"', '"Thing", "gone", "get"', "gone"),
    ],
)
def test_what_does_not_exist_is_refused(source: Path, whole: str, part: str, said: str) -> None:
    for file in (source / "face").iterdir():
        file.write_text(file.read_text().replace(whole, part))
    with pytest.raises(ValueError, match=said):
        python_page(source, "face")


def test_every_public_name_of_maskwright_is_there() -> None:
    page = python_page()
    missing = [name for name in maskwright.__all__ if f"### {name} {{#{name}}}" not in page]
    assert missing == ["__version__"]
