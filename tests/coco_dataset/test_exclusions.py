from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import Audit
from maskwright.coco_dataset.exclusions import Exclusions
from tests.conftest import CocoFactory


def test_what_a_choice_excludes_is_added_to_what_was_excluded_before(coco: CocoFactory) -> None:
    file = read_coco(coco({}, {}, images=[{}, {}]))
    before = Exclusions(Audit("labels.json", 2, 0), {"missing_image": ["3.png"]})
    before.audit.skip("missing_image", 2)
    after = before.with_choice(file, {"other_class": 3}, {"image_beyond_max_images": [2]})
    assert after.excluded == {"missing_image": ["3.png"], "image_beyond_max_images": ["2.png"]}
    assert (after.audit.found, dict(after.audit.skipped)) == (5, {"missing_image": 2, "other_class": 3})
    assert (before.audit.found, before.excluded) == (2, {"missing_image": ["3.png"]}), "as it was"


def test_the_audit_covers_what_is_excluded_and_what_is_drawn(coco: CocoFactory) -> None:
    before = Exclusions(Audit("labels.json", 1))
    before.audit.skip("missing_image")
    audit = before.audit_with(read_coco(coco({}, {"segmentation": []})))
    assert (audit.found, audit.used) == (3, 1)
    assert dict(audit.skipped) == {"missing_image": 1, "empty_segmentation": 1}
    assert audit.adds_up


def test_exclusions_of_two_data_sets_add_up_and_name_both_files() -> None:
    first, second = (Exclusions(Audit(name, 1), {"image_size": [f"{name}.png"]}) for name in "ab")
    both = first.joined(second)
    assert (both.audit.source, both.audit.found) == ("a + b", 2)
    assert both.excluded == {"image_size": ["a.png", "b.png"]}
    assert first.joined(first).audit.source == "a"
