"""Faulty data sets of kinds of our own: each fault named by its code and place, or the objects drawn right."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright.annotations.faults import FAULTS
from maskwright.cli.main import main
from tests.oracles.faulty_data_sets import HEIGHT, NAMES, WIDTH
from tests.oracles.other_fault_sets import SETS, write_other_data_set

# What `check --images` finds: code, kind and id of the record; the file has no id.
EXPECTED: dict[str, list[str]] = {
    "exif_no_block": ["unreadable_exif image 1"],
    "exif_cut": ["unreadable_exif image 1"],
    "exif_too_many_entries": ["unreadable_exif image 1"],
    "exif_empty": ["unreadable_exif image 1"],
    "exif_offset_outside": ["unreadable_exif image 1"],
    "exif_png": ["unreadable_exif image 1"],
    "exif_webp": ["unreadable_exif image 1"],
    "exif_orientation_9": ["unreadable_exif image 1"],
    "exif_orientation_0": [],
    "exif_turned_round": ["exif_orientation image 1"],
    "exif_sizes_as_stored": ["exif_orientation image 1"],
    "exif_neither_size": ["image_size image 1"],
    "exif_png_turned": ["image_orientation image 1"],
    "img_page_of_html": ["unreadable_image image 1"],
    "img_lfs_pointer": ["unreadable_image image 1"],
    "img_header_only": ["truncated_image image 1"],
    "img_bytes_after_end": [],
    "img_png_spoiled": ["unreadable_image image 1"],
    "img_folder": ["missing_image image 1"],
    "img_webp_named_jpg": ["wrong_suffix image 1"],
    "img_no_suffix": ["wrong_suffix image 1"],
    "img_gif_animated": ["palette_image image 1", "animated_image image 1"],
    "img_webp_animated": ["animated_image image 1"],
    "img_tiff_pages": ["animated_image image 1"],
    "img_cmyk": ["cmyk_image image 1"],
    "img_png_deep": ["deep_image image 1"],
    "img_tiff_float": ["gray_image image 1", "deep_image image 1"],
    "img_palette_transparent": ["alpha_image image 1", "palette_image image 1"],
    "img_black_and_white": ["gray_image image 1"],
    "path_two_cases": ["shared_mask_file image 2"],
    "path_two_forms": ["shared_mask_file image 2"],
    "path_other_form": ["unicode_form image 1"],
    "path_listed_twice": ["shared_mask_file image 2", "unlisted_image file"],
    "path_backslash": ["backslash_path image 1"],
    "path_backslash_on_disk": [],
    "path_drive": ["absolute_path image 1", "unlisted_image file"],
    "path_server": ["absolute_path image 1", "unlisted_image file"],
    "path_url": ["missing_image image 1", "unlisted_image file"],
    "path_dot_after": ["wrong_suffix image 1"],
    "path_blank_after": ["wrong_suffix image 1"],
    "path_dot_lost": ["missing_image image 1", "unlisted_image file"],
    "path_blank_lost": ["missing_image image 1", "unlisted_image file"],
    "path_blank_before": ["missing_image image 1", "unlisted_image file"],
    "path_folder_before": ["missing_image image 1", "unlisted_image file"],
    "path_line_break": [],
    "path_blank": ["missing_image image 1", "unlisted_image file"],
    "path_dot": ["missing_image image 1", "unlisted_image file"],
    "path_number": [
        "bad_image image 1",
        "unknown_image annotation 1",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "id_float": ["odd_number record 1", "odd_number record 1"],
    "id_fraction": [
        "bad_annotation annotation 1",
        "bad_image image 1.5",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "id_exponent": ["odd_number image 1"],
    "id_word": [
        "bad_annotation annotation 1",
        "bad_image image first",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "id_true": ["bad_annotation annotation True", "unused_category category 1"],
    "id_null": [
        "bad_annotation annotation 1",
        "bad_image image None",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "id_list": ["bad_annotation annotation [1]", "unused_category category 1"],
    "id_2_63": [
        "bad_annotation annotation 1",
        "bad_image image 9223372036854775808",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "id_below_2_63": ["long_id image 9223372036854775807"],
    "id_2_64": [
        "bad_annotation annotation 1",
        "bad_image image 18446744073709551616",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "id_2_70": [
        "bad_annotation annotation 1",
        "bad_image image 1180591620717411303424",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "id_text_2_70": [
        "bad_annotation annotation 1",
        "bad_image image 1180591620717411303424",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "id_annotation_2_64": ["long_id annotation 18446744073709551616"],
    "id_annotation_2_63": ["long_id annotation 9223372036854775808"],
    "id_category_2_63": ["bad_annotation annotation 1", "bad_category category 9223372036854775808"],
    "id_category_2_70": ["bad_annotation annotation 1", "bad_category category 1180591620717411303424"],
    "id_negative": ["negative_id image -1"],
    "id_category_negative": ["negative_id category -3", "category_gaps file"],
    "id_annotation_negative": ["negative_id annotation -5"],
    "id_below_minus_2_63": [
        "bad_annotation annotation 1",
        "bad_image image -9223372036854775809",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "id_minus_2_63": ["negative_id image -9223372036854775808", "long_id image -9223372036854775808"],
    "size_float": ["odd_number image 1"],
    "size_fraction": [
        "bad_image image 1",
        "unknown_image annotation 1",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "size_text": ["odd_number image 1"],
    "size_zero": [
        "bad_image image 1",
        "unknown_image annotation 1",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "size_negative": [
        "bad_image image 1",
        "unknown_image annotation 1",
        "unused_category category 1",
        "unlisted_image file",
    ],
    "size_swapped": ["image_size image 1"],
    "seg_inf": ["json_not_finite annotation 1", "bad_polygon annotation 1"],
    "seg_1e999": ["unreadable_segmentation annotation 1"],
    "seg_null_inside": ["bad_polygon annotation 1"],
    "seg_two_points": ["bad_polygon annotation 1"],
    "seg_one_number": ["bad_polygon annotation 1"],
    "seg_points_as_pairs": ["bad_polygon annotation 1"],
    "seg_points_as_objects": ["bad_polygon annotation 1"],
    "seg_text": ["bad_polygon annotation 1"],
    "seg_word": ["unreadable_segmentation annotation 1"],
    "seg_of_shares": ["no_pixels annotation 1", "box_disagrees annotation 1", "area_disagrees annotation 1"],
    "seg_far": ["polygon_bomb annotation 1", "outside_polygon annotation 1"],
    "seg_beyond": ["no_pixels annotation 1", "outside_polygon annotation 1", "box_disagrees annotation 1"],
    "seg_one_point_thrice": ["collinear_polygon annotation 1", "box_disagrees annotation 1"],
    "seg_closed": [],
    "seg_true": ["unreadable_segmentation annotation 1"],
    "seg_number": ["unreadable_segmentation annotation 1"],
    "seg_base64": ["rle_counts annotation 1"],
    "rle_other_size": ["rle_size annotation 1"],
    "rle_sum_over": ["rle_counts annotation 1"],
    "rle_sum_under": ["rle_counts annotation 1"],
    "rle_negative_one": ["rle_counts annotation 1"],
    "rle_float": ["rle_counts annotation 1"],
    "rle_fraction": ["rle_counts annotation 1"],
    "rle_text_counts": ["rle_counts annotation 1"],
    "rle_null": ["rle_counts annotation 1"],
    "rle_cut_text": ["rle_counts annotation 1"],
    "rle_size_text": ["rle_size annotation 1"],
    "rle_size_of_three": ["rle_size annotation 1"],
    "rle_2_32": ["rle_counts annotation 1"],
    "rle_of_nothing": ["no_pixels annotation 1"],
    "rle_square": [],
    "rle_in_list": ["bad_polygon annotation 1"],
    "box_nan": ["json_not_finite annotation 1", "bad_box annotation 1"],
    "box_text": ["bad_box annotation 1"],
    "box_null": ["missing_box annotation 1"],
    "box_object": ["bad_box annotation 1"],
    "box_outside": ["outside_box annotation 1", "box_disagrees annotation 1"],
    "box_one_negative_side": ["negative_box annotation 1"],
    "box_of_shares": ["box_disagrees annotation 1"],
    "box_of_other_object": ["box_disagrees annotation 1"],
    "box_five": ["bad_box annotation 1"],
    "area_zero": ["area_disagrees annotation 1"],
    "area_negative": ["bad_area annotation 1"],
    "area_text": ["bad_area annotation 1"],
    "area_inf": ["json_not_finite annotation 1", "missing_area annotation 1"],
    "area_of_shares": ["area_disagrees annotation 1"],
    "crowd_2": ["bad_iscrowd annotation 1", "crowd_polygon annotation 1"],
    "crowd_true": [],
    "crowd_text": ["bad_iscrowd annotation 1"],
    "crowd_word": ["bad_annotation annotation 1", "unused_category category 1"],
    "cat_same_name": ["duplicate_name category 2"],
    "cat_same_name_other_form": ["duplicate_name category 2", "odd_name category 2"],
    "cat_same_name_other_case": [],
    "cat_blanks": ["odd_name category 1"],
    "cat_only_blanks": ["odd_name category 1"],
    "cat_empty": ["odd_name category 1"],
    "cat_escape": ["control_in_name category 1"],
    "cat_nul": ["control_in_name category 1"],
    "cat_number": ["bad_category category 1", "unknown_category annotation 1"],
    "cat_null": ["bad_category category 1", "unknown_category annotation 1"],
    "cat_no_name": ["bad_category category 1", "unknown_category annotation 1"],
    "cat_keypoints": [],
    "cat_keypoints_of_object": [],
    "cat_background": [],
    "cat_same_id_and_name": ["duplicate_id category 1"],
    "cat_none": ["unknown_category annotation 1", "unknown_category annotation 2"],
    "cat_list_of_names": [
        "bad_category category None",
        "bad_category category None",
        "unknown_category annotation 1",
        "unknown_category annotation 2",
    ],
    "ref_image_null": ["bad_annotation annotation 1", "unused_category category 1"],
    "ref_image_name": ["bad_annotation annotation 1", "unused_category category 1"],
    "ref_category_name": ["bad_annotation annotation 1", "unused_category category 1"],
    "ref_category_list": ["bad_annotation annotation 1", "unused_category category 1"],
    "ref_no_images": [
        "unknown_image annotation 1",
        "unknown_image annotation 2",
        "unlisted_image file",
        "unlisted_image file",
    ],
    "ref_null_annotation": ["bad_annotation annotation None", "unused_category category 1"],
    "json_utf_16": ["json_utf16 file"],
    "json_utf_16_without_mark": ["json_utf16 file"],
    "json_utf_32": ["json_utf16 file"],
    "json_latin_1": ["json_encoding file", "bad_category category 1", "unknown_category annotation 1"],
    "json_lines": ["json_top_level file"],
    "json_repeated_key": ["json_repeated_key file"],
    "json_repeated_field": [],
    "json_nested": ["json_nesting file"],
    "json_nested_info": ["json_nesting file"],
    "json_results": ["results_file file"],
    "json_keyed_by_id": ["json_top_level file"],
    "json_no_info": [],
    "json_info_null": [],
    "json_null": ["json_top_level file"],
    "json_text": ["json_top_level file"],
    "json_comment": ["json_invalid file"],
    "json_single_quotes": ["json_invalid file"],
    "json_two_documents": ["json_invalid file"],
    "json_zeros_at_end": ["json_invalid file"],
    "json_in_script": ["json_invalid file"],
    "json_lfs_pointer": ["json_invalid file"],
    "json_gzip_cut": ["json_truncated file"],
    "json_bzip2": ["json_archive file"],
    "json_zstd": ["json_invalid file"],
}
# The label of the square on each label map that `masks` draws, in the order of their names, where it is not 1 and 2: 0
# is a map without an object, and without a map the file is refused.
DRAWN: dict[str, tuple[int, ...]] = {
    "path_two_cases": (),
    "path_two_forms": (),
    "path_other_form": (2, 1),
    "path_listed_twice": (),
    "path_number": (2,),
    "id_fraction": (2,),
    "id_word": (2,),
    "id_true": (0, 2),
    "id_null": (2,),
    "id_list": (0, 2),
    "id_2_63": (2,),
    "id_2_64": (2,),
    "id_2_70": (2,),
    "id_text_2_70": (2,),
    "id_category_2_63": (0, 1),
    "id_category_2_70": (0, 1),
    "id_below_minus_2_63": (2,),
    "size_fraction": (2,),
    "size_zero": (2,),
    "size_negative": (2,),
    "seg_inf": (0, 2),
    "seg_1e999": (0, 2),
    "seg_null_inside": (0, 2),
    "seg_two_points": (0, 2),
    "seg_one_number": (0, 2),
    "seg_points_as_pairs": (0, 2),
    "seg_points_as_objects": (0, 2),
    "seg_text": (0, 2),
    "seg_word": (0, 2),
    "seg_of_shares": (0, 2),
    "seg_far": (0, 2),
    "seg_beyond": (0, 2),
    "seg_one_point_thrice": (0, 2),
    "seg_true": (0, 2),
    "seg_number": (0, 2),
    "seg_base64": (0, 2),
    "rle_other_size": (0, 2),
    "rle_sum_over": (0, 2),
    "rle_sum_under": (0, 2),
    "rle_negative_one": (0, 2),
    "rle_float": (0, 2),
    "rle_fraction": (0, 2),
    "rle_text_counts": (0, 2),
    "rle_null": (0, 2),
    "rle_cut_text": (0, 2),
    "rle_size_text": (0, 2),
    "rle_size_of_three": (0, 2),
    "rle_2_32": (0, 2),
    "rle_of_nothing": (0, 2),
    "rle_in_list": (0, 2),
    "crowd_2": (255, 2),
    "crowd_word": (0, 2),
    "cat_same_name": (1, 1),
    "cat_same_name_other_form": (1, 1),
    "cat_number": (0, 1),
    "cat_null": (0, 1),
    "cat_no_name": (0, 1),
    "cat_none": (),
    "cat_list_of_names": (),
    "ref_image_null": (0, 2),
    "ref_image_name": (0, 2),
    "ref_category_name": (0, 2),
    "ref_category_list": (0, 2),
    "ref_no_images": (),
    "ref_null_annotation": (0, 2),
    "json_latin_1": (0, 1),
    "json_lines": (),
    "json_repeated_key": (),
    "json_nested": (),
    "json_nested_info": (),
    "json_results": (),
    "json_keyed_by_id": (),
    "json_null": (),
    "json_text": (),
    "json_comment": (),
    "json_single_quotes": (),
    "json_two_documents": (),
    "json_zeros_at_end": (),
    "json_in_script": (),
    "json_lfs_pointer": (),
    "json_gzip_cut": (),
    "json_bzip2": (),
    "json_zstd": (),
}


def run(*arguments: str) -> tuple[int, Any]:
    """Run a command of the program itself, and return its exit code and what its ``--json`` printed."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        code = main([*arguments, "--quiet", "--json", "--workers", "0"])
    return code, json.loads(text.getvalue()) if text.getvalue() else None


