"""Bounded YAML: bombs of a few hundred bytes are refused at once, and every fault is a ``YAMLError``."""

import time

import pytest
import yaml

from maskwright.bounded_yaml import BoundedLoader

LEVELS = "".join(f"b{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 9)}]\n" for i in range(1, 12))
MERGES = "".join(f"m{i}: &m{i}\n  <<: [{', '.join([f'*m{i - 1}'] * 9)}]\n" for i in range(1, 12))
BOMBS = {
    "lists of lists": "b0: &b0 [x]\n" + LEVELS,
    "merges": "m0: &m0 {a: 1, b: 2}\n" + MERGES,
    "a list that holds itself": "a: &a [*a]",
    "a mapping that holds itself": "a: &a {b: {c: *a}}",
    "depth": "[" * 5000,
    "many values": "[" + "1," * 60_000 + "]",
    "long text": "a: " + "x" * 1_100_000,
    "digits": "a: " + "9" * 5000,
    "hexadecimal digits": "a: 0x" + "f" * 5000,
    "sixties": "a: 1" + ":59" * 5000,
    "decimals": "a: 1." + "5" * 5000,
}
MISFITS = ["2001-99-99", "!!int ''", "!!bool maybe", "!!timestamp x", "!!float x", "!!binary 'é'", "? [a, b]\n: 1"]


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name: str):
    started = time.process_time()
    with pytest.raises(yaml.YAMLError):
        yaml.load(BOMBS[name], BoundedLoader)
    assert time.process_time() - started < 8


@pytest.mark.parametrize("text", MISFITS)
def test_a_value_that_does_not_fit_its_tag_is_a_fault_of_the_yaml(text: str):
    with pytest.raises(yaml.YAMLError):
        yaml.load(text, BoundedLoader)


def test_the_refusal_names_the_limit_and_the_option_that_raises_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MASKWRIGHT_LIMIT_YAML_NODES", "10")
    assert yaml.load("[1, 2, 3]", BoundedLoader) == [1, 2, 3]
    with pytest.raises(
        yaml.YAMLError, match=r"at most 10 are accepted; raise that with: maskwright --limit yaml-nodes"
    ):
        yaml.load("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", BoundedLoader)


def test_anchors_and_merges_of_usual_files_are_read_as_the_safe_loader_reads_them():
    text = "a: &a {x: 1, y: [1.5, no, 2001-02-03]}\nb: {<<: *a, z: *a}\nc: null\n"
    assert yaml.load(text, BoundedLoader) == yaml.safe_load(text)
    assert yaml.load("", BoundedLoader) is None
