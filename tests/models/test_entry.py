"""Options and published weights of a catalogue entry."""

import hashlib
from functools import partial
from pathlib import Path

from torch import nn

from maskwright.models.entry import PublishedWeights, imagenet, keyword_options, published_file, split_options
from maskwright.models.weights.download import Hash


def build(classes: int, *, backbone: str, width: int = 3, depth: int = 2) -> nn.Module:
    raise NotImplementedError


def test_the_options_are_the_keywords_without_what_names_the_model() -> None:
    assert keyword_options(build) == ("backbone", "depth", "width")
    assert keyword_options(partial(build, backbone="resnet18")) == ("depth", "width")


def test_a_preset_value_stays_an_option() -> None:
    assert keyword_options(partial(build, backbone="resnet18", width=5)) == ("depth", "width")


def part(channels: int, *, points: int = 1, depth: int = 3) -> nn.Module:
    raise NotImplementedError


def test_the_options_of_several_are_their_union() -> None:
    assert keyword_options(partial(build, backbone="resnet18"), part) == ("depth", "points", "width")


def test_options_are_split_into_those_of_a_part_and_the_rest() -> None:
    assert split_options(part, {"points": 2, "width": 5}) == ({"points": 2}, {"width": 5})
    assert split_options(part, {}) == ({}, {})


def test_imagenet_weights_say_where_they_lie() -> None:
    assert imagenet("mobilenet_v2")["imagenet"].address.startswith("https://")


def test_imagenet_weights_have_a_hash_and_no_heads() -> None:
    found = imagenet("mobilenet_v2")["imagenet"]
    assert found.hash == Hash("sha256", found.address.partition("-")[2].removesuffix(".pth"))
    assert found.classes is None


def test_a_published_file_is_known_by_its_hash_of_either_kind(tmp_path: Path) -> None:
    path = tmp_path / "renamed"
    path.write_bytes(b"weights")
    sha, md5 = hashlib.sha256(b"weights").hexdigest()[:8], hashlib.md5(b"weights").hexdigest()[:6]
    known = [
        PublishedWeights(dict, "nobody knows", hash=None),
        PublishedWeights(dict, "of another", hash=Hash("sha256", sha[::-1])),
        PublishedWeights(dict, "by MD5", hash=Hash("md5", md5)),
        PublishedWeights(dict, "by SHA-256", hash=Hash("sha256", sha)),
    ]
    for these, expected in ((known, "by MD5"), (known[:2] + known[3:], "by SHA-256")):
        found = published_file(path, these)
        assert found is not None
        assert found.address == expected
    assert published_file(path, known[:2]) is None
