"""Images in ZIP files: what is read, and what is refused by name."""

import stat
import zipfile
from pathlib import Path

import pytest

from maskwright.errors import DataError
from maskwright.images.zip_images import ZipImages


def zipped(path: Path, *entries: str | zipfile.ZipInfo, content: bytes = b"pixels") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in entries:
            archive.writestr(entry, content)
    return path


def test_images_are_listed_in_order_and_read(tmp_path: Path) -> None:
    names = ("b.png", "a/1.JPG", "notes.txt", "folder.png/", "__MACOSX/._b.png")
    found = ZipImages.open(zipped(tmp_path / "a.zip", *names))
    assert (found.names, found.refused) == (("a/1.JPG", "b.png"), {})
    assert found.content("b.png") == b"pixels"


@pytest.mark.parametrize("name", ["../up.png", "a/../../up.png", "/etc/a.png", "..\\up.png", "C:\\a.png"])
def test_a_name_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("a.png")
    entry.filename = name
    found = ZipImages.open(zipped(tmp_path / "a.zip", entry, "b.png"))
    assert found.names == ("b.png",)
    ((_, reason),) = found.refused.items()
    assert "leads out of its folder" in reason


def test_a_link_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("link.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    found = ZipImages.open(zipped(tmp_path / "a.zip", entry, content=b"/etc/passwd"))
    assert (found.names, list(found.refused)) == ((), ["link.png"])
    assert "is a link" in found.refused["link.png"]


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "a.png")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "is encrypted" in ZipImages.open(path).refused["a.png"]


def test_more_bytes_than_the_limit_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ZipImages.open(zipped(tmp_path / "a.zip", "a.png", content=bytes(100_000)))
    monkeypatch.setenv("MASKWRIGHT_LIMIT_IMAGE_BYTES", "1000")
    with pytest.raises(DataError, match=r"'a\.png' has more than 1,000 bytes.*image-bytes=NUMBER"):
        found.content("a.png")


def test_a_damaged_entry_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "a.png", content=bytes(range(256)) * 40)
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"'a\.png' cannot be read"):
        ZipImages.open(path).content("a.png")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(10)])
def test_what_is_no_zip_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as a ZIP file"):
        ZipImages.open(tmp_path / "a.zip")
