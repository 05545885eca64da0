"""The site as a whole: it builds without a warning, and asks no other host for anything."""

from pathlib import Path

import pytest

pytest.importorskip("griffe", reason="the reference needs griffelib: pip install '.[docs]'")
pytest.importorskip("zensical", reason="the site needs zensical: pip install '.[docs]'")

from tools.docs.build import GENERATED, build, lay_out


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, laid out once for all tests."""
    stage = tmp_path_factory.mktemp("docs") / "stage"
    lay_out(stage)
    return stage


def test_the_documentation_builds_without_a_fault(stage: Path) -> None:
    site, faults = build(stage)
    assert faults == []
    assert (site / "index.html").is_file()
    for page in (*GENERATED, "tutorial.md", "glossary.md", "how-to/check.md"):
        assert (site / page).with_suffix(".html").is_file(), page
    # What would fetch a script from another host when a page with it is opened.
    assert not [page for page in site.rglob("*.html") if 'class="mermaid' in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("broken", ["[there](gone.md)", "[there](recipes.md#gone)"])
def test_a_broken_link_ends_the_build(stage: Path, broken: str) -> None:
    page = stage / "docs" / "index.md"
    before = page.read_text(encoding="utf-8")
    try:
        page.write_text(f"{before}\n{broken}\n", encoding="utf-8")
        assert any("index.md" in fault for fault in build(stage)[1])
    finally:
        page.write_text(before, encoding="utf-8")


def test_a_page_outside_the_navigation_ends_the_build(stage: Path) -> None:
    page = stage / "docs" / "alone.md"
    try:
        page.write_text("# Alone\n", encoding="utf-8")
        assert any("alone.md" in fault for fault in build(stage)[1])
    finally:
        page.unlink()
