"""The line to type after an error is the one that was typed, mended in one place."""

import pytest

from maskwright.cli.terminal.next_command import next_line
from maskwright.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "replaced", "added", "line"),
    [
        ("check lables.json --quiet", {"lables.json": "labels.json"}, (), "maskwright check labels.json --quiet"),
        ("check ./sets/ --quiet", {"sets": "parts"}, (), "maskwright check parts --quiet"),
        ("masks a.json --classes=cat,dgo", {"dgo": "dog"}, (), "maskwright masks a.json --classes=cat,dog"),
        ("masks a.json --classes cat dgo", {"dgo": "dog"}, (), "maskwright masks a.json --classes cat dog"),
        ("run a --set classes=[cat,dgo]", {"dgo": "dog"}, (), "maskwright run a --set 'classes=[cat,dog]'"),
        ("run a device=cuda", {"cuda": "auto"}, ("--set", "b=1"), "maskwright run a device=auto"),
        ("run a", {"cuda": "auto"}, ("--set", "b=auto"), "maskwright run a --set b=auto"),
        ("run a --set c=1", {}, ("--set", "b=auto"), "maskwright run a --set c=1 --set b=auto"),
        ("run a --out b --quiet", {}, ("--out", "b-2"), "maskwright run a --quiet --out b-2"),
        ("run a --out=b", {}, ("--out", "b-2"), "maskwright run a --out b-2"),
        ("run a", {}, ("--resume",), "maskwright run a --resume"),
        ("train a", {}, ("--images", "my photos"), "maskwright train a --images 'my photos'"),
    ],
)
def test_a_word_is_mended_or_an_option_added(
    typed: str, replaced: dict[str, str], added: tuple[str, ...], line: str
) -> None:
    error = UsageError("a").try_next(replaced=replaced, added=added)
    assert next_line(error, typed.split()) == line


def test_another_command_is_told_whole() -> None:
    assert (
        next_line(UsageError("a").try_next("check", "my labels.json"), ["run"]) == "maskwright check 'my labels.json'"
    )


@pytest.mark.parametrize(
    "error",
    [UsageError("a"), UsageError("a").try_next(replaced={"b": "c"}), UsageError("a").try_next(added=["--resume"])],
)
def test_nothing_is_told_that_would_be_the_same_command(error: UsageError) -> None:
    assert next_line(error, ["run", "a", "--resume"]) is None
