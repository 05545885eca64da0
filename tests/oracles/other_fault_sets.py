"""Faulty data sets of other kinds than the 68 of :mod:`tests.oracles.faulty_data_sets`, one fault each.

They are changes of the sound data set there: two images of 48 × 64 pixels (height × width), ``1.jpg`` with a square of
class 1 (annotation 1), ``2.jpg`` with one of class 2 (annotation 2).
"""

import bz2
import codecs
import gzip
import io
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tests.oracles.faulty_data_sets import (
    EXIF_ORIENTATION,
    HEIGHT,
    SQUARE,
    WIDTH,
    DataSet,
    open_data_set,
    picture,
    png_chunk,
    rle,
)

Change = Callable[[DataSet], None]

# The square as runs: 20 columns of 20 pixels, 28 pixels apart.
RUNS = [10 * HEIGHT + 10, 20, *[HEIGHT - 20, 20] * 19, HEIGHT * WIDTH - 29 * HEIGHT - 30]


class FaultSet(NamedTuple):
    """What is done to the sound data set.

    ``change`` is done to the data set before it is written, ``text`` to the text of its JSON.
    """

    change: Change
    text: Callable[[bytes], bytes] = bytes


def annotation(**fields: Any) -> Change:
    """Change these fields of the first annotation."""
    return lambda data: data.annotation.update(fields)


def image(**fields: Any) -> Change:
    """Change these fields of the first image's record."""
    return lambda data: data.image.update(fields)


def category(**fields: Any) -> Change:
    """Change these fields of the first category."""
    return lambda data: data.content["categories"][0].update(fields)


def categories(*names: str) -> Change:
    """Give the categories these names."""

    def change(data: DataSet) -> None:
        for each, name in zip(data.content["categories"], names, strict=True):
            each["name"] = name

    return change


def polygon(*numbers: Any) -> Change:
    """Give the first annotation this polygon."""
    return annotation(segmentation=[list(numbers)])


def mask(counts: Any, size: Any = (HEIGHT, WIDTH)) -> Change:
    """Give the first annotation this RLE."""
    return annotation(segmentation={"size": list(size), "counts": counts})


def same(data: DataSet) -> None:
    """Change nothing."""


def numbered(identity: Any) -> Change:
    """Give the first image this id, in its record and in that of its annotation."""

    def change(data: DataSet) -> None:
        data.image["id"] = data.annotation["image_id"] = identity

    return change


def both(*changes: Change) -> Change:
    def change(data: DataSet) -> None:
        for each in changes:
            each(data)

    return change


# Image files.


def noise(*shape: int) -> Image.Image:
    return picture(*(shape or (HEIGHT, WIDTH, 3)))


def jpeg(header: bytes, *shape: int) -> Change:
    """Put this block of EXIF into the first image."""
    return lambda data: noise(*shape).save(data.file, exif=header)


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[EXIF_ORIENTATION] = orientation
    return tags.tobytes()


def file(name: str, *images: Image.Image, **options: Any) -> Change:
    """Give the first image this name and a file of these pictures, one after the other."""

    def change(data: DataSet) -> None:
        data.file.unlink()
        first, *more = images
        first.save(data.name(name), **options, **({"append_images": more, "save_all": True} if more else {}))

    return change


def content(made: bytes) -> Change:
    def change(data: DataSet) -> None:
        data.file.write_bytes(made)

    return change


def encoded(picture: Image.Image, format: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format)
    return stream.getvalue()


def spoiled_png(data: DataSet) -> None:
    """A PNG of whose compressed pixels one byte has changed."""
    made = bytearray(encoded(noise(), "PNG"))
    made[made.index(b"IDAT") + 40] ^= 0xFF
    data.file.unlink()
    data.name("1.png").write_bytes(made)


def deep_png(data: DataSet) -> None:
    """A PNG of colours with 16 bits a channel, which Pillow does not write."""
    made = encoded(noise(HEIGHT, 2 * WIDTH, 3), "PNG")
    start = made.index(b"IHDR") - 4
    header = made[start + 8 : start + 21]
    header = WIDTH.to_bytes(4, "big") + header[4:8] + b"\x10" + header[9:]
    data.file.unlink()
    data.name("1.png").write_bytes(made[:start] + png_chunk(b"IHDR", header) + made[start + 25 :])


