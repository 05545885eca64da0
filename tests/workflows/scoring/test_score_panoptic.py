import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vernier import panoptic

from maskwright.errors import DataError, UsageError
from maskwright.progress import Reporter
from maskwright.reports.score_text import panoptic_lines
from maskwright.workflows.scoring.score_panoptic import score_panoptic
from tests.evaluation.invented_panoptic import (
    InventedMap,
    InventedSet,
    invented_set,
    panopticapi_scores,
    write_png,
    write_set,
)

QUIET = Reporter(quiet=True)
CATEGORIES = [{"id": 7, "name": "road", "isthing": 0}, {"id": 26, "name": "car", "isthing": 1}]
IDS = np.array([[1, 1, 1, 0], [1, 1, 2, 2], [1, 1, 2, 2]])
SEGMENTS = [{"id": 1, "category_id": 7, "area": 7, "iscrowd": 0}, {"id": 2, "category_id": 26, "area": 4, "iscrowd": 0}]


def a_set() -> InventedSet:
    """One image that is predicted as it is."""
    maps = [InventedMap(IDS.copy(), [dict(each) for each in SEGMENTS]) for _ in range(2)]
    return InventedSet(maps[:1], maps[1:], CATEGORIES)


def assert_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for key in ("PQ", "SQ", "RQ"):
        value = expected[key]
        assert found[key] == (None if value is None else pytest.approx(value, abs=1e-12)), key


@pytest.mark.parametrize("block", range(10))
def test_scores_of_200_invented_sets_are_those_of_panopticapis_rule(tmp_path: Path, block: int):
    for seed in range(20 * block, 20 * block + 20):
        invented = invented_set(seed)
        scores = score_panoptic(*write_set(tmp_path / str(seed), invented), reporter=QUIET).scores
        expected = panopticapi_scores(invented)
        assert_equal(scores, expected)
        assert_equal(scores["things"], expected["things"])
        assert_equal(scores["stuff"], expected["stuff"])
        for name, row in expected["classes"].items():
            assert_equal(scores["classes"][name], row)
            counted = tuple(scores["classes"][name][key] for key in ("matched", "wrong", "missed"))
            assert counted == expected["counts"][name]


@pytest.mark.slow
def test_scores_of_200_invented_sets_are_verniers(tmp_path: Path):
    compared = whole = 0
    for seed in range(300):
        invented = invented_set(seed)
        # Of several crowds of a class on an image panopticapi takes the last, vernier another.
        if compared == 200 or any(several_crowds(each) for each in invented.truth):
            continue
        scores = score_panoptic(*write_set(tmp_path / str(seed), invented), reporter=QUIET).scores
        parts = {"": scores, "_things": scores["things"], "_stuff": scores["stuff"]}
        # vernier refuses a part of which no class has a segment.
        both = all(part["PQ"] is not None for part in parts.values())
        whole += both
        if scores["PQ"] is None:
            continue
        compared += 1
        theirs = vernier_scores(invented, both)
        for key in ("PQ", "SQ", "RQ"):
            for suffix, part in parts.items() if both else (("", scores),):
                assert part[key] == pytest.approx(getattr(theirs, key.lower() + suffix), abs=1e-12), (seed, suffix)
        named = {category["id"]: category["name"] for category in invented.categories}
        for number, row in theirs.per_class().items():
            mine = scores["classes"][named[number]]
            assert (mine["matched"], mine["wrong"], mine["missed"]) == (row.n_tp, row.n_fp, row.n_fn)
            if mine["PQ"] is not None:
                assert (mine["PQ"], mine["SQ"], mine["RQ"]) == pytest.approx((row.pq, row.sq, row.rq), abs=1e-12)
    assert compared == 200
    assert whole > 50


def several_crowds(found: InventedMap) -> bool:
    crowds = [segment["category_id"] for segment in found.segments if segment["iscrowd"]]
    return len(crowds) > len(set(crowds))


