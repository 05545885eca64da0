from maskwright.structures import Instances, ResultRecord, TruthRecord, as_json, with_masks, without_boxes


def test_records_have_the_keys_of_their_type():
    one = Instances.from_coco(
        [{"image_id": 1, "category_id": 2, "bbox": [0, 0, 2, 3], "segmentation": {"size": [4, 5], "counts": b"01"}}],
        (4, 5),
    )
    assert set(one.to_coco(1, "a.jpg")[0]) == set(ResultRecord.__annotations__)
    assert set(one.to_coco(1, first_id=1)[0]) == set(TruthRecord.__annotations__) - {"ignore"}


def test_plain_dictionaries_are_the_records_themselves():
    records = Instances.empty((4, 5)).to_coco(1)
    assert as_json(records) == []
    record: ResultRecord = {"image_id": 1, "category_id": 2, "score": 0.5, "bbox": [0, 0, 1, 1], "segmentation": {}}
    assert as_json([record])[0] is record


def test_records_without_a_mask_are_left_out_and_boxes_taken_off_without_changing_the_records():
    one: ResultRecord = {"image_id": 1, "category_id": 2, "score": 0.5, "bbox": [0, 0, 1, 1], "segmentation": {}}
    bare: ResultRecord = {"image_id": 1, "category_id": 2, "score": 0.5, "bbox": [0, 0, 1, 1]}  # type: ignore[typeddict-item]
    assert with_masks([bare, one]) == [one]
    assert without_boxes([one]) == [{"image_id": 1, "category_id": 2, "score": 0.5, "segmentation": {}}]
    assert one["bbox"] == [0, 0, 1, 1]
