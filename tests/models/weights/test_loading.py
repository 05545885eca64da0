"""Weights: read without running code, matched to a model by name and shape, and reported in full."""

import io
import os
import pickle
import random
import zipfile
from argparse import Namespace
from fractions import Fraction
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from maskwright.errors import MaskwrightError, UsageError, WeightsError
from maskwright.models.catalogue import create_model, load_weights
from maskwright.models.weights.head_transfer import class_rows
from maskwright.models.weights.loading import fetch_starting_weights, load_matching, read_weights

State = dict[str, torch.Tensor]
STATE: State = {
    "conv.weight": torch.tensor([[1.5, -0.0], [float("nan"), 1e-45]]),
    "norm.count": torch.tensor(7),
    "half": torch.arange(3, dtype=torch.float16),
}


class Code:
    """A value whose pickle makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def cut() -> bytes:
    """Return the first half of a checkpoint in torch's old format."""
    whole = io.BytesIO()
    torch.save(STATE, whole, _use_new_zipfile_serialization=False)
    return whole.getvalue()[: whole.tell() // 2]


MKDIR = rf"{os.mkdir.__module__}\.mkdir"  # of posix or nt


def write(path: Path, state: object, zipped: bool = True) -> Path:
    if path.suffix == ".safetensors":
        assert isinstance(state, dict)
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=zipped)
    return path


def assert_same_bits(ours: State, theirs: State) -> None:
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        assert value.dtype == theirs[key].dtype
        assert value.numpy().tobytes() == theirs[key].numpy().tobytes()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt", ".bin"])
def test_a_file_gives_back_the_tensors_to_the_bit(suffix: str, tmp_path: Path) -> None:
    assert_same_bits(read_weights(write(tmp_path / f"weights{suffix}", STATE)), STATE)


@pytest.mark.parametrize("wrapper", ["state_dict", "model"])
def test_a_training_checkpoint_is_unwrapped(wrapper: str, tmp_path: Path) -> None:
    assert_same_bits(read_weights(write(tmp_path / "a.pth", {wrapper: STATE, "epoch": 3})), STATE)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin"])