def folder_for_file(data: DataSet) -> None:
    data.file.unlink()
    data.file.mkdir()


# File names.


def renamed(on_disk: str, written: str) -> Change:
    """The first image lies under one name and is written with another."""

    def change(data: DataSet) -> None:
        path = data.folder / "images" / on_disk
        path.parent.mkdir(exist_ok=True)
        data.file.rename(path)
        data.image["file_name"] = written

    return change


def two_files(first: str, second: str) -> Change:
    """Two images, whose names some file systems take for one."""

    def change(data: DataSet) -> None:
        for number, name in enumerate((first, second), start=1):
            (data.folder / "images" / f"{number}.jpg").rename(data.folder / "images" / name)
            data.content["images"][number - 1]["file_name"] = name

    return change


# What is left in the place of a file by a clone without Git LFS.
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
COMPOSED = "caf\u00e9.jpg"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)

# The text of the file.


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda text: text.replace(old.encode(), new.encode(), 1)


def as_json_lines(text: bytes) -> bytes:
    return "\n".join(json.dumps(each) for each in json.loads(text)["annotations"]).encode()


def as_results(text: bytes) -> bytes:
    kept = ("image_id", "category_id", "segmentation")
    return json.dumps(
        [{name: each[name] for name in kept} | {"score": 0.5} for each in json.loads(text)["annotations"]]
    ).encode()


def in_utf_16(text: bytes) -> bytes:
    return codecs.BOM_UTF16_LE + text.decode().encode("utf-16-le")


def keyed_by_id(text: bytes) -> bytes:
    document = json.loads(text)
    return json.dumps(document | {"images": {each["id"]: each for each in document["images"]}}).encode()


def with_second_list(text: bytes) -> bytes:
    """Two lists of annotations under one key, of which most readers take the last."""
    document = json.loads(text)
    first, second = (json.dumps([each]) for each in document.pop("annotations"))
    return json.dumps(document).encode()[:-1] + f', "annotations": {first}, "annotations": {second}}}'.encode()


