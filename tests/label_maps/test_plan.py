import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from maskwright.annotations.coco.file import read_coco
from maskwright.errors import DataError, UsageError
from maskwright.label_maps.drawing import IGNORED
from maskwright.label_maps.options import MaskOptions
from maskwright.label_maps.plan import MaskPlan, mask_plan

CATEGORIES = {3: "dog", 5: "person", 7: "car", 8: "tree", 9: "dog"}
GROUPS = "wheels: {weight: 2, classes: [car]}\nanimals: {weight: 3, classes: [dog]}\n"


@pytest.fixture
def planned(coco, tmp_path: Path):
    """``planned(**settings)``: the plan for a file of ``CATEGORIES``; ``groups`` is the text of a file."""

    def plan(categories: dict[int, str] = CATEGORIES, **settings: Any) -> MaskPlan:
        if "groups" in settings:
            (tmp_path / "groups.yaml").write_text(settings["groups"], encoding="utf-8")
            settings["groups"] = str(tmp_path / "groups.yaml")
        return mask_plan(read_coco(coco(categories=categories)), MaskOptions(**settings))

    return plan


def ids(plan: MaskPlan) -> dict[str, tuple[int, ...]]:
    return {c.name: c.source_ids for c in plan.table}


def test_all_classes_have_labels_by_ascending_id_and_one_name_is_one_class(planned):
    plan = planned()
    assert plan.labels == {3: 1, 9: 1, 5: 2, 7: 3, 8: 4}
    assert ids(plan) == {"dog": (3, 9), "person": (5,), "car": (7,), "tree": (8,)}


def test_chosen_classes_have_labels_in_their_order(planned):
    assert planned(classes=["tree", "dog"]).labels == {8: 1, 3: 2, 9: 2}


def test_ignored_classes_are_in_no_table(planned):
    plan = planned(ignore_classes=[" person"])
    assert plan.labels == {3: 1, 9: 1, 7: 2, 8: 3, 5: IGNORED}
    assert plan.table.names == ["dog", "car", "tree"]
    assert planned(classes=["car"], ignore_classes=["dog"]).labels == {7: 1, 3: IGNORED, 9: IGNORED}


def test_binary_masks_are_of_every_chosen_class(planned):
    plan = planned(mode="binary", ignore_classes=["person"])
    assert plan.labels == {3: 1, 9: 1, 7: 1, 8: 1, 5: IGNORED}
    assert ids(plan) == {"foreground": (3, 7, 8, 9)}
    assert plan.drawing.overlap == "last"


def test_grouped_classes_have_the_label_and_weight_of_their_group(planned):
    plan = planned(mode="grouped", groups=GROUPS)
    assert plan.labels == {7: 1, 3: 2, 9: 2}
    assert ids(plan) == {"wheels": (7,), "animals": (3, 9)}
    assert (plan.drawing.overlap, plan.drawing.weights) == ("priority", (2.0, 3.0))


def test_an_ignored_class_is_taken_out_of_its_group(planned):
    plan = planned(mode="grouped", groups=GROUPS, ignore_classes=["dog"])
    assert ids(plan) == {"wheels": (7,), "animals": ()}
    assert plan.labels == {7: 1, 3: IGNORED, 9: IGNORED}


def test_weights_come_from_groups_and_are_changed_by_priorities(planned):
    plan = planned(overlap="priority", groups=GROUPS, priorities={"tree": 9.0, " dog": 1.5})
    assert plan.drawing.weights == (1.5, 0.0, 2.0, 9.0)
    assert planned(priorities={"tree": -1.0}).drawing.weights == (0.0, 0.0, 0.0, -1.0)
    assert planned(mode="grouped", groups=GROUPS, priorities={"wheels": 5}).drawing.weights == (5, 3.0)


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        ({}, ("last", "first", "smallest", "highest-index")),
        ({"priorities": {"dog": 1.0}}, ("last", "first", "smallest", "highest-index", "priority")),
        ({"mode": "grouped", "overlap": "first"}, ("last", "first", "smallest", "highest-index", "priority")),
    ],
    ids=str,
)
def test_the_audit_compares_every_rule_that_the_weights_allow(planned, settings, rules: tuple[str, ...]):
    assert planned(audit=True, **settings).drawing.audit_rules == rules
    assert planned(**settings).drawing.audit_rules == ()


@pytest.mark.parametrize("option", ["classes", "ignore_classes"])
def test_an_unknown_class_is_answered_with_the_nearest(planned, option: str):
    with pytest.raises(UsageError, match=r"class in .*labels\.json 'persn'\. Nearest: person"):
        planned(**{option: ["dog", "persn"]})


def test_an_unknown_class_with_a_priority_is_answered_with_the_nearest(planned):
    with pytest.raises(UsageError, match=r"'living'\. Known: animals, wheels"):
        planned(mode="grouped", groups=GROUPS, priorities={"living": 5})
    with pytest.raises(UsageError, match="'persn'"):
        planned(mode="binary", priorities={"persn": 5})


def test_names_in_groups_that_the_file_lacks_and_classes_in_no_group_are_said(planned):
    plan = planned(mode="grouped", groups="a: {classes: [persn, dog]}")
    lacking, ungrouped = plan.remarks
    assert lacking.endswith("labels.json: persn (nearest: person).")
    assert ungrouped.endswith("classes in no group become background: car, person, tree.")
    (weightless,) = planned(overlap="priority", groups=GROUPS, classes=["tree", "dog"]).remarks
    assert weightless.endswith(" 0: tree.")


def test_many_names_that_the_file_lacks_are_counted(planned):
    names = ", ".join(f"x{i}" for i in range(30))
    remark, _ = planned(mode="grouped", groups=f"a: {{classes: [dog, {names}]}}").remarks
    assert remark.endswith("x9, x10, x11 and 18 more.")


def test_that_a_shipped_grouping_knows_more_classes_is_not_said(planned):
    assert planned(mode="grouped", categories={1: "dog", 2: "car"}).remarks == []


def test_groups_of_other_classes_altogether_are_refused(planned):
    with pytest.raises(DataError, match=r"none of its classes is in .*labels\.json, which has Hund, Katze; expected"):
        planned(mode="grouped", categories={1: "Hund", 2: "Katze"})


DIFFERENT = (
    {"mode": "binary"},
    {"classes": ["dog"]},
    {"ignore_classes": ["dog"]},
    {"overlap": "first"},
    {"crowd": "skip"},
    {"palette": False},
    {"only_with_objects": True},
    {"audit": True},
    {"priorities": {"dog": 1.0}},
    {"priorities": {"dog": 2.0}},
    {"mode": "grouped", "groups": GROUPS},
    {"mode": "grouped", "groups": GROUPS.replace("3", "4")},
)


def test_the_settings_of_a_job_differ_whenever_an_option_does_and_come_back_from_json(planned):
    settings = [planned(**each).settings() for each in ({}, *DIFFERENT)]
    assert len({json.dumps(each, sort_keys=True) for each in settings}) == len(settings)
    assert [msgspec.json.decode(msgspec.json.encode(each)) for each in settings] == settings
    assert planned(ignore_classes=["dog", "car"]).settings() == planned(ignore_classes=["car ", "dog"]).settings()
