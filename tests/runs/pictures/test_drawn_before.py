"""The digest of a panel holds all that it is drawn of, and its file."""

import json
from pathlib import Path

import pytest

from maskwright.runs.pictures.drawn_before import DRAWN_OF, digests_of_panels, drawn_of


def test_the_digest_differs_with_each_source_where_one_ends_and_the_file(tmp_path: Path) -> None:
    panel = tmp_path / "panel.jpg"
    panel.write_bytes(b"picture")
    digest = drawn_of([b"image", b"truth"], panel)
    assert digest == drawn_of([b"image", b"truth"], panel)
    others = {drawn_of(sources, panel) for sources in ([b"imag", b"etruth"], [b"image"], [b"image", b"other"], [])}
    panel.write_bytes(b"another")
    others.add(drawn_of([b"image", b"truth"], panel))
    assert len(others - {digest, None}) == 5


def test_no_file_a_link_and_a_file_beyond_the_limit_have_no_digest(tmp_path: Path, monkeypatch) -> None:
    panel, link = tmp_path / "panel.jpg", tmp_path / "link.jpg"
    panel.write_bytes(b"picture")
    link.symlink_to(panel)
    assert drawn_of([], link) is None
    assert drawn_of([], tmp_path / "none.jpg") is None
    assert drawn_of([], tmp_path) is None
    monkeypatch.setenv("MASKWRIGHT_LIMIT_IMAGE_BYTES", "6")
    assert drawn_of([], panel) is None


@pytest.mark.parametrize(
    "content", [None, "[{", "{}", "[1, {}, null]", '[{"file": 1, "drawn_of": "a"}, {"file": "x"}]']
)
def test_a_list_that_a_report_did_not_write_has_no_digests(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "panels.json"
    if content is not None:
        file.write_text(content)
    assert digests_of_panels(file) == {}


def test_the_digests_are_read_by_file(tmp_path: Path) -> None:
    file = tmp_path / "panels.json"
    file.write_text(json.dumps([{"file": "a.jpg", DRAWN_OF: "1"}, {"file": "b.jpg", DRAWN_OF: None}]))
    assert digests_of_panels(file) == {"a.jpg": "1"}
