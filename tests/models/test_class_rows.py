"""Heads keep what they know of a class by its name, whatever its number was and is."""

import pytest
import torch
from torch import nn

from maskwright.models import catalogue
from maskwright.models.class_rows import ClassRows, class_rows
from maskwright.models.weights import load_matching

BEFORE, NOW = ["person", "bus", "car", "dog"], ["car", "cat", "person"]
MODELS = {
    "residual_attention_unet": {"widths": [4, 8], "bottleneck": 8},
    "lraspp_mobilenet_v3_small": {},
    "mask_rcnn:resnet18": {"pyramid_channels": 8, "box_features": 8, "mask_channels": [8]},
    "detectron2_mask_rcnn_resnet50_fpn": {},
}


def loaded(name: str, before: list[str] = BEFORE, now: list[str] = NOW) -> tuple[nn.Module, nn.Module, ClassRows, dict]:
    entry, options = catalogue.find(name), MODELS[name]
    old, new = (catalogue.build(name, len(classes), options) for classes in (before, now))
    fresh = {key: value.clone() for key, value in new.state_dict().items()}
    rows = class_rows(new, lambda k: catalogue.build(name, k, options), before, now, entry.background_first)
    coverage = load_matching(new, old.state_dict(), "file", entry.renames, rows=rows)
    assert coverage.classes == [n for n in now if n in before]
    return old, new, rows, fresh


@pytest.mark.parametrize("name", MODELS)
def test_the_rows_of_classes_of_one_name_are_equal_and_others_are_left(name: str):
    old, new, rows, fresh = loaded(name)
    assert rows.rows
    then, today = old.state_dict(), new.state_dict()
    background_last = name.startswith("detectron2")
    for key, size in rows.rows.items():
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


@pytest.mark.parametrize("name", ["residual_attention_unet", "mask_rcnn:resnet18"])
def test_as_many_classes_of_other_names_do_not_slip_into_their_places(name: str):
    old, new, rows, fresh = loaded(name, ["disc", "ring"], ["ring", "star"])
    then, today = old.state_dict(), new.state_dict()
    for key, size in rows.rows.items():
        first = int(today[key].shape[0] == size * 3)
        ring, star = ((place + first) * size for place in (0, 1))
        assert torch.equal(today[key][ring : ring + size], then[key][star : star + size])
        assert torch.equal(today[key][star : star + size], fresh[key][star : star + size])


def test_finding_the_rows_draws_no_random_number():
    module = nn.Linear(3, 5)
    state = torch.random.get_rng_state()
    rows = class_rows(module, lambda k: nn.Linear(3, k + 1), ["a"], ["a", "b", "c", "d"])
    assert torch.equal(torch.random.get_rng_state(), state)
    assert rows.rows == {"weight": 1, "bias": 1}


def test_a_head_of_another_build_is_left_as_it_is():
    rows = ClassRows(("a",), ("a", "b"), {"weight": 1})
    assert rows.carried("weight", torch.zeros(2, 9), torch.ones(3, 4)) is None
