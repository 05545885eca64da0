import pytest

from maskwright.annotations.taxonomy.class_remapping import RIDER_RULES
from maskwright.annotations.taxonomy.loading import make_taxonomy, read_taxonomy
from maskwright.annotations.taxonomy.sides import restrict_taxonomy, side_of, taxonomy_for_side
from maskwright.errors import UsageError
from maskwright.structures import ClassTable

PETS = make_taxonomy("pets", {"pet": ["dog", "cat"], "plane": ["airplane"]}, ignored=["toy"], absent=["tree"])
STREETS = {rule: read_taxonomy("coco-to-cityscapes", rule) for rule in RIDER_RULES}
CITYSCAPES = ClassTable.from_names(["person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"])


def table(*names: str) -> ClassTable:
    return ClassTable.from_names(names)


def test_the_side_is_the_one_that_has_all_classes_and_the_preferred_one_where_both_have():
    assert side_of(PETS, table("dog", "tree")) == "source"
    assert side_of(PETS, table("plane", "pet"), preferred="source") == "target"
    both = table("person", "car")
    taxonomy = STREETS["absent"]
    assert (side_of(taxonomy, both), side_of(taxonomy, both, preferred="target")) == ("source", "target")
    assert side_of(taxonomy, CITYSCAPES, preferred="source") == "target"


def test_classes_of_neither_side_are_named_with_the_nearest_of_the_likelier_side():
    with pytest.raises(UsageError, match=r"the source class\(es\) doog; .*Nearest to 'doog': dog"):
        side_of(PETS, table("doog", "cat"))
    with pytest.raises(UsageError, match=r"the target class\(es\) dog;"):
        side_of(PETS, table("pet", "plane", "dog"))


@pytest.mark.parametrize("rule", RIDER_RULES)
def test_the_target_s_own_classes_become_what_its_truth_does(rule: str):
    taxonomy = STREETS[rule]
    own = taxonomy_for_side(taxonomy, "target")
    assert own.labels(CITYSCAPES) == taxonomy.truth_labels(CITYSCAPES)
    assert own.target_table().names == taxonomy.target_table().names
    assert taxonomy_for_side(taxonomy, "source") is taxonomy


def test_the_target_s_riders_are_not_made_again():
    assert taxonomy_for_side(STREETS["person-over-two-wheeler"], "target").rider is None


def test_only_what_a_model_can_find_is_reached():
    reached = restrict_taxonomy(PETS, table("cat", "tree"), "source")
    assert reached.shared == ["pet"]
    # A dog is a pet too, whether or not the model tells dogs; an airplane is nothing it could find.
    assert reached.labels(table("dog", "airplane", "toy")) == {1: 1, 2: 0, 3: 255}
    assert restrict_taxonomy(STREETS["absent"], table("car", "kite"), "source").shared == ["car"]
    assert restrict_taxonomy(STREETS["person"], table("rider", "bus"), "target").shared == ["person", "bus"]


def test_a_model_that_knows_every_class_reaches_all_that_are_shared():
    for rule, taxonomy in STREETS.items():
        assert (
            restrict_taxonomy(taxonomy, ClassTable.from_names(taxonomy.sources), "source").shared == taxonomy.shared
        ), rule
        assert restrict_taxonomy(taxonomy, CITYSCAPES, "target").shared == taxonomy.shared, rule


def test_nothing_to_score_and_riders_that_cannot_be_told_are_refused():
    with pytest.raises(UsageError, match="None of the classes tree, toy becomes a class"):
        restrict_taxonomy(PETS, table("tree", "toy"), "source")
    with pytest.raises(UsageError, match="found none for motorcycle"):
        restrict_taxonomy(STREETS["person-over-two-wheeler"], table("person", "bicycle"), "source")
    with pytest.raises(UsageError, match="found none for rider"):
        restrict_taxonomy(STREETS["person-over-two-wheeler"], table("person", "bicycle", "motorcycle"), "target")
