"""The links of a built site."""

from pathlib import Path

import pytest

from tools.docs.links import link_faults

GOOD = """<link rel="canonical" href="https://example.org/a.html"><script src="a.js"></script>
<h1 id="top">A</h1><a href="#top"></a><a href="in/b.html#b%20c"></a><a href="https://example.org">away</a>"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.html").write_text(GOOD)
    (tmp_path / "in" / "b.html").write_text('<p id="b c"></p><a href="../a.html"></a>')
    (tmp_path / "a.js").touch()
    (tmp_path / "a.css").write_text("body { background: url(a.png) }")
    return tmp_path


def test_a_whole_site_has_no_fault(site: Path) -> None:
    assert link_faults(site) == []


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('<a href="gone.html"></a>', "gone.html leads to no file"),
        ('<a href="in/b.html#gone"></a>', "gone leads to no anchor"),
        ('<a href="../src/x.py"></a>', "x.py leads to no file"),
        ('<script src="https://cdn.example.org/a.js"></script>', "fetches https://cdn.example.org/a.js"),
        ('<link rel="preconnect" href="https://fonts.example.org">', "fetches https://fonts.example.org"),
        ('<img src="//example.org/a.png">', "fetches //example.org/a.png"),
    ],
)
def test_a_fault_is_named(site: Path, added: str, said: str) -> None:
    (site / "a.html").write_text(GOOD + added)
    (fault,) = [fault for fault in link_faults(site) if said in fault]
    assert fault.startswith("a.html: ")


def test_a_style_sheet_that_fetches_is_named(site: Path) -> None:
    (site / "a.css").write_text('@import "https://example.org/b.css"; body { background: url(//example.org/a.png) }')
    assert len(link_faults(site)) == 2
