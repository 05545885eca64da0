"""The navigation against the pages."""

from pathlib import Path

from tools.docs.navigation import navigation_faults


def faults(folder: Path, pages: list[str], nav: str) -> list[str]:
    for page in pages:
        path = folder / "docs" / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / "site.toml").write_text(f"[project]\nnav = {nav}\n")
    return navigation_faults(folder / "site.toml", folder / "docs")


def test_pages_and_entries_that_agree_have_no_fault(tmp_path: Path) -> None:
    nav = '[{"Home" = "a.md"}, {"More" = [{"B" = "in/b.md"}]}]'
    assert faults(tmp_path, ["a.md", "in/b.md"], nav) == []


def test_a_missing_an_unlisted_and_a_repeated_page_are_named(tmp_path: Path) -> None:
    found = faults(tmp_path, ["a.md", "alone.md"], '[{"A" = "a.md"}, {"B" = "a.md"}, {"C" = "gone.md"}]')
    assert [any(name in fault for fault in found) for name in ("a.md", "alone.md", "gone.md")] == [True] * 3
    assert len(found) == 3
