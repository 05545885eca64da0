"""Heads keep the rows of a class by its name, whatever its number was and is."""

import pytest
import torch
from torch import nn

from maskwright.models import catalogue
from maskwright.models.weights.head_transfer import ClassRows, class_rows
from maskwright.models.weights.loading import load_matching
from tests.models.detectron2.conftest import HEADS, TINY
from tests.models.transformers.small_queries import EOMT, SMALL

BEFORE, NOW = ["person", "bus", "car", "dog"], ["car", "cat", "person"]
MODELS = {
    "residual_attention_unet": {"widths": [4, 8], "bottleneck": 8},
    "lraspp_mobilenet_v3_small": {},
    "mask_rcnn_small": {"pyramid_channels": 8, "box_features": 8, "mask_channels": [8]},
    "detectron2_mask_rcnn_resnet50_fpn": TINY | HEADS["mask_rcnn"],
    "detectron2_point_rend_resnet50_fpn": TINY | HEADS["point_rend"],
    "point_rend_small": {"pyramid_channels": 8, "box_features": 8, **HEADS["point_rend"]},
    "deeplabv3_point_rend_mobilenet_v3_small": {"point_features": 8},
}
QUERY_MODELS = {"mask2former_tiny_semantic": SMALL, "eomt_tiny_semantic": EOMT, "eomt_tiny": EOMT}
# Tensors with a part for each class: of one class so many rows and columns. Another implementation would have others.
PARTS = {
    "detectron2_mask_rcnn_resnet50_fpn": {"cls_score": (1, 0), "bbox_pred": (4, 0), "mask_head.predictor": (1, 0)},
    "detectron2_point_rend_resnet50_fpn": {
        "cls_score": (1, 0), "bbox_pred": (4, 0), "coarse_head.prediction": (49, 0),
        "point_head.fc1": (0, 1), "point_head.fc2": (0, 1), "point_head.fc3": (0, 1), "point_head.predictor": (1, 1),
    },
}  # fmt: skip


def loaded(name: str, before: list[str] = BEFORE, now: list[str] = NOW) -> tuple[nn.Module, nn.Module, ClassRows, dict]:
    entry, options = catalogue.find_model(name), MODELS[name]
    old, new = (catalogue.create_model(name, len(classes), options) for classes in (before, now))
    fresh = {key: value.clone() for key, value in new.state_dict().items()}
    rows = class_rows(
        new,
        lambda k: catalogue.create_model(name, k, options),
        before,
        now,
        entry.background_first,
        entry.no_object_last,
    )
    coverage = load_matching(new, old.state_dict(), "file", entry.renames, rows=rows)
    assert coverage.classes == [n for n in now if n in before]
    return old, new, rows, fresh


@pytest.mark.parametrize("name", MODELS)
def test_the_rows_of_classes_of_one_name_are_equal_and_others_are_left(name: str):
    old, new, rows, fresh = loaded(name)
    assert rows.sizes
    then, today = old.state_dict(), new.state_dict()
    background_last = name.startswith("detectron2")
    for key, (size, columns) in rows.sizes.items():
        if columns:
            continue
        with_background = today[key].shape[0] == size * 4
        first = int(with_background and not background_last)

        def of(state, place, key=key, size=size, first=first):
            return state[key][(place + first) * size : (place + first + 1) * size]

        assert torch.equal(of(today, 0), of(then, 2))  # car
        assert torch.equal(of(today, 2), of(then, 0))  # person
        assert torch.equal(of(today, 1), of(fresh, 1))  # cat
        if with_background:
            places = (3, 4) if background_last else (-1, -1)
            assert torch.equal(of(today, places[0]), of(then, places[1]))


@pytest.mark.parametrize("name", ["residual_attention_unet", "mask_rcnn_small"])
def test_as_many_classes_of_other_names_do_not_slip_into_their_places(name: str):
    old, new, rows, fresh = loaded(name, ["disc", "ring"], ["ring", "star"])
    then, today = old.state_dict(), new.state_dict()
    for key, (size, _) in rows.sizes.items():
        first = int(today[key].shape[0] == size * 3)
        ring, star = ((place + first) * size for place in (0, 1))
        assert torch.equal(today[key][ring : ring + size], then[key][star : star + size])
        assert torch.equal(today[key][star : star + size], fresh[key][star : star + size])


def test_finding_the_rows_draws_no_random_number():
    module = nn.Linear(3, 5)
    state = torch.random.get_rng_state()
    rows = class_rows(module, lambda k: nn.Linear(3, k + 1), ["a"], ["a", "b", "c", "d"])
    assert torch.equal(torch.random.get_rng_state(), state)
    assert rows.sizes == {"weight": (1, 0), "bias": (1, 0)}


