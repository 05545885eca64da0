"""The corpus of faulty data sets: every fault found by its code, nothing crashes, nothing is lost, nothing escapes."""

import contextlib
import io
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hotcoco
import pytest
from pycocotools.coco import COCO

from maskwright.cli.main import main
from tests.oracles.faulty_data_sets import NAMES, write_archives, write_data_sets

# Every code that check finds with --images; a file that was left in the folder by the making of a case is unlisted.
EXPECTED: dict[str, list[str]] = {
    "ok": [],
    "seg_poly_4": ["bad_polygon"],
    "seg_poly_odd": ["bad_polygon"],
    "seg_empty_list": ["empty_segmentation"],
    "seg_empty_poly": ["bad_polygon"],
    "seg_none": ["empty_segmentation"],
    "seg_flat_list": ["flat_polygon_list"],
    "seg_mixed_good_bad": ["dropped_parts"],
    "seg_nan": ["json_not_finite", "bad_polygon"],
    "seg_outside": ["outside_polygon", "outside_box"],
    "seg_selfintersect": ["crossing_polygon"],
    "seg_collinear": ["collinear_polygon", "box_disagrees"],
    "seg_200k_points": ["dense_polygon"],
    "rle_uncompressed_ok": ["box_disagrees", "area_disagrees"],
    "rle_short_sum": ["rle_counts"],
    "rle_size_swapped": ["rle_size"],
    "rle_negative": ["rle_counts"],
    "rle_no_size": ["rle_size"],
    "rle_noncrowd": ["box_disagrees", "area_disagrees"],
    "crowd_as_polygon": ["crowd_polygon"],
    "bbox_zero_area": ["zero_box"],
    "bbox_negative_wh": ["negative_box"],
    "bbox_outside": ["outside_box", "box_disagrees"],
    "bbox_missing_len3": ["bad_box"],
    "bbox_xyxy_inconsistent": ["box_disagrees"],
    "ann_id_zero": ["id_zero"],
    "ann_id_string": ["string_id"],
    "ann_id_duplicate": ["duplicate_id", "unused_category"],
    "image_id_string": ["string_id"],
    "image_id_orphan": ["unknown_image", "unused_category"],
    "category_unknown": ["unknown_category", "unused_category"],
    "ignore_flag": ["ignore_flag"],
    "ann_missing_id": ["missing_id", "unused_category"],
    "ann_missing_category_id": ["bad_annotation", "unused_category"],
    "ann_missing_area": ["missing_area"],
    "ann_missing_iscrowd": ["missing_iscrowd"],
    "ann_missing_segmentation": ["empty_segmentation"],
    "cat_id_zero": ["category_zero", "category_gaps"],
    "cat_noncontiguous": ["category_gaps"],
    "cat_duplicate_id": ["duplicate_id"],
    "cat_name_unicode_space": ["control_in_name"],
    "cat_id_300": ["category_gaps", "category_over_255"],
    "no_annotations_key": ["json_top_level"],
    "zero_annotations": ["no_annotations"],
    "img_id_duplicate": ["duplicate_id", "unknown_image", "unused_category", "unlisted_image"],
    "img_missing_file": ["missing_image"],
    "img_zero_bytes": ["unreadable_image"],
    "img_truncated": ["truncated_image"],
    "img_png_named_jpg": ["wrong_suffix"],
    "img_wrong_size_in_json": ["image_size"],
    "img_no_size_in_json": ["bad_image", "unknown_image", "unused_category", "unlisted_image"],
    "img_exif_6": ["image_orientation"],
    "img_gray": ["gray_image"],
    "img_rgba": ["alpha_image", "unlisted_image"],
    "img_palette": ["palette_image", "unlisted_image"],
    "img_gray16": ["gray_image", "deep_image", "unlisted_image"],
    "img_bomb": ["image_bomb", "unlisted_image"],
    "path_parent": ["outside_path", "unlisted_image"],
    "path_symlink_out": ["outside_link"],
    "path_subdir": ["unlisted_image"],
    "path_same_stem": ["shared_mask_file", "unlisted_image"],
    "path_unicode_space": [],
    "path_case_differs": ["case_differs"],
    "json_bom": ["json_bom"],
    "json_truncated": ["json_truncated"],
    "json_empty": ["json_invalid"],
    "json_trailing_comma": ["json_trailing_comma"],
    "json_gz_named_json": ["json_gzip"],
}

