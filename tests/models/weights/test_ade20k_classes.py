"""The classes of ADE20K stand where the benchmark has them."""

from maskwright.models.weights.ade20k_classes import ADE20K_CLASSES


def test_there_are_150_names_in_the_order_of_the_labels() -> None:
    assert len(set(ADE20K_CLASSES)) == len(ADE20K_CLASSES) == 150
    places = {0: "wall", 2: "sky", 12: "person", 20: "car", 66: "flower", 80: "bus", 127: "bicycle", 149: "flag"}
    assert {place: ADE20K_CLASSES[place] for place in places} == places