def test_a_file_with_code_is_refused_and_the_code_does_not_run(suffix: str, zipped: bool, tmp_path: Path) -> None:
    made = tmp_path / "made by the code"
    path = write(tmp_path / f"evil{suffix}", {"weight": torch.ones(2), "extra": Code(made)}, zipped)
    with pytest.raises(WeightsError, match=rf"evil{suffix}: holds {MKDIR}; .*could run code when read") as caught:
        read_weights(path)
    assert "damaged" not in str(caught.value)
    assert not made.exists()
    torch.load(path, weights_only=False)  # the code is real
    assert made.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_code_in_a_bare_pickle_is_named_in_every_protocol(
    protocol: int, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps({"weight": Code(tmp_path / "made by the code")}, protocol))
    with pytest.raises(WeightsError, match=rf"evil\.pth: holds {MKDIR}; .*Nothing in the file was run"):
        read_weights(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["evil.pth"]
    assert recwarn.list == []  # torch warns of protocols that it then cannot read


@pytest.mark.parametrize("value", [Namespace(lr=0.1), Fraction(1, 2)])
def test_what_is_no_tensor_is_named_also_where_it_is_harmless(value: object, tmp_path: Path) -> None:
    path = write(tmp_path / "whole.pth", {"weight": torch.ones(2), "extra": value})
    kind = f"{type(value).__module__}.{type(value).__name__}"
    with pytest.raises(WeightsError, match=rf"holds {kind}; expected tensors alone"):
        read_weights(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>", pickle.dumps({"a": 1.0}, 4), cut()])
def test_damage_is_told_apart_from_code(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.pth: (is damaged|cannot be read as weights)\b.* \(.+\)") as caught:
        read_weights(tmp_path / "a.pth")
    assert "code" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_bare_pickle_with_code_is_refused_under_any_suffix(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"evil{suffix}"
    path.write_bytes(pickle.dumps(Code(tmp_path / "made by the code"), protocol=2))
    with pytest.raises(WeightsError):
        read_weights(path)
    assert not (tmp_path / "made by the code").exists()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_truncated_file_is_a_weights_error_wherever_it_ends(suffix: str, zipped: bool, tmp_path: Path) -> None:
    content = write(tmp_path / f"whole{suffix}", STATE, zipped).read_bytes()
    path = tmp_path / f"part{suffix}"
    for length in range(0, len(content) - 1, max(1, len(content) // 60)):
        path.write_bytes(content[:length])
        with pytest.raises(WeightsError, match=f"part{suffix}"):
            read_weights(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_bytes_never_raise_anything_else(zipped: bool, tmp_path: Path) -> None:
    content = write(tmp_path / "whole.pth", STATE, zipped).read_bytes()
    chance = random.Random(0)
    refused = 0
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(3):
            damaged[chance.randrange(500)] = chance.randrange(256)
        (tmp_path / "damaged.pth").write_bytes(damaged)
        try:
            read_weights(tmp_path / "damaged.pth")
        except MaskwrightError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>not found", b"version https://git-lfs.github.com/spec/v1\n"])
def test_what_a_failed_download_leaves_is_a_weights_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "page.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"page\.pth"):
        read_weights(tmp_path / "page.pth")


@pytest.mark.parametrize("value", [{"weight": torch.ones(2), "epoch": 3}, torch.ones(2), [torch.ones(2)]])
def test_anything_but_a_dictionary_of_tensors_is_refused(value: object, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="expected a dictionary of tensors"):
        read_weights(write(tmp_path / "other.pth", value))


def test_a_zip_that_is_no_checkpoint_is_a_weights_error(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.pth", "w") as archive:
        archive.writestr("a.txt", "hello")
    with pytest.raises(WeightsError, match=r"photos\.pth"):
        read_weights(tmp_path / "photos.pth")


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "mobilenet.pth", STATE)
    with pytest.raises(UsageError, match=r"Nearest .*: mobilenet\.pth"):
        read_weights(tmp_path / "mobilnet.pth")


class Net(nn.Module):
    """A backbone of 540 numbers with 40 of its norm, and a head of 11 per class."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(6, 10, 3, bias=False), nn.BatchNorm2d(10))
        self.head = nn.Conv2d(10, classes, 1)


def test_a_head_of_another_class_count_is_counted_as_reshaped_and_the_rest_is_loaded() -> None:
    source, target = Net(5), Net(3)
    head = target.head.weight.clone()
    coverage = load_matching(target, source.state_dict(), "file", [("", "")])
    assert (coverage.loaded, coverage.skipped, coverage.reshaped) == (5, 0, 2)
    assert coverage.share == pytest.approx(580 / (580 + 33))
    assert coverage.missing == ["head.bias", "head.weight"]
    assert torch.equal(target.body[0].weight, source.body[0].weight)
    assert torch.equal(target.head.weight, head)


def test_what_was_not_filled_is_named() -> None:
    coverage = load_matching(Net(3), Net(5).state_dict(), "file", [("", "")])
    assert str(coverage).endswith("94.6% of the target's parameters filled, 2 tensors not (head.bias, head.weight)")
    assert coverage.to_json()["left"] == ["head.bias", "head.weight"]


def test_tensors_without_a_place_are_counted_as_skipped() -> None:
    state = Net(3).state_dict() | {"classifier.weight": torch.ones(4), "classifier.bias": torch.ones(1)}
    coverage = load_matching(Net(3), state, "file", [("", "")])
    assert (coverage.loaded, coverage.skipped, coverage.reshaped, coverage.share) == (7, 2, 0, 1.0)


@pytest.mark.parametrize(
    ("classes", "heads", "told"),
    [
        (3, "by position", "the file does not name its classes: the heads are taken by position"),
        (5, "new", "the file does not name its classes, and has another number of them: the heads are new"),
    ],
)
def test_of_a_file_that_names_no_classes_it_is_said_what_became_of_the_heads(
    classes: int, heads: str, told: str
) -> None:
    target = Net(3)
    rows = class_rows(target, Net, None, ["a", "b", "c"])
    coverage = load_matching(target, Net(classes).state_dict(), "file", [("", "")], rows=rows)
    assert str(coverage).endswith(f"; {told}")
    assert (coverage.heads, coverage.classes, coverage.to_json()["heads"]) == (heads, None, heads)


def test_of_a_file_without_heads_nothing_is_said_of_them() -> None:
    target = Net(3)
    rows = class_rows(target, Net, None, ["a", "b", "c"])
    backbone = {f"body.{key}": value for key, value in Net(3).body.state_dict().items()}
    coverage = load_matching(target, backbone, "file", [("", "")], rows=rows)
    assert "heads" not in str(coverage)
    assert "heads" not in coverage.to_json()


def test_weights_that_fill_too_little_are_refused_and_nothing_is_loaded() -> None:
    target = Net(3)
    before = {key: value.clone() for key, value in target.state_dict().items()}
    state = {"head.weight": torch.ones(3, 10, 1, 1), "elsewhere": torch.ones(2)}
    with pytest.raises(WeightsError, match=r"weights file: 1 tensors loaded, 1 without a place.* at least 80%"):
        load_matching(target, state, "file", [("", "")])
    assert all(torch.equal(value, before[key]) for key, value in target.state_dict().items())


def test_the_way_of_reading_the_names_that_fills_most_is_taken() -> None:
    source, target = Net(3), nn.ModuleDict({"network": Net(3)})
    renames = [("", ""), ("head.", "network.head."), ("", "network.")]
    coverage = load_matching(target, source.state_dict(), "file", renames)
    assert coverage.share == 1
    assert torch.equal(target.get_submodule("network.head").weight, source.head.weight)


def test_the_share_is_measured_on_the_part_that_the_file_is_for() -> None:
    backbone = {f"features.{key}": value for key, value in Net(3).body.state_dict().items()}
    coverage = load_matching(Net(3), backbone, "file", [("", ""), ("features.", "body.")])
    assert (coverage.share, coverage.missing) == (1.0, [])


def test_mobilenet_v2_of_imagenet_fills_the_whole_encoder(shared: Path) -> None:
    path = shared / "weights" / "mobilenet_v2-b0353104.pth"
    name = "smp:DeepLabV3Plus/mobilenet_v2"
    model = create_model(name, 5, {})
    coverage = load_weights(model, name, str(path))
    assert coverage is not None
    assert (coverage.share, coverage.missing, coverage.reshaped) == (1.0, [], 0)
    state = torch.load(path, weights_only=True)
    encoder = model.get_submodule("network.encoder").state_dict()
    assert all(torch.equal(encoder[key], state[key]) for key in encoder if not key.endswith("num_batches_tracked"))


def test_mobilenet_v3_small_of_imagenet_fills_the_whole_backbone_of_mask_rcnn_small(shared: Path) -> None:
    path = shared / "weights" / "mobilenet_v3_small-047dcff4.pth"
    model = create_model("mask_rcnn_small", 3, {})
    coverage = load_weights(model, "mask_rcnn_small", str(path))
    assert coverage is not None
    assert (coverage.share, coverage.missing, coverage.reshaped) == (1.0, [], 0)
    first = torch.load(path, weights_only=True)["features.0.0.weight"]
    assert torch.equal(model.get_submodule("backbone.body.0.0").weight, first)


def test_a_failed_download_names_the_address_and_the_remedy() -> None:
    def download() -> State:
        raise URLError("no route to host")

    with pytest.raises(WeightsError) as caught:
        fetch_starting_weights("imagenet", "deeplabv3_resnet50", download, "https://example.org/resnet50.pth")
    message = str(caught.value)
    for part in ("imagenet", "deeplabv3_resnet50", "https://example.org/resnet50.pth", "no route to host"):
        assert part in message
    assert "set model.weights to its path" in message
    assert "model.weights=none" in message


def test_stopping_a_download_is_not_mistaken_for_a_failure() -> None:
    def download() -> State:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_starting_weights("imagenet", "deeplabv3_resnet50", download, "https://example.org/resnet50.pth")


def test_a_checkpoint_that_unpacks_to_more_than_its_size_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", pickle.dumps({}))
        archive.writestr("a/data/0", bytes(10_000_000))
    with pytest.raises(WeightsError, match=r"a\.pth: holds compressed content"):
        read_weights(tmp_path / "a.pth")


def test_an_archive_that_cannot_be_looked_through_is_refused(tmp_path: Path) -> None:
    # Marked as encrypted in both of its headers, which zipfile asks a password for.
    path = write(tmp_path / "locked.pth", {"weight": torch.ones(2)})
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + flags] |= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"locked\.pth: is a damaged archive"):
        read_weights(path)


def test_a_checkpoint_that_builds_a_million_values_is_refused(tmp_path: Path) -> None:
    bomb = b"\x80\x02" + b"}0" * 400_000 + b"}."
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("a/data.pkl", bomb)
    (tmp_path / "old.pth").write_bytes(bomb)
    for name in ("a.pth", "old.pth"):
        with pytest.raises(WeightsError, match=rf"{name}: holds values built in more than 500,000 steps"):
            read_weights(tmp_path / name)
