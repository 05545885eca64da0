import pytest
import yaml

from maskwright.annotations.strict_yaml import StrictLoader


@pytest.mark.parametrize("text", ["a: 1\na: 2", "x: {b: 1, c: 2, b: 1}", "- {1: a, 1: a}"])
def test_a_key_that_occurs_twice_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match=r"occurs twice[\s\S]*line \d"):
        yaml.load(text, StrictLoader)


def test_other_documents_are_read_as_by_the_safe_reader() -> None:
    text = "a: {b: [1, 2.5, yes], c: null}\nd: {b: other}"
    assert yaml.load(text, StrictLoader) == yaml.safe_load(text)


def test_nothing_is_built_or_run() -> None:
    with pytest.raises(yaml.constructor.ConstructorError):
        yaml.load("!!python/object/apply:os.getcwd []", StrictLoader)
