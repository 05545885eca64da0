import pytest

from maskwright.reports.run import provenance


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.25, "4.2 s"), (59.96, "60.0 s"), (80, "1 min 20 s"), (3725, "1 h 02 min"), (90000, "25 h 00 min"), (None, "–")],
)
def test_durations_read_as_people_say_them(seconds, text):
    assert provenance.duration(seconds) == text


def test_settings_of_a_card_that_says_little_are_dashes_not_inventions():
    found = dict(provenance.settings({}))
    assert found == {
        "model": "–, – parameters",
        "starting weights": "none recorded",
        "seed": "–",
        "hardware": "–",
    }


def test_random_weights_are_told_from_weights_that_were_not_recorded():
    assert dict(provenance.settings({"weights": None}))["starting weights"] == "random (no pretrained weights)"


def test_settings_of_a_full_card():
    card = {
        "seed": 0,
        "model": {"name": "unet", "parameters": 1234567},
        "weights": {"source": "COCO", "loaded": 300, "skipped": 2, "reshaped": 1},
        "hardware": {"device": "cpu", "processor": "x", "cores": 2, "memory_gib": 7.9},
        "seconds": {"train": 61},
    }
    assert dict(provenance.settings(card)) == {
        "model": "unet, 1,234,567 parameters",
        "starting weights": "COCO (tensors: 300 loaded, 2 skipped, 1 reshaped)",
        "seed": "0",
        "hardware": "cpu, x, 2 cores, 8 GiB memory",
        "time: train": "1 min 01 s",
    }


def test_versions_are_sorted_and_data_files_named():
    assert provenance.package_versions({"versions": {"torch": "2", "numpy": "1"}}) == [("numpy", "1"), ("torch", "2")]
    assert provenance.data_files({"data": {"train": {"annotations": "a.json"}}}) == [("train", "a.json", "–")]


def test_scores_say_where_they_are_from_as_far_as_it_is_not_the_recipe():
    assert provenance.origin({"mIoU": 0.5}) == []
    by = {"name": "coco-to-voc", "rider": None, "lines": ["one", "two"]}
    assert provenance.origin({"data": {"annotations": "a.json", "images": 1200}, "taxonomies": [by]}) == [
        ("data", "a.json, 1,200 images"),
        ("taxonomy", "coco-to-voc"),
        ("rule for riders", "none"),
        ("what is compared", "one; two"),
    ]


def test_the_classes_of_scores_are_named_where_they_are_not_the_run_s():
    table = [{"index": 1, "name": "pet", "color": [1, 2, 3]}]
    assert provenance.other_classes({"class_table": table}).names == ["pet"]
    assert len(provenance.other_classes({})) == 0


def test_licences_of_weights_and_data_are_named_and_those_of_the_code_are_not():
    materials = [
        {"part": "code", "name": "timm", "licence": "Apache-2.0", "terms": "open"},
        {"part": "backbone", "name": "imagenet", "licence": "CC BY-NC 4.0", "terms": "non-commercial"},
        {"part": "data", "name": "train: labels.json", "licence": None, "terms": None},
    ]
    found = [row for row in provenance.settings({"licences": materials}) if row[0].startswith("licence")]
    assert found == [
        ("licence of the backbone", "imagenet: CC BY-NC 4.0 (non-commercial)"),
        ("licence of the data", "train: labels.json: not stated"),
    ]