def test_the_tables_have_every_set_and_with_the_shared_ones_there_are_98_or_more():
    assert list(EXPECTED) == list(SETS)
    assert set(DRAWN) <= set(SETS)
    assert not set(SETS) & set(NAMES)
    assert len({*SETS, *NAMES}) >= 98


@pytest.mark.parametrize("name", SETS)
def test_every_fault_is_named_by_its_code_and_place(name: str, tmp_path: Path):
    folder = write_other_data_set(name, tmp_path / "set")
    code, found = run("check", str(folder / "ann.json"), "--images", str(folder / "images"))
    places = [
        f"{fault['code']} {fault['kind']}{'' if fault['kind'] == 'file' else f' {example}'}"
        for fault in found["faults"]
        for example in fault["examples"]
    ]
    assert sorted(places) == sorted(EXPECTED[name])
    assert code == int(any(FAULTS[fault["code"]].severity == "error" for fault in found["faults"]))
    counts = found["counts"]
    assert counts["in"] == counts["used"] + counts["skipped"]


@pytest.mark.parametrize("name", SETS)
def test_what_is_drawn_is_the_square_to_the_pixel_in_the_class_of_the_file(name: str, tmp_path: Path):
    folder = write_other_data_set(name, tmp_path / "set")
    code, _ = run("masks", str(folder / "ann.json"), "--out", str(tmp_path / "masks"))
    drawn = [np.array(Image.open(path)) for path in sorted((tmp_path / "masks").glob("*.png"))]
    square = np.zeros((HEIGHT, WIDTH), np.uint8)
    square[10:30, 10:30] = 1
    expected = DRAWN.get(name, (1, 2))
    assert code == int(not expected)
    assert len(drawn) == len(expected)
    for label_map, label in zip(drawn, expected, strict=True):
        # Where the record gives the image another size, the square is cut off or has more around it.
        rows, columns = min(HEIGHT, label_map.shape[0]), min(WIDTH, label_map.shape[1])
        np.testing.assert_array_equal(label_map[:rows, :columns], label * square[:rows, :columns])


def test_each_set_that_is_not_named_is_drawn_whole():
    in_silence = [name for name, faults in EXPECTED.items() if not faults]
    assert [name for name in in_silence if name in DRAWN] == []
