"""Images of tasks: found in the folder by their addresses, and never outside it."""

import os
from pathlib import Path

import pytest

from maskwright.server.label_studio.task_images import task_image
from maskwright.server.refusal import Refusal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    (photos / "a").mkdir(parents=True)
    (photos / "a" / "b c.jpg").write_bytes(b"in a")
    (photos / "b c.jpg").write_bytes(b"above")
    (photos / "pic.jpg").write_bytes(b"uploaded")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return photos


@pytest.mark.parametrize(
    ("address", "content"),
    [
        ("/data/local-files/?d=a/b%20c.jpg", b"in a"),
        ("/data/local-files/?d=other/b%20c.jpg", b"above"),
        ("http://host:8080/data/upload/1/42d46c4c-pic.jpg", b"uploaded"),
        ("s3://bucket/a/b c.jpg", b"in a"),
        ("a/b%20c.jpg", b"in a"),
        ("data:image/png;base64,aGVsbG8=", b"hello"),
    ],
)
def test_an_address_leads_to_its_file(address: str, content: bytes, folder: Path) -> None:
    assert task_image(address, folder) == content


@pytest.mark.parametrize(
    "address",
    [
        "",
        None,
        3,
        ["a"],
        "nothing.jpg",
        "../secret.jpg",
        "/data/local-files/?d=../secret.jpg",
        "a",
        "%00",
        "http://[",
        "a/../../secret.jpg",
    ],
)
def test_anything_else_is_refused(address: object, folder: Path) -> None:
    with pytest.raises(Refusal) as refused:
        task_image(address, folder)
    assert refused.value.status == 422


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_out_of_the_folder_is_refused(folder: Path) -> None:
    (folder / "link.jpg").symlink_to(folder.parent / "secret.jpg")
    with pytest.raises(Refusal):
        task_image("link.jpg", folder)


def test_without_a_folder_nothing_is_read() -> None:
    with pytest.raises(Refusal, match="--images FOLDER"):
        task_image("/etc/hostname", None)