# The errors that --fix leaves, because what is meant is not known.
LEFT: dict[str, list[str]] = {
    "seg_poly_4": ["bad_polygon"],
    "seg_poly_odd": ["bad_polygon"],
    "seg_nan": ["bad_polygon"],
    "rle_short_sum": ["rle_counts"],
    "rle_size_swapped": ["rle_size"],
    "rle_negative": ["rle_counts"],
    "rle_no_size": ["rle_size"],
    "image_id_orphan": ["unknown_image"],
    "category_unknown": ["unknown_category"],
    "ann_missing_category_id": ["bad_annotation"],
    "cat_duplicate_id": ["duplicate_id"],
    "img_id_duplicate": ["duplicate_id", "unknown_image"],
    "img_missing_file": ["missing_image"],
    "img_zero_bytes": ["unreadable_image"],
    "img_truncated": ["truncated_image"],
    "img_wrong_size_in_json": ["image_size"],
    "img_no_size_in_json": ["bad_image", "unknown_image"],
    "img_exif_6": ["image_orientation"],
    "img_bomb": ["image_bomb"],
    "path_parent": ["outside_path"],
    "path_same_stem": ["shared_mask_file"],
}
UNREADABLE = ("json_truncated", "json_empty", "no_annotations_key")
REPAIRED_AWAY = {"seg_empty_list": 1, "seg_empty_poly": 1, "seg_none": 1, "ann_missing_segmentation": 1}


@dataclass
class Opened:
    """The files that were opened, for reading and for writing, while ``on``."""

    on: bool = False
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on or event != "open" or isinstance(arguments[0], int):
            return
        path, mode, flags = os.fsdecode(arguments[0]), arguments[1], arguments[2]
        writes = any(letter in mode for letter in "wax+") if mode else flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        (self.written if writes else self.read).add(os.path.realpath(path))

    @contextlib.contextmanager
    def recording(self) -> Iterator["Opened"]:
        self.read, self.written, self.on = set(), set(), True
        try:
            yield self
        finally:
            self.on = False


# A hook stays for the life of the process; it does nothing but within `recording`.
OPENED = Opened()
sys.addaudithook(OPENED)


@dataclass
class Outcome:
    """What the commands made of one case, and the seconds and MiB it took."""

    folder: Path
    out: Path
    status: dict[str, int] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    opened: Opened = field(default_factory=Opened)
    seconds: float = 0
    mebibytes: float = 0


def run(outcome: Outcome, name: str, *arguments: str) -> None:
    """Run a command of the program itself; what it raises, the test raises."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        outcome.status[name] = main([*arguments, "--quiet", "--json", "--workers", "0"])
    outcome.values[name] = json.loads(text.getvalue()) if text.getvalue() else None


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_sets(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def outcomes(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Every case checked, checked with --fix, and drawn."""
    out, found = tmp_path_factory.mktemp("out"), {}
    for case in sorted(EXPECTED):
        outcome = found[case] = Outcome(corpus / case, out / case)
        annotations, images = str(outcome.folder / "ann.json"), str(outcome.folder / "images")
        memory, started = peak(), time.perf_counter()
        with OPENED.recording() as opened:
            run(outcome, "check", "check", annotations, "--images", images)
            run(outcome, "plain", "check", annotations)
            run(outcome, "fix", "check", annotations, "--images", images, "--fix", str(outcome.out / "fixed.json"))
            run(outcome, "masks", "masks", annotations, "--out", str(outcome.out / "masks"))
        outcome.seconds, outcome.mebibytes = time.perf_counter() - started, peak() - memory
        outcome.opened = Opened(False, opened.read, opened.written)
    return found


@pytest.fixture(params=sorted(EXPECTED))
def outcome(request: pytest.FixtureRequest, outcomes: dict[str, Outcome]) -> Outcome:
    return outcomes[request.param]


def test_the_table_has_every_case_of_the_corpus():
    assert sorted(NAMES) == sorted(EXPECTED)
    assert len(EXPECTED) == 68


def test_the_faults_of_a_case_are_found_by_their_codes(outcome: Outcome):
    faults = outcome.values["check"]["faults"]
    assert sorted(fault["code"] for fault in faults) == sorted(EXPECTED[outcome.folder.name])
    errors = [fault for fault in faults if fault["severity"] == "error"]
    assert outcome.status["check"] == int(bool(errors))
    assert faults[: len(errors)] == errors


def test_every_fault_names_the_file_and_the_id_and_says_what_to_do(outcome: Outcome):
    for fault in outcome.values["check"]["faults"]:
        assert fault["count"] == len(fault["examples"]) == len(fault["messages"])
        assert fault["remedy"]
        for example, message in zip(fault["examples"], fault["messages"], strict=True):
            assert message.startswith(f"{outcome.folder / 'ann.json'}: ")
            if fault["kind"] != "file":
                named = f"{fault['kind']} {example} " if example is not None else f"{fault['kind']} (record "
                assert named in message


def test_every_annotation_is_used_or_skipped_or_repaired_away(outcome: Outcome):
    for name in ("check", "plain", "fix"):
        counts = outcome.values[name]["counts"]
        assert counts["in"] == counts["annotations"] == counts["used"] + counts["skipped"]
        assert counts["skipped"] == sum(counts["skipped_by"].values())
    assert counts["in"] == (0 if outcome.folder.name in (*UNREADABLE, "zero_annotations") else 2)
    repairs = outcome.values["fix"]["repairs"]
    if outcome.folder.name in UNREADABLE:
        assert repairs is None
        return
    repaired = repairs["counts"]
    assert repaired["in"] == counts["in"] == repaired["used"] + repaired["skipped"] + repaired["repaired_away"]
    assert repaired["repaired_away"] == REPAIRED_AWAY.get(outcome.folder.name, 0)