def vernier_scores(found: InventedSet, parts: bool) -> Any:
    """The scores by vernier, as panopticapi has them, with those of the ``parts`` things and stuff."""
    maps, segments = [], []
    for part in (found.truth, found.predictions):
        maps.append({number: each.ids.astype(np.uint32) for number, each in enumerate(part, start=1)})
        segments.append(json.dumps({str(number): each.segments for number, each in enumerate(part, start=1)}).encode())
    truth = panoptic.Dataset.from_arrays(maps[0], segments[0], json.dumps(found.categories).encode())
    predictions = panoptic.Predictions.from_arrays(maps[1], segments[1])
    return panoptic.Evaluator(parity_mode="strict", things_stuff_split=parts).evaluate(truth, predictions)


def test_intervals_stand_beside_the_scores(tmp_path: Path):
    truth, predictions = write_set(tmp_path, invented_set(3))
    scores = score_panoptic(truth, predictions, intervals=True, reporter=QUIET).scores
    assert scores["intervals"]["PQ"]["value"] == pytest.approx(scores["PQ"], abs=1e-12)
    assert scores["intervals"]["PQ"]["low"] <= scores["PQ"] <= scores["intervals"]["PQ"]["high"]
    assert any("95 % interval" in line for line in panoptic_lines(scores))


def test_the_invented_sets_have_what_the_rule_speaks_of():
    sets = [invented_set(seed) for seed in range(200)]
    maps = [each for invented in sets for each in invented.truth]
    assert sum((each.ids == 0).any() for each in maps) > 50
    assert sum(any(s["iscrowd"] for s in each.segments) for each in maps) > 50
    counts = np.concatenate([np.array(list(panopticapi_scores(each)["counts"].values())) for each in sets])
    assert (counts.sum(axis=0) > 100).all()


def test_the_number_of_threads_changes_nothing(tmp_path: Path):
    files = write_set(tmp_path, invented_set(3))
    one, four = (score_panoptic(*files, workers=workers, reporter=QUIET).scores for workers in (1, 4))
    assert one == four


def faulty(tmp_path: Path, change: Callable[[Path, dict[str, Any], dict[str, Any]], object]) -> tuple[Path, Path]:
    """The files of :func:`a_set` after ``change(folder, truth, predictions)`` of their content."""
    paths = write_set(tmp_path, a_set())
    contents = [json.loads(path.read_text()) for path in paths]
    change(tmp_path, *contents)
    for path, content in zip(paths, contents, strict=True):
        path.write_text(json.dumps(content))
    return paths


def _drop_png(part: str) -> Callable[..., object]:
    return lambda folder, *_: (folder / part / "1.png").unlink()


def _png(part: str, ids: Any) -> Callable[..., object]:
    return lambda folder, *_: write_png(folder / part / "1.png", np.asarray(ids))


def _infos(part: int, change: Callable[[list[dict[str, Any]]], object]) -> Callable[..., object]:
    return lambda _, *contents: change(contents[part]["annotations"][0]["segments_info"])


