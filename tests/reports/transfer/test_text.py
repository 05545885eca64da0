"""What a transfer says in a terminal: every table, what is excluded, and what the brackets mean."""

import pytest

from maskwright.reports.transfer.text import interval_note, transfer_lines
from tests.reports.transferred import numbers


@pytest.mark.parametrize("on_cityscapes", [False, True])
def test_every_model_and_every_class_that_was_left_out_is_named(on_cityscapes: bool):
    content = numbers(on_cityscapes=on_cityscapes)
    text = "\n".join(transfer_lines(content))
    for name, target in content["targets"].items():
        assert f"to {name} (" in text
        for model in target["models"]:
            assert f"{model} on the source and on {name}" in text
        for missing, why in target["left_out"].items():
            assert f"not compared: {missing}: {why}" in text


def test_letters_that_would_steer_a_terminal_are_not_printed():
    content = numbers()
    content["targets"]["fog\x1b[2J"] = content["targets"].pop("fog")
    assert not any("\x1b" in line for line in transfer_lines(content))


def test_the_brackets_are_explained_or_said_to_be_missing():
    content = numbers()
    bootstrap = content["bootstrap"]
    note = interval_note(content)
    assert f"{bootstrap['level']:.0%}" in note
    assert f"{bootstrap['samples']} samples" in note
    assert interval_note({**content, "bootstrap": {**bootstrap, "samples": 0}}) == "No intervals were computed."
