from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.label_maps.options import MaskOptions


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, "last"),
        ({"mode": "instance"}, "last"),
        ({"mode": "grouped"}, "priority"),
        ({"mode": "grouped", "overlap": "first"}, "first"),
        ({"priorities": {"person": 4.0}}, "priority"),
        ({"overlap": "priority", "groups": "coco9"}, "priority"),
        ({"overlap": "smallest"}, "smallest"),
    ],
    ids=str,
)
def test_the_rule_is_the_one_given_or_the_one_that_goes_with_the_weights(settings, rule: str):
    assert MaskOptions(**settings).rule == rule


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "binery"}, "Unknown mode 'binery'. Nearest: binary"),
        ({"overlap": "highest"}, "Unknown overlap rule 'highest'. Nearest: highest-index"),
        ({"crowd": "ignored"}, "Unknown crowd rule 'ignored'. Nearest: ignore"),
        ({"mode": "grouped", "classes": ["dog"]}, "--classes does not go with --mode grouped"),
        ({"classes": ["dog", "cat"], "ignore_classes": [" cat "]}, "'cat' is in --classes and in --ignore-classes"),
        ({"overlap": "priority"}, "--overlap priority needs weights"),
        ({"groups": "coco9"}, "--groups needs --mode grouped"),
        ({"groups": "coco9", "overlap": "first"}, "--groups needs --mode grouped"),
        ({"priorities": {"dog": 1.0}, "overlap": "last"}, "--priority does not go with --overlap last"),
        ({"priorities": {"dog": float("nan")}}, "--priority dog=nan: expected a finite number"),
        ({"priorities": {"dog": float("inf")}}, "--priority dog=inf: expected a finite number"),
    ],
    ids=str,
)
def test_options_that_are_unknown_or_contradict_each_other_are_refused(settings, message: str):
    with pytest.raises(UsageError) as caught:
        MaskOptions(**settings)
    assert message in str(caught.value)


def test_the_groups_are_coco9_unless_a_file_is_named(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("animals: {classes: [dog]}", encoding="utf-8")
    coco9, mine = MaskOptions("grouped").grouping, MaskOptions("grouped", groups=str(path)).grouping
    assert coco9 is not None
    assert mine is not None
    assert (len(coco9.groups), mine.classes) == (9, ["dog"])
    assert MaskOptions().grouping is None


def test_a_file_of_groups_is_read_once(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("animals: {classes: [dog]}", encoding="utf-8")
    options = MaskOptions("grouped", groups=path)
    first = options.grouping
    path.unlink()
    assert options.grouping is first