FAULTS: dict[str, tuple[Callable[..., object], str]] = {
    "a missing predicted PNG": (_drop_png("predictions"), r"1 unreadable_png.*predictions/1\.png: the file does not"),
    "a missing true PNG": (_drop_png("truth"), r"1 unreadable_png.*truth/1\.png: the file does not exist"),
    "a PNG that is none": (
        lambda folder, *_: (folder / "predictions" / "1.png").write_bytes(b"nothing"),
        r"predictions/1\.png: cannot be read as a panoptic PNG",
    ),
    "another size": (_png("predictions", IDS[:2]), r"wrong_size.*predictions/1\.png \(image 1\): is 4×2 pixels.*4×3"),
    "another size than stated": (
        lambda _, truth, __: truth["images"][0].update(height=9),
        r"wrong_size.*its record in images 4×9",
    ),
    "an id that the JSON lacks": (_infos(1, lambda infos: infos.pop()), r"id_not_in_json.*the segment 2 of 4 pixels"),
    "an id that the PNG lacks": (
        _infos(1, lambda infos: infos.append({"id": 3, "category_id": 7})),
        r"id_not_in_png.*segment 3 of category_id 7",
    ),
    "an id beyond 24 bits": (
        _infos(1, lambda infos: infos.append({"id": 2**40, "category_id": 7})),
        r"id_not_in_png.*segment 1099511627776",
    ),
    "one id twice": (_infos(1, lambda infos: infos.append(dict(infos[0]))), r"repeated_segment.*have the id 1"),
    "one id twice in the truth": (_infos(0, lambda infos: infos.append(dict(infos[0]))), r"repeated_segment.*truth"),
    "void as a segment": (
        _infos(1, lambda infos: infos.append({"id": 0, "category_id": 7})),
        r"void_segment.*a segment has the id 0",
    ),
    "an unknown class": (_infos(1, lambda infos: infos[0].update(category_id=8)), r"unknown_class.*has category_id 8"),
    "no prediction": (
        lambda _, __, found: found["annotations"][0].update(image_id=2, file_name="2.png"),
        r"missing_prediction.*has none of the image 1 \(1\.png\)",
    ),
    "one image twice": (
        lambda _, __, found: found["annotations"].append(found["annotations"][0]),
        r"repeated_image.*two records are of the image 1",
    ),
    "a record that is none": (
        lambda _, __, found: found["annotations"].append({"image_id": 2}),
        r"unreadable_record.*record 1",
    ),
    "a name outside the folder": (
        lambda _, __, found: found["annotations"][0].update(file_name="../truth/1.png"),
        r"unreadable_png.*lies outside",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_does_not_fit_together_is_named_with_a_remedy(tmp_path: Path, name: str):
    change, message = FAULTS[name]
    with pytest.raises(DataError, match=f"(?s){message}.*remedy: "):
        score_panoptic(*faulty(tmp_path, change), reporter=QUIET)


def test_all_faults_of_a_set_are_named_at_once(tmp_path: Path):
    def change(folder: Path, *contents: dict[str, Any]) -> None:
        _png("predictions", np.where(IDS == 2, 9, IDS))(folder)

    with pytest.raises(DataError, match=r"(?s)found 1 id_not_in_json, 1 id_not_in_png.*segment 9.*segment 2"):
        score_panoptic(*faulty(tmp_path, change), reporter=QUIET)


NOTES: dict[str, tuple[Callable[..., object], str, float]] = {
    "a true id that the JSON lacks": (_infos(0, lambda infos: infos.pop()), "neither a segment nor void", 0.5),
    "a true id that the PNG lacks": (
        _infos(0, lambda infos: infos.append({"id": 3, "category_id": 26})),
        "they count as missed",
        (1 + 1 / 1.5) / 2,
    ),
    "a larger area": (_infos(0, lambda infos: infos[1].update(area=6)), "states 6 and has 4 pixels", (1 + 4 / 6) / 2),
    "a boundless area": (_infos(0, lambda infos: infos[1].update(area=10**30)), "the larger of both counts", 0.5),
    "a smaller area": (_infos(0, lambda infos: infos[1].update(area=1)), "states 1 and has 4 pixels", 1.0),
    "no area": (_infos(0, lambda infos: infos[1].pop("area")), "", 1.0),
    "a predicted crowd": (_infos(1, lambda infos: infos[1].update(iscrowd=1)), "counts for nothing", 1.0),
    "a prediction without truth": (
        lambda _, __, found: found["annotations"].append({"image_id": 5, "file_name": "5.png", "segments_info": []}),
        "1 predictions are of images that the truth lacks",
        1.0,
    ),
    "an image without truth": (
        lambda _, truth, __: truth["images"].append({"id": 5, "file_name": "5.jpg", "height": 3, "width": 4}),
        "1 images of the truth have no segments_info",
        1.0,
    ),
    "classes of no kind": (lambda _, truth, __: [c.pop("isthing") for c in truth["categories"]], "no isthing", 1.0),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_is_unusual_is_counted_and_named_with_its_effect(tmp_path: Path, name: str):
    change, remark, quality = NOTES[name]
    summary = score_panoptic(*faulty(tmp_path, change), reporter=QUIET)
    assert summary.scores["PQ"] == pytest.approx(quality, abs=1e-12)
    assert any(remark in each for each in summary.remarks) or not remark


def test_of_several_crowds_of_a_class_the_last_excuses_predictions(tmp_path: Path):
    true = np.array([[1, 1, 2, 2, 3, 3]])
    found = np.array([[5, 5, 6, 6, 7, 7]])
    infos = [{"id": n, "category_id": 26, "iscrowd": int(n < 3)} for n in (1, 2, 3)]
    predicted = [{"id": n, "category_id": 26} for n in (5, 6, 7)]
    files = write_set(tmp_path, InventedSet([InventedMap(true, infos)], [InventedMap(found, predicted)], CATEGORIES))
    summary = score_panoptic(*files, reporter=QUIET)
    row = summary.scores["classes"]["car"]
    assert (row["matched"], row["wrong"], row["missed"]) == (1, 1, 0)
    assert any("several crowd regions" in remark and "2 of 'car'" in remark for remark in summary.remarks)


def test_predicted_classes_meet_by_name_where_the_file_names_them(tmp_path: Path):
    def change(_: Path, __: dict[str, Any], found: dict[str, Any]) -> None:
        found["categories"] = [{"id": 1, "name": "car"}, {"id": 2, "name": "road"}, {"id": 3, "name": "moon"}]
        for each in found["annotations"][0]["segments_info"]:
            each["category_id"] = {7: 2, 26: 1}[each["category_id"]]

    summary = score_panoptic(*faulty(tmp_path, change), reporter=QUIET)
    assert summary.scores["PQ"] == 1.0
    assert any("the classes moon are not in the truth" in remark for remark in summary.remarks)


def test_groups_are_scored_instead_of_classes_and_their_stuff_is_one_segment(tmp_path: Path):
    files = write_set(tmp_path, invented_set(5))
    names = [each["name"] for each in invented_set(5).categories]
    (tmp_path / "groups.yaml").write_text(
        f"stuff: [ground]\nground: {{classes: {json.dumps(names[:2])}}}\nmovers: {{classes: {json.dumps(names[2:])}}}\n"
    )
    scores = score_panoptic(*files, groups=tmp_path / "groups.yaml", reporter=QUIET).scores
    assert list(scores["classes"]) == ["ground", "movers"]
    ground = scores["classes"]["ground"]
    assert ground["thing"] is False
    assert ground["matched"] + ground["missed"] <= scores["images"]
    own = score_panoptic(files[0], files[0], groups=tmp_path / "groups.yaml", reporter=QUIET).scores
    assert own["PQ"] == 1.0


def test_files_of_another_kind_are_refused(tmp_path: Path):
    truth, _ = write_set(tmp_path, a_set())
    other = tmp_path / "instances.json"
    other.write_text(json.dumps({"images": [], "annotations": [{"id": 1, "image_id": 1, "category_id": 1}]}))
    with pytest.raises(DataError, match="none of its 1 annotations is a panoptic record"):
        score_panoptic(truth, other, reporter=QUIET)
    with pytest.raises(UsageError, match="does not exist"):
        score_panoptic(truth, tmp_path / "nothing.json", reporter=QUIET)
    with pytest.raises(UsageError, match="PNG"):
        score_panoptic(truth, truth, prediction_folder=tmp_path / "nothing", reporter=QUIET)


def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path):
    rng = np.random.default_rng(0)
    ids = np.kron(rng.integers(0, 9, (20, 20)), np.ones((25, 25), int))
    infos = [{"id": number, "category_id": 26} for number in range(1, 9)]
    peaks = []
    for count in (4, 32):
        maps = [InventedMap(ids, infos)] * count
        truth, _ = write_set(tmp_path / str(count), InventedSet(maps, [], CATEGORIES))
        tracemalloc.start()
        score_panoptic(truth, truth, workers=1, reporter=QUIET)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] + 100_000
