"""Small COCO data sets, each with one fault: two images of 48 × 64 pixels (height × width) with one square each.

``write_data_sets(out)`` writes ``out/NAME/{ann.json,images/}`` for every name of ``NAMES``; ``write_archives`` writes
archives that are no data sets and try to leave their folder or to fill the disk.
"""

import contextlib
import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 48, 64
SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]
BEFORE, INSIDE = 10 * HEIGHT + 10, 20  # the first column of the square as runs, from the top of the image's left
RUNS = [BEFORE, INSIDE, HEIGHT * WIDTH - BEFORE - INSIDE]
BOMB_SIDE = 60_000  # 3.6 billion pixels in about half a megabyte
EXIF_ORIENTATION, TURNED_RIGHT = 0x0112, 6


def annotation(number: int) -> dict[str, Any]:
    """A square of 20 × 20 pixels: annotation, image and category ``number``."""
    fields = {"id": number, "image_id": number, "category_id": number}
    return fields | {"bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0, "segmentation": [list(SQUARE)]}


def document() -> dict[str, Any]:
    """A COCO file without a fault."""
    sizes = {"width": WIDTH, "height": HEIGHT}
    return {
        "images": [{"id": number, "file_name": f"{number}.jpg", **sizes} for number in (1, 2)],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "annotations": [annotation(1), annotation(2)],
    }


@dataclass
class DataSet:
    """A data set in the making; what a fault changes."""

    folder: Path
    content: dict[str, Any] = field(default_factory=document)

    @property
    def image(self) -> dict[str, Any]:
        """The record of the first image."""
        return self.content["images"][0]

    @property
    def annotation(self) -> dict[str, Any]:
        """The record of the first annotation."""
        return self.content["annotations"][0]

    @property
    def file(self) -> Path:
        """The file of the first image."""
        return self.folder / "images" / "1.jpg"

    def name(self, file_name: str) -> Path:
        """Give the first image this ``file_name`` and return where it would lie."""
        self.image["file_name"] = file_name
        return self.folder / "images" / file_name

    def number_category(self, position: int, category_id: int) -> None:
        """Renumber a category together with its object."""
        self.content["categories"][position]["id"] = category_id
        self.content["annotations"][position]["category_id"] = category_id


def picture(*shape: int) -> Image.Image:
    """Noise of ``shape``, which no decoder can take for empty."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8))


def rle(counts: list[int], size: tuple[int, int] = (HEIGHT, WIDTH)) -> dict[str, Any]:
    """An uncompressed RLE."""
    return {"size": list(size), "counts": counts}


def circle(points: int) -> list[float]:
    """An outline of more points than it has pixels."""
    turns = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([20 + 10 * np.cos(turns), 20 + 10 * np.sin(turns)], 1).ravel().round(3).tolist()


# Fields of the first annotation; a field that is ... is left out.
FIELDS: dict[str, dict[str, Any]] = {
    "ok": {},
    "seg_poly_4": {"segmentation": [[10, 10, 30, 30]]},
    "seg_poly_odd": {"segmentation": [[10, 10, 30, 30, 10, 30, 5]]},
    "seg_empty_list": {"segmentation": []},
    "seg_empty_poly": {"segmentation": [[]]},
    "seg_none": {"segmentation": None},
    "seg_flat_list": {"segmentation": SQUARE},
    "seg_mixed_good_bad": {"segmentation": [SQUARE, [1, 1, 2, 2]]},
    "seg_nan": {"segmentation": [[10, 10, float("nan"), 10, 30, 30]]},
    "seg_outside": {"segmentation": [[-50, -50, 500, -50, 500, 500, -50, 500]], "bbox": [-50, -50, 550, 550]},
    "seg_selfintersect": {"segmentation": [[10, 10, 30, 30, 30, 10, 10, 30]]},
    "seg_collinear": {"segmentation": [[10, 10, 20, 10, 30, 10]]},
    "seg_200k_points": {"segmentation": [circle(100_000)]},
    "rle_uncompressed_ok": {"segmentation": rle(RUNS), "iscrowd": 1},
    "rle_short_sum": {"segmentation": rle([100, 20, 5]), "iscrowd": 1},
    "rle_size_swapped": {"segmentation": rle(RUNS, (WIDTH, HEIGHT)), "iscrowd": 1},
    "rle_negative": {"segmentation": rle([100, -20, HEIGHT * WIDTH - 80]), "iscrowd": 1},
    "rle_no_size": {"segmentation": {"counts": [1, 2]}},
    "rle_noncrowd": {"segmentation": rle(RUNS)},
    "crowd_as_polygon": {"iscrowd": 1},
    "bbox_zero_area": {"bbox": [10, 10, 0, 0]},
    "bbox_negative_wh": {"bbox": [30, 30, -20, -20]},
    "bbox_outside": {"bbox": [50, 40, 100, 100]},
    "bbox_missing_len3": {"bbox": [1, 2, 3]},
    "bbox_xyxy_inconsistent": {"bbox": [10, 10, 30, 30]},
    "ann_id_zero": {"id": 0},
    "ann_id_string": {"id": "1"},
    "ann_id_duplicate": {"id": 2},
    "image_id_string": {"image_id": "1"},
    "image_id_orphan": {"image_id": 99},
    "category_unknown": {"category_id": 7},
    "ignore_flag": {"ignore": 1},
    "ann_missing_id": {"id": ...},
    "ann_missing_category_id": {"category_id": ...},
    "ann_missing_area": {"area": ...},
    "ann_missing_iscrowd": {"iscrowd": ...},
    "ann_missing_segmentation": {"segmentation": ...},
}


def cat_id_zero(data: DataSet) -> None:
    data.number_category(0, 0)


def cat_noncontiguous(data: DataSet) -> None:
    data.number_category(1, 90)


def cat_duplicate_id(data: DataSet) -> None:
    data.number_category(1, 1)


def cat_id_300(data: DataSet) -> None:
    data.number_category(1, 300)


def cat_name_unicode_space(data: DataSet) -> None:
    data.content["categories"][0]["name"] = "  café\u200b/猫\n"


def no_annotations_key(data: DataSet) -> None:
    del data.content["annotations"]


def zero_annotations(data: DataSet) -> None:
    data.content["annotations"] = []


def img_id_duplicate(data: DataSet) -> None:
    data.content["images"][1]["id"] = 1


def img_missing_file(data: DataSet) -> None:
    data.file.unlink()


def img_zero_bytes(data: DataSet) -> None:
    data.file.write_bytes(b"")


def img_truncated(data: DataSet) -> None:
    whole = data.file.read_bytes()
    data.file.write_bytes(whole[: len(whole) // 2])


def img_png_named_jpg(data: DataSet) -> None:
    picture(HEIGHT, WIDTH, 3).save(data.file, format="PNG")


def img_wrong_size_in_json(data: DataSet) -> None:
    data.image.update(width=WIDTH + 10, height=HEIGHT + 10)


def img_no_size_in_json(data: DataSet) -> None:
    del data.image["width"], data.image["height"]


def img_exif_6(data: DataSet) -> None:
    stored = picture(WIDTH, HEIGHT, 3)  # viewers turn it to 48 × 64
    exif = stored.getexif()
    exif[EXIF_ORIENTATION] = TURNED_RIGHT
    stored.save(data.file, exif=exif)


def img_gray(data: DataSet) -> None:
    picture(HEIGHT, WIDTH).save(data.file)


def img_rgba(data: DataSet) -> None:
    picture(HEIGHT, WIDTH, 4).save(data.name("1.png"))


def img_palette(data: DataSet) -> None:
    picture(HEIGHT, WIDTH, 3).quantize(16).save(data.name("1.png"))


def img_gray16(data: DataSet) -> None:
    values = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 20
    Image.fromarray(values).save(data.name("1.png"))


def img_bomb(data: DataSet) -> None:
    header = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 1, 0, 0, 0, 0)  # one bit a pixel
    chunks = [png_chunk(b"IHDR", header), png_chunk(b"IDAT", zeros(BOMB_SIDE * (BOMB_SIDE // 8 + 1)))]
    data.name("1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND", b""))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file with its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def zeros(count: int, block: int = 1 << 20) -> bytes:
    """``count`` zero bytes, compressed without ever holding them all."""
    packer = zlib.compressobj(9)
    blocks = [packer.compress(bytes(min(block, count - start))) for start in range(0, count, block)]
    return b"".join(blocks) + packer.flush()


def path_parent(data: DataSet) -> None:
    picture(HEIGHT, WIDTH, 3).save(data.name("../secret.jpg"))


def path_symlink_out(data: DataSet) -> None:
    picture(HEIGHT, WIDTH, 3).save(data.folder / "secret.jpg")
    data.file.unlink()
    data.file.symlink_to("../secret.jpg")


def path_subdir(data: DataSet) -> None:
    (data.folder / "images" / "sub").mkdir()
    picture(HEIGHT, WIDTH, 3).save(data.name("sub/1.jpg"))


def path_same_stem(data: DataSet) -> None:
    picture(HEIGHT, WIDTH, 3).save(data.folder / "images" / "1.png")
    data.content["images"][1]["file_name"] = "1.png"


def path_unicode_space(data: DataSet) -> None:
    data.file.rename(data.name("  猫 café #%20?.jpg"))


def path_case_differs(data: DataSet) -> None:
    data.name("1.JPG")


CHANGES: list[Callable[[DataSet], None]] = [
    cat_id_zero, cat_noncontiguous, cat_duplicate_id, cat_id_300, cat_name_unicode_space,
    no_annotations_key, zero_annotations,
    img_id_duplicate, img_missing_file, img_zero_bytes, img_truncated, img_png_named_jpg, img_wrong_size_in_json,
    img_no_size_in_json, img_exif_6, img_gray, img_rgba, img_palette, img_gray16, img_bomb,
    path_parent, path_symlink_out, path_subdir, path_same_stem, path_unicode_space, path_case_differs,
]  # fmt: skip

# What becomes of the text of the file.
TEXTS: dict[str, Callable[[bytes], bytes]] = {
    "json_bom": lambda text: b"\xef\xbb\xbf" + text,
    "json_truncated": lambda text: text[: len(text) // 2],
    "json_empty": lambda _: b"",
    "json_trailing_comma": lambda text: text[:-1] + b",}",
    "json_gz_named_json": gzip.compress,
}

NAMES = [*FIELDS, *(change.__name__ for change in CHANGES), *TEXTS]


def write_data_sets(out: Path) -> Path:
    """Write every data set below ``out`` and return it."""
    for name, fields in FIELDS.items():
        with open_data_set(out / name) as data:
            changed = data.annotation | fields
            data.content["annotations"][0] = {key: value for key, value in changed.items() if value is not ...}
    for change in CHANGES:
        with open_data_set(out / change.__name__) as data:
            change(data)
    for name, change in TEXTS.items():
        with open_data_set(out / name):
            pass
        path = out / name / "ann.json"
        path.write_bytes(change(path.read_bytes()))
    return out


@contextlib.contextmanager
def open_data_set(folder: Path) -> Iterator[DataSet]:
    """Yield a data set whose images are in ``folder``; its JSON is written when the block ends."""
    (folder / "images").mkdir(parents=True)
    data = DataSet(folder)
    for image in data.content["images"]:
        picture(HEIGHT, WIDTH, 3).save(folder / "images" / image["file_name"], quality=95)
    yield data
    (folder / "ann.json").write_text(json.dumps(data.content, ensure_ascii=False), encoding="utf-8")


def write_archives(out: Path) -> Path:
    """Write ``slip.zip`` and ``slip.tar``, whose members lead out of their folder, and ``bomb.zip`` of 200 MiB."""
    out.mkdir()
    with zipfile.ZipFile(out / "slip.zip", "w") as archive:
        for name in ("../../evil.txt", "/evil.txt", "ok.txt"):
            archive.writestr(name, "x")
    with tarfile.open(out / "slip.tar", "w") as archive:
        for name in ("../evil.txt", "/evil.txt"):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(link)
    with zipfile.ZipFile(out / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.bin", bytes(200 << 20))
    return out
