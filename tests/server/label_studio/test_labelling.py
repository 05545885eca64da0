"""Labelling interfaces: the tags that take masks, and what is refused."""

import pytest

from maskwright.server.label_studio.labelling import parse_labelling
from maskwright.server.refusal import Refusal

BOTH = """<View>
  <!-- two tags for masks -->
  <Image name="img" value="$photo" zoom="true"/>
  <BrushLabels name="brush" toName="img"><Label value="disc" background="red"/><Label value=" square "/></BrushLabels>
  <PolygonLabels name="poly" toName="img"><Label value="disc"/></PolygonLabels>
  <RectangleLabels name="box" toName="img"><Label value="disc"/></RectangleLabels>
</View>"""


def test_tags_for_masks_are_found_with_their_labels() -> None:
    found = parse_labelling(BOTH)
    assert found.key == "photo"
    assert found.brush is not None
    assert (found.brush.name, found.brush.to_name) == ("brush", "img")
    assert found.brush.labels == {"disc": "disc", "square": " square "}
    assert found.polygon is not None
    assert found.polygon.labels == {"disc": "disc"}


def test_a_polygon_of_another_image_is_left_out() -> None:
    text = BOTH.replace('name="poly" toName="img"', 'name="poly" toName="other"').replace(
        "</View>", '<Image name="other" value="$b"/></View>'
    )
    assert parse_labelling(text).polygon is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "missing"),
        (7, "missing"),
        ("<View>", "no XML"),
        ("<View/>", "no BrushLabels or PolygonLabels"),
        ('<View><BrushLabels name="b" toName="img"/></View>', "of an Image"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>', "declares entities"),
        ("<View>" + " " * 1_000_001, "too long"),
        ("\x00", "no XML"),
    ],
)
def test_interfaces_without_masks_are_refused(text: object, said: str) -> None:
    with pytest.raises(Refusal, match=said) as refused:
        parse_labelling(text)
    assert refused.value.status == 422
