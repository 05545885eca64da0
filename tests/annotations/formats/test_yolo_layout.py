from pathlib import Path

import pytest
import yaml

from maskwright.annotations.formats.yolo_layout import inside, labels_beside, read_layout, write_data_yaml
from maskwright.errors import DataError, UsageError


def layout(root: Path, text: str, *folders: str):
    (root / "data.yaml").write_text(text)
    for folder in folders:
        (root / folder).mkdir(parents=True)
    return read_layout(root)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("[person, dog]", {0: "person", 1: "dog"}),
        ("{1: dog, 0: person}", {0: "person", 1: "dog"}),
        ("{7: 'cafe\u0301 '}", {7: "café"}),
        ("[1, 2.5]", {0: "1", 1: "2.5"}),
    ],
)
def test_names_are_a_list_or_a_mapping(tmp_path: Path, names: str, expected: dict[int, str]):
    assert layout(tmp_path, f"train: images\nnames: {names}\n").names == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "names: []",
        "names: person",
        "names: {a: person}",
        "names: [[a], [b]]",
        "{",
        "a: &a [*a]",
        "names: 2001-99-99",
    ],
)
def test_a_file_without_names_is_refused_by_its_name(tmp_path: Path, text: str):
    with pytest.raises(DataError, match=r"data\.yaml: (has no names|is not valid YAML)"):
        layout(tmp_path, text)


def test_yaml_that_would_run_code_or_swell_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="is not valid YAML"):
        layout(tmp_path, "names: !!python/object/apply:os.system ['true']")
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    with pytest.raises(DataError, match="has too many values, each counted as often as it is referred to"):
        layout(tmp_path, f"{bomb}names: *a29\n")


def test_exporters_paths_lead_to_the_folders_beside_the_file(tmp_path: Path):
    found = layout(tmp_path, "path: ../datasets/x\ntrain: ../train/images\nval: val/images\nnames: [a]", "train/images")
    assert found.parts == {"train": ["../train/images"], "val": ["val/images"]}
    assert inside(tmp_path, "../train/images") == tmp_path / "train" / "images"


def test_path_counts_where_it_leads_inside(tmp_path: Path):
    found = layout(tmp_path, "path: sub\ntrain: images/train\nnames: [a]", "sub/labels/train")
    assert found.parts == {"train": ["sub/images/train"]}


@pytest.mark.parametrize("value", ["a/../../b", "/etc", "a/../../../etc", "x" * 300])
def test_a_place_outside_or_with_a_name_of_no_file_is_none(tmp_path: Path, value: str):
    assert inside(tmp_path, value) is None


def test_a_link_may_lead_out_and_a_value_may_not_climb_by_it(tmp_path: Path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    assert inside(root, "link/x") == root / "link" / "x"
    assert inside(root, "link/../x") is None


@pytest.mark.parametrize(
    ("place", "labels"),
    [
        ("images/train", "labels/train"),
        ("train/images", "train/labels"),
        ("a/images/images", "a/images/labels"),
        ("x", "x"),
    ],
)
def test_labels_lie_where_the_last_images_reads_labels(tmp_path: Path, place: str, labels: str):
    # Of the path inside the data set: folders above it are none of its business.
    root = tmp_path / "images" / "set"
    assert labels_beside(root, root / place) == root / labels


@pytest.mark.parametrize(
    ("folders", "parts"),
    [
        (["images/train", "images/val"], {"train": ["images/train"], "val": ["images/val"]}),
        (["train/images", "valid/labels"], {"train": ["train/images"], "valid": ["valid/images"]}),
        (["labels"], {"train": ["images"]}),
        ([], {"train": ["."]}),
    ],
)
def test_without_a_file_the_usual_folders_are_the_parts(
    tmp_path: Path, folders: list[str], parts: dict[str, list[str]]
):
    (tmp_path / "classes.txt").write_text("person\ndog\n")
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    found = read_layout(tmp_path)
    assert (found.names, found.parts) == ({0: "person", 1: "dog"}, parts)


def test_a_folder_that_names_no_classes_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"neither data\.yaml nor classes\.txt"):
        read_layout(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        read_layout(tmp_path / "none")


def test_of_several_files_one_must_be_chosen(tmp_path: Path):
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).write_text("names: [x]")
    with pytest.raises(UsageError, match=r"several YAML files \(a\.yaml, b\.yml\)"):
        read_layout(tmp_path)
    assert read_layout(tmp_path / "a.yaml").root == tmp_path


def test_what_is_written_reads_as_yaml_with_every_name(tmp_path: Path):
    write_data_yaml(tmp_path, ["no", "café: 猫", "- x"], ["train", "val"])
    content = yaml.safe_load((tmp_path / "data.yaml").read_text(encoding="utf-8"))
    assert content["names"] == {0: "no", 1: "café: 猫", 2: "- x"}
    assert read_layout(tmp_path).parts == {"train": ["images/train"], "val": ["images/val"]}


@pytest.mark.parametrize(
    ("parts", "train", "val"),
    [
        (["train"], "train", "train"),
        (["train", "test"], "train", "train"),
        (["train", "validation"], "train", "validation"),
        (["training", "valid"], "training", "valid"),
        (["val"], "val", "val"),
        (["all"], "all", "all"),
    ],
)
def test_the_keys_that_yolo_needs_are_always_there(tmp_path: Path, parts: list[str], train: str, val: str):
    write_data_yaml(tmp_path, ["x"], parts)
    text = (tmp_path / "data.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    assert (content["train"], content["val"]) == (f"images/{train}", f"images/{val}")
    assert {content[part] for part in parts} == {f"images/{part}" for part in parts}
    assert ("val: images/train  # not of its own: those of train\n" in text) == (val == "train")


def test_a_part_in_the_places_of_another_is_read_once(tmp_path: Path):
    (tmp_path / "data.yaml").write_text("train: images\nval: images\ntest: other\nnames: [x]")
    layout = read_layout(tmp_path)
    assert layout.parts == {"train": ["images"], "test": ["other"]}
    assert layout.repeated == {"val": "train"}


def test_names_with_control_characters_are_escaped_in_yaml_and_come_back(tmp_path: Path):
    names = ["cat\nval: /etc", "exe.\u202egpj", "a\u2028 b \x9b", '"', "猫 \\ \U000e0041"]
    write_data_yaml(tmp_path, names, ["train", "val"])
    text = (tmp_path / "data.yaml").read_text(encoding="utf-8")
    assert {letter for letter in text if not letter.isprintable()} == {"\n"}
    assert len(text.splitlines()) == 3 + len(names)
    assert yaml.safe_load(text) == {"train": "images/train", "val": "images/val", "names": dict(enumerate(names))}
    assert read_layout(tmp_path).names == dict(enumerate(names))
