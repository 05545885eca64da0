"""Which targets count as Cityscapes."""

from pathlib import Path
from typing import Any

import pytest

from maskwright.annotations.taxonomy.loading import read_taxonomy
from maskwright.errors import UsageError
from maskwright.files import write_json
from maskwright.recipes.transfer import Target
from maskwright.transfers.cityscapes_target import cityscapes_evidence

EIGHT = ("person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")
COCO = tuple(read_taxonomy("coco-to-cityscapes").sources)


def told(folder: Path, names: tuple[str, ...], **more: Any) -> str | None:
    """The evidence that a COCO file of the classes ``names`` is Cityscapes."""
    categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    write_json(folder / "there.json", {"images": [], "annotations": [], "categories": categories})
    return cityscapes_evidence(Target(images="pictures", annotations="there.json", **more), folder)


@pytest.mark.parametrize(
    "names", [EIGHT, EIGHT[::-1], ("caravan", *EIGHT, "trailer"), ("rider ", *EIGHT[2:], "person")]
)
def test_a_file_with_all_eight_classes_is(tmp_path: Path, names: tuple[str, ...]):
    assert "there.json" in (told(tmp_path, names) or "")


@pytest.mark.parametrize("left_out", EIGHT)
def test_a_file_that_lacks_one_of_them_is_not(tmp_path: Path, left_out: str):
    assert told(tmp_path, tuple(name for name in EIGHT if name != left_out)) is None


def test_cocos_classes_are_not_though_seven_of_the_eight_are_among_them(tmp_path: Path):
    assert len(COCO) == 80
    assert len(set(COCO) & set(EIGHT)) == 7
    assert told(tmp_path, COCO) is None
    assert told(tmp_path, COCO, taxonomy="cityscapes-to-coco") is None


def test_a_file_that_the_taxonomy_leads_to_the_eight_is(tmp_path: Path):
    assert "coco-to-cityscapes" in (told(tmp_path, EIGHT[2:], taxonomy="coco-to-cityscapes") or "")
    own = tmp_path / "own.yaml"
    own.write_text("classes: {vehicle: [car, truck], person: [person]}\n", encoding="utf-8")
    assert told(tmp_path, ("vehicle", "person"), taxonomy=str(own)) is None
    with pytest.raises(UsageError, match="Shipped"):
        told(tmp_path, EIGHT[2:], taxonomy="coco-to-cityscape")


@pytest.mark.parametrize(
    ("section", "known"),
    [({"cityscapes": "anywhere"}, True), ({"streets": {"images": 1}}, False), ({"shapes": {"images": 1}}, False)],
)
def test_the_layout_is_and_built_in_images_are_not(section: dict[str, Any], known: bool, tmp_path: Path):
    target = Target.model_validate({**section, "taxonomy": "coco-to-cityscapes", "rider": "absent"})
    assert (cityscapes_evidence(target, tmp_path) is not None) == known