SETS: dict[str, FaultSet] = {
    # EXIF.
    "exif_no_block": FaultSet(jpeg(b"Exif\0\0" + bytes(range(40)))),
    "exif_cut": FaultSet(jpeg(exif(1)[:20])),
    "exif_too_many_entries": FaultSet(jpeg(b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + exif(1)[16:])),
    "exif_empty": FaultSet(jpeg(b"Exif\0\0")),
    "exif_offset_outside": FaultSet(jpeg(b"Exif\0\0II*\0\xff\xff\xff\x7f" + exif(1)[14:])),
    "exif_png": FaultSet(file("1.png", noise(), exif=b"II*\0\x08\0\0\0\xff\xff")),
    "exif_webp": FaultSet(file("1.webp", noise(), exif=b"Exif\0\0nonsense")),
    "exif_orientation_9": FaultSet(jpeg(exif(9))),
    "exif_orientation_0": FaultSet(jpeg(exif(0))),
    "exif_turned_round": FaultSet(jpeg(exif(3))),
    "exif_sizes_as_stored": FaultSet(jpeg(exif(8))),
    "exif_neither_size": FaultSet(jpeg(exif(6), 20, 30, 3)),
    "exif_png_turned": FaultSet(file("1.png", noise(WIDTH, HEIGHT, 3), exif=exif(5))),
    # Encodings.
    "img_page_of_html": FaultSet(content(b"<!DOCTYPE html><title>404 Not Found</title>")),
    "img_lfs_pointer": FaultSet(content(LFS_POINTER)),
    "img_header_only": FaultSet(content(encoded(noise(), "JPEG")[:300])),
    "img_bytes_after_end": FaultSet(content(encoded(noise(), "JPEG") + b"after the end")),
    "img_png_spoiled": FaultSet(spoiled_png),
    "img_folder": FaultSet(folder_for_file),
    "img_webp_named_jpg": FaultSet(content(encoded(noise(), "WEBP"))),
    "img_no_suffix": FaultSet(renamed("1", "1")),
    "img_gif_animated": FaultSet(file("1.gif", noise(), noise().rotate(180))),
    "img_webp_animated": FaultSet(file("1.webp", noise(), noise().rotate(180))),
    "img_tiff_pages": FaultSet(file("1.tif", noise(), noise(20, 30, 3))),
    "img_cmyk": FaultSet(file("1.jpg", noise().convert("CMYK"))),
    "img_png_deep": FaultSet(deep_png),
    "img_tiff_float": FaultSet(
        file("1.tif", Image.fromarray(np.linspace(0, 1, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, -1)))
    ),
    "img_palette_transparent": FaultSet(file("1.png", noise().quantize(16), transparency=3)),
    "img_black_and_white": FaultSet(file("1.png", noise().convert("1"))),
    # Names.
    "path_two_cases": FaultSet(two_files("cat.jpg", "CAT.jpg")),
    "path_two_forms": FaultSet(two_files(COMPOSED, DECOMPOSED)),
    "path_other_form": FaultSet(renamed(COMPOSED, DECOMPOSED)),
    "path_listed_twice": FaultSet(lambda data: data.content["images"][1].update(file_name="1.jpg")),
    "path_backslash": FaultSet(renamed("sub/1.jpg", "sub\\1.jpg")),
    "path_backslash_on_disk": FaultSet(renamed("sub\\1.jpg", "sub\\1.jpg")),
    "path_drive": FaultSet(image(file_name="C:\\photos\\1.jpg")),
    "path_server": FaultSet(image(file_name="\\\\server\\photos\\1.jpg")),
    "path_url": FaultSet(image(file_name="https://example.org/1.jpg")),
    "path_dot_after": FaultSet(renamed("1.jpg.", "1.jpg.")),
    "path_blank_after": FaultSet(renamed("1.jpg ", "1.jpg ")),
    "path_dot_lost": FaultSet(image(file_name="1.jpg.")),
    "path_blank_lost": FaultSet(image(file_name="1.jpg ")),
    "path_blank_before": FaultSet(image(file_name=" 1.jpg")),
    "path_folder_before": FaultSet(image(file_name="images/1.jpg")),
    "path_line_break": FaultSet(renamed("1\n.jpg", "1\n.jpg")),
    "path_blank": FaultSet(image(file_name="  ")),
    "path_dot": FaultSet(image(file_name=".")),
    "path_number": FaultSet(image(file_name=1)),
    # Ids.
    "id_float": FaultSet(numbered(1.0)),
    "id_fraction": FaultSet(numbered(1.5)),
    "id_exponent": FaultSet(same, text=replaced('"id": 1,', '"id": 1e0,')),
    "id_word": FaultSet(numbered("first")),
    "id_true": FaultSet(annotation(id=True)),
    "id_null": FaultSet(numbered(None)),
    "id_list": FaultSet(annotation(id=[1])),
    "id_2_63": FaultSet(numbered(2**63)),
    "id_below_2_63": FaultSet(numbered(2**63 - 1)),
    "id_2_64": FaultSet(numbered(2**64)),
    "id_2_70": FaultSet(numbered(2**70)),
    "id_text_2_70": FaultSet(numbered(str(2**70))),
    "id_annotation_2_64": FaultSet(annotation(id=2**64)),
    "id_annotation_2_63": FaultSet(annotation(id=2**63)),
    "id_category_2_63": FaultSet(both(category(id=2**63), annotation(category_id=2**63))),
    "id_category_2_70": FaultSet(both(category(id=2**70), annotation(category_id=2**70))),
    "id_negative": FaultSet(numbered(-1)),
    "id_category_negative": FaultSet(both(category(id=-3), annotation(category_id=-3))),
    "id_annotation_negative": FaultSet(annotation(id=-5)),
    "id_below_minus_2_63": FaultSet(numbered(-(2**63) - 1)),
    "id_minus_2_63": FaultSet(numbered(-(2**63))),
    # Sizes.
    "size_float": FaultSet(image(width=64.0)),
    "size_fraction": FaultSet(image(width=64.5)),
    "size_text": FaultSet(image(width="64")),
    "size_zero": FaultSet(image(width=0)),
    "size_negative": FaultSet(image(height=-48)),
    "size_swapped": FaultSet(image(width=HEIGHT, height=WIDTH)),
    # Segmentations.
    "seg_inf": FaultSet(polygon(10, 10, float("inf"), 10, 30, 30)),
    "seg_1e999": FaultSet(same, text=replaced("[[10, 10, 30", "[[10, 10, 1e999")),
    "seg_null_inside": FaultSet(polygon(10, 10, None, 10, 30, 30)),
    "seg_two_points": FaultSet(polygon(10, 10, 30, 30)),
    "seg_one_number": FaultSet(polygon(10)),
    "seg_points_as_pairs": FaultSet(annotation(segmentation=[[[10, 10], [30, 10], [30, 30], [10, 30]]])),
    "seg_points_as_objects": FaultSet(annotation(segmentation=[{"x": x, "y": x * x % 40} for x in (10, 20, 30)])),
    "seg_text": FaultSet(polygon(*map(str, SQUARE))),
    "seg_word": FaultSet(annotation(segmentation="10 10 30 10 30 30")),
    "seg_of_shares": FaultSet(polygon(*(each / 64 for each in SQUARE))),
    "seg_far": FaultSet(polygon(10, 10, 1e12, 10, 1e12, 1e12, 10, 1e12)),
    "seg_beyond": FaultSet(polygon(*(each + 100 for each in SQUARE))),
    "seg_one_point_thrice": FaultSet(polygon(10, 10, 10, 10, 10, 10)),
    "seg_closed": FaultSet(polygon(*SQUARE, 10, 10)),
    "seg_true": FaultSet(annotation(segmentation=True)),
    "seg_number": FaultSet(annotation(segmentation=5)),
    "seg_base64": FaultSet(
        annotation(segmentation={"size": [HEIGHT, WIDTH], "counts": "eJxjYBgFo2AUjIJRMApGwSgYBaNgFAAA"})
    ),
    # RLE.
    "rle_other_size": FaultSet(mask(RUNS, (HEIGHT + 1, WIDTH))),
    "rle_sum_over": FaultSet(mask([*RUNS, 7])),
    "rle_sum_under": FaultSet(mask(RUNS[:2])),
    "rle_negative_one": FaultSet(mask([RUNS[0], -20, *RUNS[2:]])),
    "rle_float": FaultSet(mask([float(each) for each in RUNS])),
    "rle_fraction": FaultSet(mask([RUNS[0] + 0.5, 19.5, *RUNS[2:]])),
    "rle_text_counts": FaultSet(mask([str(each) for each in RUNS])),
    "rle_null": FaultSet(mask(None)),
    "rle_cut_text": FaultSet(mask("PP")),
    "rle_size_text": FaultSet(mask(RUNS, (str(HEIGHT), str(WIDTH)))),
    "rle_size_of_three": FaultSet(mask(RUNS, (HEIGHT, WIDTH, 3))),
    "rle_2_32": FaultSet(mask([RUNS[0], 2**32 + 20, *RUNS[2:]])),
    "rle_of_nothing": FaultSet(mask([HEIGHT * WIDTH])),
    "rle_square": FaultSet(mask(RUNS)),
    "rle_in_list": FaultSet(annotation(segmentation=[rle(RUNS)])),
    # Boxes.
    "box_nan": FaultSet(annotation(bbox=[10, 10, float("nan"), 20])),
    "box_text": FaultSet(annotation(bbox=["10", "10", "20", "20"])),
    "box_null": FaultSet(annotation(bbox=None)),
    "box_object": FaultSet(annotation(bbox={"x": 10, "y": 10, "w": 20, "h": 20})),
    "box_outside": FaultSet(annotation(bbox=[-30, 10, 20, 20])),
    "box_one_negative_side": FaultSet(annotation(bbox=[30, 10, -20, 20])),
    "box_of_shares": FaultSet(annotation(bbox=[10 / 64, 10 / 48, 20 / 64, 20 / 48])),
    "box_of_other_object": FaultSet(annotation(bbox=[40, 2, 10, 40])),
    "box_five": FaultSet(annotation(bbox=[10, 10, 20, 20, 45])),
    "area_zero": FaultSet(annotation(area=0)),
    "area_negative": FaultSet(annotation(area=-400)),
    "area_text": FaultSet(annotation(area="400")),
    "area_inf": FaultSet(annotation(area=float("inf"))),
    "area_of_shares": FaultSet(annotation(area=400 / HEIGHT / WIDTH)),
    # Crowds.
    "crowd_2": FaultSet(annotation(iscrowd=2)),
    "crowd_true": FaultSet(annotation(iscrowd=False)),
    "crowd_text": FaultSet(annotation(iscrowd="0")),
    "crowd_word": FaultSet(annotation(iscrowd="no")),
    # Categories.
    "cat_same_name": FaultSet(category(name="b")),
    "cat_same_name_other_form": FaultSet(categories(COMPOSED, DECOMPOSED)),
    "cat_same_name_other_case": FaultSet(categories("Cat", "cat")),
    "cat_blanks": FaultSet(category(name=" a ")),
    "cat_only_blanks": FaultSet(category(name="   ")),
    "cat_empty": FaultSet(category(name="")),
    "cat_escape": FaultSet(category(name="a\x1b[31m")),
    "cat_nul": FaultSet(category(name="a\0")),
    "cat_number": FaultSet(category(name=7)),
    "cat_null": FaultSet(category(name=None)),
    "cat_no_name": FaultSet(lambda data: data.content["categories"][0].pop("name")),
    "cat_keypoints": FaultSet(category(keypoints=["nose", "tail"], skeleton=[[1, 2]])),
    "cat_keypoints_of_object": FaultSet(
        both(category(keypoints=["nose"], skeleton=[]), annotation(keypoints=[1, 2], num_keypoints=1))
    ),
    "cat_background": FaultSet(category(name="Background")),
    "cat_same_id_and_name": FaultSet(lambda data: data.content["categories"].append({"id": 1, "name": "a"})),
    "cat_none": FaultSet(lambda data: data.content["categories"].clear()),
    "cat_list_of_names": FaultSet(lambda data: data.content.update(categories=["a", "b"])),
    # References.
    "ref_image_null": FaultSet(annotation(image_id=None)),
    "ref_image_name": FaultSet(annotation(image_id="1.jpg")),
    "ref_category_name": FaultSet(annotation(category_id="a")),
    "ref_category_list": FaultSet(annotation(category_id=[1])),
    "ref_no_images": FaultSet(lambda data: data.content["images"].clear()),
    "ref_null_annotation": FaultSet(lambda data: data.content["annotations"].__setitem__(0, None)),
    # Text.
    "json_utf_16": FaultSet(same, text=in_utf_16),
    "json_utf_16_without_mark": FaultSet(same, text=lambda text: in_utf_16(text)[2:]),
    "json_utf_32": FaultSet(same, text=lambda text: text.decode().encode("utf-32")),
    "json_latin_1": FaultSet(category(name="café"), text=lambda text: text.decode().encode("latin-1")),
    "json_lines": FaultSet(same, text=as_json_lines),
    "json_repeated_key": FaultSet(same, text=with_second_list),
    "json_repeated_field": FaultSet(same, text=replaced('"area": 400,', '"area": 400, "area": 300,')),
    "json_nested": FaultSet(same, text=replaced("[[10", "[" * 100_000 + "10")),
    "json_nested_info": FaultSet(same, text=lambda text: text[:-1] + b', "info": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "json_results": FaultSet(same, text=as_results),
    "json_keyed_by_id": FaultSet(same, text=keyed_by_id),
    "json_no_info": FaultSet(lambda data: data.content.pop("info", None)),
    "json_info_null": FaultSet(lambda data: data.content.update(info=None, licenses=None)),
    "json_null": FaultSet(same, text=lambda _: b"null"),
    "json_text": FaultSet(same, text=lambda text: json.dumps(text.decode()).encode()),
    "json_comment": FaultSet(same, text=lambda text: b"// made by hand\n" + text),
    "json_single_quotes": FaultSet(same, text=lambda text: repr(json.loads(text)).encode()),
    "json_two_documents": FaultSet(same, text=lambda text: text + text),
    "json_zeros_at_end": FaultSet(same, text=lambda text: text + bytes(512)),
    "json_in_script": FaultSet(same, text=lambda text: b"var labels = " + text + b";"),
    "json_lfs_pointer": FaultSet(same, text=lambda _: LFS_POINTER),
    "json_gzip_cut": FaultSet(same, text=lambda text: gzip.compress(text)[:-20]),
    "json_bzip2": FaultSet(same, text=bz2.compress),
    "json_zstd": FaultSet(same, text=lambda _: b"\x28\xb5\x2f\xfd" + bytes(40)),
}


def write_other_data_set(name: str, folder: Path) -> Path:
    """Write the data set ``name`` of ``SETS`` as ``folder/{ann.json,images/}`` and return ``folder``."""
    with open_data_set(folder) as data:
        SETS[name].change(data)
    path = folder / "ann.json"
    path.write_bytes(SETS[name].text(path.read_bytes()))
    return folder