def test_masks_uses_the_annotations_that_check_calls_used(outcome: Outcome):
    if outcome.folder.name in (*UNREADABLE, "path_same_stem", "zero_annotations"):
        assert outcome.status["masks"] == 1
        return
    assert outcome.status["masks"] == 0
    counts, drawn = outcome.values["plain"]["counts"], outcome.values["masks"]["annotations"]
    assert (drawn["in"], drawn["used"]) == (counts["in"], counts["used"])
    assert {code: n for code, n in drawn["skipped"].items() if n} == counts["skipped_by"]


def test_a_repair_leaves_only_what_is_ambiguous(outcome: Outcome):
    if outcome.folder.name in UNREADABLE:
        assert outcome.status["fix"] == 1
        assert not outcome.out.exists()
        return
    left = outcome.values["fix"]["repairs"]["left"]
    errors = sorted(fault["code"] for fault in left if fault["severity"] == "error")
    assert errors == LEFT.get(outcome.folder.name, [])
    assert outcome.status["fix"] == int(bool(errors))


def test_a_repaired_file_loads_in_other_programs_with_every_annotation_usable(outcome: Outcome):
    if outcome.folder.name in (*UNREADABLE, *LEFT):
        return
    path = str(outcome.out / "fixed.json")
    with contextlib.redirect_stdout(io.StringIO()):
        for coco in (COCO(path), hotcoco.COCO(path)):
            annotations = coco.loadAnns(coco.getAnnIds())
            assert len(annotations) == outcome.values["fix"]["repairs"]["counts"]["used"]
            for annotation in annotations:
                assert annotation["id"] > 0
                assert {"bbox", "area", "iscrowd"} <= set(annotation)
                drawn = int(coco.annToMask(annotation).sum())
                assert drawn > 0 or outcome.folder.name == "seg_collinear"


def test_no_case_takes_long_or_much_memory(outcome: Outcome):
    assert outcome.seconds < 10
    assert outcome.mebibytes < 1024


def test_nothing_outside_the_images_folder_is_read_or_written(outcome: Outcome):
    folder, out = (os.path.realpath(path) for path in (outcome.folder, outcome.out))
    assert all(path.startswith(out + os.sep) for path in outcome.opened.written)
    # Code that is imported, and what the interpreter asks of the system.
    code = {os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, Path(__file__).parents[2] / "src")}
    own = tuple(f"{each}{os.sep}" for each in (*code, "/proc", "/sys", "/dev"))
    others = {path for path in outcome.opened.read if not path.startswith(own)}
    read = {path for path in others if path != out and not path.startswith(out + os.sep)}
    secret = os.path.join(folder, "secret.jpg")
    if outcome.folder.name == "path_symlink_out":  # a link in the folder itself is the user's, and is followed
        assert secret in read
        read.remove(secret)
    assert all(path == f"{folder}/ann.json" or path.startswith(f"{folder}/images/") for path in read)
    assert secret not in read


@pytest.mark.parametrize(
    "name",
    ["/etc/hostname", "{secret}", "images/../../secret.jpg", "..\\secret.jpg", "C:\\secret.jpg", "link/../secret.jpg"],
)
def test_a_name_that_leads_elsewhere_is_an_error_and_leads_nowhere(
    corpus: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
):
    case = Path(shutil.copytree(corpus / "path_parent", tmp_path / "case"))
    secret = case / "secret.jpg"
    (case / "images" / "link").symlink_to(case / "images")
    document = json.loads((case / "ann.json").read_text())
    document["images"][0]["file_name"] = name.format(secret=secret)
    annotations = tmp_path / "ann.json"
    annotations.write_text(json.dumps(document))
    with OPENED.recording() as opened:
        status = main(["check", str(annotations), "--images", str(case / "images"), "--quiet", "--json"])
    codes = {fault["code"] for fault in json.loads(capsys.readouterr().out)["faults"]}
    assert status == 1
    assert codes & {"absolute_path", "outside_path"}
    assert str(annotations.resolve()) in opened.read
    assert not opened.read & {str(secret.resolve()), "/etc/hostname"}


@pytest.mark.parametrize("name", ["slip.zip", "slip.tar", "bomb.zip"])
def test_an_archive_is_an_error_and_nothing_of_it_is_unpacked(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
):
    path = write_archives(tmp_path / "archives") / name
    before = sorted(tmp_path.rglob("*"))
    with OPENED.recording() as opened:
        assert main(["check", str(path), "--fix", str(tmp_path / "fixed.json"), "--json"]) == 1
    ((fault),) = json.loads(capsys.readouterr().out)["faults"]
    assert (fault["code"], fault["examples"]) == ("json_archive", [str(path)])
    assert main(["masks", str(path), "--out", str(tmp_path / "masks")]) == 1
    assert f"{path}: is a {path.suffix[1:]} archive; expected a COCO file" in capsys.readouterr().err
    assert opened.written == set()
    assert sorted(tmp_path.rglob("*")) == before
