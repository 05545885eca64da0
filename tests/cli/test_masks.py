import json
import os
import re
from pathlib import Path

import pytest

from maskwright.cli.main import main
from maskwright.label_maps.options import MaskOptions
from maskwright.masks.png import read_label_map

SCENE = (
    {"segmentation": [[0, 0, 6, 0, 6, 4, 0, 4]]},
    {"segmentation": [[3, 0, 9, 0, 9, 4, 3, 4]], "category_id": 2},
    {"segmentation": [[6, 0, 12, 0, 12, 4, 6, 4]], "category_id": 2, "iscrowd": 1},
)


@pytest.fixture
def scene(coco) -> Path:
    """A person, a dog over it, a crowd of dogs; see tests/workflows/test_masks.py."""
    return coco(*SCENE, images=[{"height": 4, "width": 12, "file_name": "scene.jpg"}])


@pytest.fixture
def asked(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``asked(*options)``: what the workflow is asked for by a command line, without doing it."""
    seen = {}

    def watch(annotations, out, **named):
        seen.update(named)
        raise SystemExit(0)

    monkeypatch.setattr("maskwright.workflows.masks.masks", watch)

    def ask(*options: str) -> dict:
        assert main(["masks", str(scene), "--out", str(tmp_path / "out"), *options]) == 0
        return seen

    return ask


def test_without_options_the_defaults_are_asked_for(asked):
    seen = asked()
    assert seen.pop("reporter").quiet is False
    others = {"engine": "local", "address": None, "overwrite": False, "allow_empty_classes": False}
    assert seen == {"options": MaskOptions(), "workers": None, **others}


def test_every_option_reaches_the_workflow(asked, tmp_path: Path):
    chosen = ["--mode", "instance", "--classes", "person, car", "--classes", "dog", "--ignore-classes", "cat,cow"]
    rules = ["--overlap", "priority", "--groups", "coco9", "--priority", "traffic light=4, a=b=-0.5", "--crowd", "skip"]
    others = ["--only-with-objects", "--gray", "--audit", "--overwrite", "--allow-empty-classes", "--quiet"]
    seen = asked(*chosen, *rules, *others, "--workers", "3", "--engine", "ray", "--address", "auto")
    assert seen.pop("reporter").quiet is True
    assert seen.pop("options") == MaskOptions(
        mode="instance",
        classes=["person", "car", "dog"],
        ignore_classes=("cat", "cow"),
        groups="coco9",
        overlap="priority",
        priorities={"traffic light": 4.0, "a=b": -0.5},
        crowd="skip",
        palette=False,
        only_with_objects=True,
        audit=True,
    )
    assert seen == {"workers": 3, "engine": "ray", "address": "auto", "overwrite": True, "allow_empty_classes": True}


def test_linear_algebra_gets_one_thread_unless_told_otherwise(asked, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    asked()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    asked()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


@pytest.mark.parametrize("weight", ["person", "person=", "person=heavy", "=", "person=1e"])
def test_a_priority_that_is_no_weight_is_refused(scene: Path, tmp_path: Path, capsys, weight: str):
    assert main(["masks", str(scene), "--out", str(tmp_path / "out"), "--priority", weight]) == 2
    assert f"error: --priority {weight}: expected CLASS=WEIGHT" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mode", "binery"], "Unknown mode 'binery'. Nearest: binary"),
        (["--overlap", "highest"], "Unknown overlap rule 'highest'. Nearest: highest-index"),
        (["--crowd", "ignored"], "Unknown crowd rule 'ignored'. Nearest: ignore"),
        (["--classes", "persn"], "'persn'. Nearest: person"),
        (["--ignore-classes", "persn"], "'persn'. Nearest: person"),
        (["--priority", "persn=2"], "'persn'. Nearest: person"),
        (["--priority", "person=nan"], "--priority person=nan: expected a finite number"),
        (["--workers", "-1"], "--workers -1: expected 0"),
        (["--groups", "missing.yaml", "--mode", "grouped"], "missing.yaml: it does not exist"),
    ],
    ids=" ".join,
)
def test_wrong_options_are_answered_by_a_message_and_exit_code_2(
    scene: Path, tmp_path: Path, capsys, options: list[str], message: str
):
    assert main(["masks", str(scene), "--out", str(tmp_path / "out"), *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert message in err
    assert not (tmp_path / "out").exists()


def test_json_is_all_there_is_on_standard_output(scene: Path, tmp_path: Path, capsys):
    options = ["--json", "--classes", "dog,person", "--audit"]
    assert main(["masks", str(scene), "--out", str(tmp_path / "out"), *options]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["files"], printed["kept"], printed["shared_pixels"]) == (1, 0, 12)
    assert [c["name"] for c in printed["classes"]] == ["dog", "person"]
    assert printed["annotations"] == {"in": 3, "used": 3, "skipped": {}, "faults": []}
    assert printed["overlaps"] == json.loads((tmp_path / "out" / "overlap_audit.json").read_text(encoding="utf-8"))


def test_it_says_where_every_annotation_went(coco, tmp_path: Path, capsys):
    path = coco({}, {"segmentation": []}, {"category_id": 2}, {"image_id": 9}, images=[{}, {}])
    options = ["--classes", "person", "--only-with-objects"]
    for kept in ("", " (1 already drawn)"):
        assert main(["masks", str(path), "--out", str(tmp_path / "out"), *options]) == 0
        out, err = capsys.readouterr()
        assert out.splitlines() == [
            f"1 label map in {tmp_path / 'out'}{kept}",
            "skipped: 1 image without an object of the classes",
            "annotations: 4 found = 1 used + 3 skipped (1 empty_segmentation, 1 other_class, 1 unknown_image)",
        ]
        assert f"{path}: annotation 2 (image 1) has an empty segmentation; skipped." in err
        assert f"{path}: annotation 4 refers to image 9, which the file does not list; skipped." in err


def test_quiet_leaves_faults_and_ungrouped_classes_said(coco, tmp_path: Path, capsys):
    path = coco({"segmentation": []}, {}, categories={1: "person", 2: "unicorn"})
    options = ["--mode", "grouped", "--quiet"]
    assert main(["masks", str(path), "--out", str(tmp_path / "out"), *options]) == 0
    err = capsys.readouterr().err
    assert "annotation 1" in err
    assert "coco9: classes in no group become background: unicorn." in err


def test_the_audit_is_printed_a_line_a_rule(scene: Path, tmp_path: Path, capsys):
    assert main(["masks", str(scene), "--out", str(tmp_path / "out"), "--audit"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:4] == [
        "12 pixels are covered more than once; against the rule last",
        "  first          moves           12 pixels in 1 image, most from dog to person (12)",
    ]


def test_the_modes_of_the_help_are_those_there_are(capsys, tmp_path: Path, scene: Path):
    for mode in ("multiclass", "binary", "grouped", "instance"):
        assert main(["masks", str(scene), "--out", str(tmp_path / mode), "--mode", mode]) == 0
        assert read_label_map(tmp_path / mode / "scene.png").max() > 0
    assert main(["masks", "--help"]) == 0
    shown = capsys.readouterr().out
    for name in ("multiclass", "binary", "grouped", "instance", "highest-index", "priority", "coco9", "ray"):
        assert name in shown


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("labels.json", "{", 1), ("labels.json", "[]", 1), ("other.json", "{}", 2)],
    ids=["cut", "not COCO", "missing"],
)
def test_the_file_that_cannot_be_read_is_named(tmp_path: Path, capsys, name: str, content: str, code: int):
    (tmp_path / name).write_text(content)
    assert main(["masks", str(tmp_path / "labels.json"), "--out", str(tmp_path / "out")]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "labels.json" in err
    assert "Traceback" not in err


HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "masks.md"


@pytest.mark.parametrize("mode", ["multiclass", "grouped"])
def test_the_audit_in_the_documentation_is_what_is_printed(shared: Path, tmp_path: Path, capsys, mode: str):
    path = shared / "data" / "coco300" / "train-300" / "labels.json"
    assert main(["masks", str(path), "--out", str(tmp_path), "--mode", mode, "--audit", "--workers", "0"]) == 0
    printed = capsys.readouterr().out.splitlines()[1:]
    documented = {line.strip() for line in HOW_TO.read_text(encoding="utf-8").splitlines()}
    assert [line for line in printed if line.strip() not in documented] == []


def test_every_option_is_documented(capsys):
    assert main(["masks", "--help"]) == 0
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help", "--out", "--mode", "--quiet"}
    text = HOW_TO.read_text(encoding="utf-8")
    assert sorted(option for option in options if option not in text) == []
