from pathlib import Path

import pytest

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS, LABELS
from maskwright.annotations.formats.voc_names import VOC_CLASSES
from maskwright.annotations.taxonomy.loading import Taxonomy, read_taxonomy, shipped_taxonomies
from maskwright.errors import DataError, UsageError
from maskwright.structures import ClassTable
from tests.annotations.test_groups import COCO_CLASSES

COCO = [name.strip() for name in COCO_CLASSES.split(",")]
CITY = [label.name for label in INSTANCE_LABELS]
RULES = ["absent", "person", "person-over-two-wheeler"]


@pytest.fixture
def taxonomy(tmp_path: Path):
    """``taxonomy(text)`` reads a file of that text."""

    def read(text: str) -> Taxonomy:
        (tmp_path / "map.yaml").write_text(text, encoding="utf-8")
        return read_taxonomy(str(tmp_path / "map.yaml"))

    return read


def test_three_taxonomies_are_shipped():
    assert shipped_taxonomies() == ["cityscapes-to-coco", "coco-to-cityscapes", "coco-to-voc"]


@pytest.mark.parametrize(
    ("name", "sources", "targets"),
    [
        ("coco-to-cityscapes", COCO, CITY),
        ("coco-to-voc", COCO, list(VOC_CLASSES)),
        ("cityscapes-to-coco", [label.name for label in LABELS], COCO),
    ],
)
def test_a_shipped_taxonomy_accounts_for_every_class_of_both_sides_once(
    name: str, sources: list[str], targets: list[str]
):
    shipped = read_taxonomy(name)
    assert sorted(shipped.sources) == sorted(sources)
    assert list(shipped.targets) == targets
    assert sorted(shipped.shared + shipped.unreached) == sorted(targets)


def test_every_class_of_voc_has_its_coco_class_at_its_own_label():
    voc = read_taxonomy("coco-to-voc")
    assert voc.target_table().names_with_background == ["background", *VOC_CLASSES]
    assert {a: b for a, b in voc.target_of.items() if a != b} == {
        "airplane": "aeroplane",
        "dining table": "diningtable",
        "motorcycle": "motorbike",
        "potted plant": "pottedplant",
        "couch": "sofa",
        "tv": "tvmonitor",
    }


@pytest.mark.parametrize("rule", RULES)
def test_riders_are_a_class_to_compare_only_where_persons_may_become_riders(rule):
    city = read_taxonomy("coco-to-cityscapes", rider=rule)
    with_riders = rule == "person-over-two-wheeler"
    assert city.shared == [name for name in CITY if with_riders or name != "rider"]
    assert city.unreached == ([] if with_riders else ["rider"])
    assert any(line.startswith(f"rider: {rule} (") for line in city.describe())


@pytest.mark.parametrize(("rule", "label"), [("absent", 0), ("person", 1), ("person-over-two-wheeler", 2)])
def test_the_riders_of_cityscapes_truth_follow_the_rule(rule, label: int):
    city = read_taxonomy("coco-to-cityscapes", rider=rule)
    truth = city.truth_labels(ClassTable.from_names(CITY))
    table = city.target_table()
    assert truth[1 + CITY.index("rider")] == label
    assert {CITY[i - 1]: table.names[to - 1] for i, to in truth.items() if CITY[i - 1] != "rider"} == {
        name: name for name in CITY if name != "rider"
    }


@pytest.mark.parametrize(("rule", "label"), [("person", 1), ("absent", 0)])
def test_the_riders_of_a_cityscapes_model_follow_the_rule(rule, label: int):
    coco = read_taxonomy("cityscapes-to-coco", rider=rule)
    assert coco.labels(ClassTable.from_names(["rider"])) == {1: label}
    assert coco.target_table().names[0] == "person"


def test_a_rule_that_is_none_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"Unknown rule for riders 'persons'\. Nearest: person"):
        read_taxonomy("coco-to-cityscapes", rider="persons")  # pyright: ignore[reportArgumentType]


def test_the_state_of_a_taxonomy_is_printed_with_what_was_merged_and_left_out(taxonomy):
    lines = taxonomy("classes: {pet: [dog, cat], bird: []}\nignore: [toy]\nabsent: [tree]").describe()
    assert lines[0].endswith("map.yaml: 1 shared classes: pet")
    assert lines[1:] == [
        "renamed or merged: dog → pet, cat → pet",
        "ignored source classes: toy",
        "source classes without counterpart: tree",
        "target classes that no source class becomes: bird",
    ]


def test_names_are_compared_in_one_unicode_form_without_outer_space(taxonomy):
    drinks = taxonomy(b'classes: {" drink ": [" cafe\\u0301 "]}'.decode("unicode_escape"))
    assert drinks.labels(ClassTable.from_names(["caf\u00e9"])) == {1: 1}
    assert drinks.target_table().names == ["drink"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no taxonomy"),
        ("[a]", "is no taxonomy"),
        ("a: b: c", "not valid YAML"),
        ("classes: {a: [x]}\nclasses: {a: [y]}", "'classes' occurs twice"),
        ("classes: {a: [x], a: [y]}", "'a' occurs twice"),
        ("classes: {a: []}", "at least one target class"),
        ("classes: {a: x}", "at `$.classes[...]`"),
        ("classes: {a: [no]}", "Expected `str`, got `bool`"),
        ("classes: {a: [x]}\nignored: [y]", "unknown field `ignored`"),
        ("classes: {a: [x], b: [x]}", "the source class 'x' is in 'a' and in 'b'"),
        ("classes: {a: [x]}\nabsent: [x]", "the source class 'x' is in 'a' and in 'absent'"),
        ("classes: {a: [x]}\nignore: [y]\nabsent: [y]", "the source class 'y' is in 'ignore' and in 'absent'"),
        ("classes: {a: [x], 'a ': [y]}", "Class names repeat: a"),
        ("classes: {background: [x]}", "called 'background'"),
        ("classes: {person: [person], rider: []}", "expected a rule for riders"),
        ("rider: yes\nclasses: {person: [person]}", "$.rider"),
        ("rider: person\nclasses: {person: [person, rider]}", "both say what becomes of 'rider'"),
        ("rider: person\nclasses: {person: [person], rider: [rider]}", "both say what becomes of 'rider'"),
        ("rider: person\nclasses: {human: [person]}", "found none for person"),
        ("rider: person-over-two-wheeler\nclasses: {person: [person]}", "no class 'rider'"),
        (
            "rider: person-over-two-wheeler\nclasses: {person: [person], rider: [], bike: [bicycle]}",
            "found none for bicycle, motorcycle",
        ),
        ("classes: !!python/object/apply:os.system [echo]", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_taxonomy_is_refused_with_what_was_found(taxonomy, text: str, message: str):
    with pytest.raises(DataError) as caught:
        taxonomy(text)
    assert message in str(caught.value)
    assert "map.yaml" in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    (tmp_path / "map.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"map\.yaml: is not UTF-8 text"):
        read_taxonomy(str(tmp_path / "map.yaml"))


@pytest.mark.parametrize(
    ("source", "message"),
    [("coco-to-cityscape", "Unknown taxonomy 'coco-to-cityscape'. Shipped: .*coco-to-cityscapes"), ("x.yaml", "x.y")],
)
def test_an_unknown_name_is_answered_with_the_shipped_ones_and_a_missing_file_as_such(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        read_taxonomy(source)