def test_a_head_of_another_build_is_left_as_it_is():
    rows = ClassRows(("a",), ("a", "b"), {"weight": (1, 0)})
    assert rows.carried("weight", torch.zeros(2, 9), torch.ones(3, 4)) is None
    assert rows.carried("weight", torch.zeros(2, 4, 1, 1), torch.ones(3, 4)) is None
    assert rows.carried("weight", torch.zeros(4, 4), torch.ones(3, 4)) is None
    assert rows.carried("weight", torch.zeros(2, 4), torch.ones(3, 4)) is not None


@pytest.mark.parametrize("name", PARTS)
def test_every_tensor_with_a_part_for_each_class_is_known(name: str):
    _, _, rows, _ = loaded(name)
    found = {key.removesuffix(".weight"): size for key, size in rows.sizes.items() if key.endswith(".weight")}
    assert found == {next(key for key in found if key.endswith(part)): size for part, size in PARTS[name].items()}


@pytest.mark.parametrize("first", [3, 1])  # of a head that sees features alone, and of one that sees the background too
def test_a_point_head_sees_the_coarse_logits_of_each_class_where_they_now_are(first: int):
    old, fresh = torch.arange(2 * (first + 4)).reshape(2, -1, 1).float(), -torch.ones(2, first + 3, 1)
    rows = ClassRows(tuple(BEFORE), tuple(NOW), {"fc1.weight": (0, 1)})
    found = rows.carried("fc1.weight", old, fresh)
    assert found is not None
    assert torch.equal(found[:, :first], old[:, :first])  # the features
    assert torch.equal(found[:, first:], torch.stack([old[:, first + 2], fresh[:, 0], old[:, first]], dim=1))


def by_class(found: dict[str, torch.Tensor], names: list[str]) -> dict[str, list[torch.Tensor]]:
    """Return boxes, scores and masks of each class, best first."""
    return {
        name: [found[key][found["labels"] == number] for key in ("boxes", "scores", "masks")]
        for number, name in enumerate(names, start=1)
    }


@pytest.mark.parametrize("name", [name for name in MODELS if catalogue.find_model(name).task == "instance"])
def test_a_detector_finds_the_same_when_its_classes_change_their_places_alone(name: str, monkeypatch):
    monkeypatch.setitem(
        MODELS, name, MODELS[name] | {"score_threshold": 0.0, "short_side": 64, "longest": 96, "detections": 9}
    )
    torch.manual_seed(0)
    before, now = ["person", "bus", "car"], ["car", "person", "bus"]
    old, new, _, _ = loaded(name, before, now)
    with torch.inference_mode():
        picture = torch.rand(3, 64, 80)
        then, today = (by_class(m.eval()([picture])[0], n) for m, n in ((old, before), (new, now)))
    assert any(len(scores) for _, scores, _ in then.values())
    for each in before:
        for one, other in zip(then[each], today[each], strict=True):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in MODELS if catalogue.find_model(name).task == "semantic"])
def test_a_segmenter_draws_the_same_when_its_classes_change_their_places_alone(name: str):
    torch.manual_seed(0)
    old, new, _, _ = loaded(name, ["person", "bus", "car"], ["car", "person", "bus"])
    with torch.inference_mode():
        picture = torch.rand(1, 3, 32, 32)
        then, today = (m.eval()(picture)["logits"] for m in (old, new))
    torch.testing.assert_close(today, then[:, [0, 3, 1, 2]], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", QUERY_MODELS)
def test_no_object_stays_the_last_class_of_a_query_model(name: str, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("transformers")
    monkeypatch.setitem(MODELS, name, QUERY_MODELS[name])
    torch.manual_seed(0)
    old, new, _, fresh = loaded(name)
    then, today = (model.network.class_predictor.weight for model in (old, new))
    first = int(name.endswith("_semantic"))
    expected = {first: then[first + 2], first + 2: then[first], first + 3: then[first + 4]}  # car, person, no object
    for row, weights in (expected | ({0: then[0]} if first else {})).items():
        assert torch.equal(today[row], weights), row
    assert torch.equal(today[first + 1], fresh["network.class_predictor.weight"][first + 1])  # cat
    assert new.network.criterion.empty_weight.tolist() == pytest.approx([1.0] * (first + 3) + [0.1])


@pytest.mark.parametrize("no_object", [0, 1])
def test_a_head_without_a_background_fills_the_classes_of_one_with_a_background(no_object: int):
    rows = ClassRows(("person", "car"), ("car", "cat"), {"weight": (1, 0)}, no_object_last=bool(no_object))
    old, fresh = torch.arange(4.0 + 2 * no_object).reshape(-1, 2), -torch.ones(3 + no_object, 2)
    found = rows.carried("weight", old, fresh)
    assert found is not None
    assert found.tolist() == [[-1, -1], [2, 3], [-1, -1], *([[4, 5]] if no_object else [])]


def test_of_a_file_that_names_no_classes_nothing_is_carried_by_name():
    rows = ClassRows(None, ("a", "b"), {"weight": (1, 0)})
    assert rows.shared == []
