from maskwright.annotations.taxonomy.applied import AppliedTaxonomy, record_taxonomies
from maskwright.annotations.taxonomy.loading import make_taxonomy, read_taxonomy

PETS = make_taxonomy("pets", {"pet": ["dog", "cat"], "plane": ["airplane"]}, ignored=["toy"], absent=["tree"])


def test_scores_state_the_taxonomy_the_rule_for_riders_and_both_sides():
    use = AppliedTaxonomy(read_taxonomy("coco-to-cityscapes", "person"), truth="target", model="source")
    scores = record_taxonomies({"AP": 0.5, "protocol": "as COCO does"}, [use])
    (by,) = scores["taxonomies"]
    assert (by["name"], by["rider"], by["truth"], by["model"]) == ("coco-to-cityscapes", "person", "target", "source")
    assert scores["AP"] == 0.5
    assert scores["protocol"] == "as COCO does; classes by taxonomy coco-to-cityscapes, rider: person"
    assert "the truth is in the target's classes; the model is in the source's classes" in by["lines"]


def test_what_a_model_cannot_find_is_said_to_be_not_scored():
    use = AppliedTaxonomy(PETS, scored=("pet",))
    assert use.to_json()["classes"] == ["pet"]
    assert use.lines[-1] == "not scored, as the model has no class for them: plane"
    assert str(use) == "taxonomy pets"


def test_without_a_taxonomy_scores_are_as_they_are():
    assert record_taxonomies({"AP": 0.5}, []) == {"AP": 0.5}
