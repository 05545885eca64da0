"""Detectron2's recorded detections, from its checkpoints through `weights convert`, without Detectron2."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask

from maskwright.cli.main import main
from maskwright.images.decode import read_image
from maskwright.model_file import read_model_file
from maskwright.runs.loaded_model import LoadedModel, load_model
from tests.oracles.detectron2.checkpoint import digest, read_manifest, weights, write_checkpoint

HERE = Path(__file__).parent / "detectron2"
SYNTHETIC, PHOTO = "synthetic_500x375.png", "000000038048.jpg"
EXTRA_KEYS, LEGACY_NAMES = {"extra_keys": True}, {"legacy_names": True, "extra_keys": True}
# Whole networks at full size: one image in every run, the rest, minutes on a CPU, among the slow drills.
CASES = [
    pytest.param("mask_rcnn", EXTRA_KEYS, SYNTHETIC),
    pytest.param("mask_rcnn", {}, PHOTO, marks=pytest.mark.slow),
    pytest.param("pointrend", {}, SYNTHETIC, marks=pytest.mark.slow),
    pytest.param("pointrend", LEGACY_NAMES, PHOTO, marks=pytest.mark.slow),
]


@dataclass(frozen=True)
class Oracle:
    """What Detectron2 recorded, and the model files made of the same weights in the folder ``made``."""

    made: Path

    def checkpoint(self, kind: str, options: dict[str, bool]) -> Path:
        """The zoo-style checkpoint of ``kind``."""
        path = self.made / f"{'-'.join([kind, *options])}.pkl"
        if not path.exists():
            write_checkpoint(path, weights(kind, **options))
        return path

    def model_file(self, kind: str, options: dict[str, bool]) -> Path:
        """What `weights convert` makes of it."""
        source = self.checkpoint(kind, options)
        out = source.with_suffix(".safetensors")
        if not out.exists():
            assert main(["weights", "convert", str(source), str(out), "--quiet"]) == 0
        return out

    def records(self, kind: str) -> dict[str, Any]:
        return json.loads((HERE / f"reference_{kind}_seed0.json").read_text(encoding="utf-8"))

    def image(self, kind: str, file: str) -> dict[str, Any]:
        return next(image for image in self.records(kind)["images"] if image["file"] == file)


def pixels_of(file: str, request: pytest.FixtureRequest) -> np.ndarray:
    """The synthetic image of the repository, or a photo of the shared material."""
    if (HERE / file).exists():
        return read_image(HERE / file)
    return read_image(request.getfixturevalue("shared") / "data" / "coco300" / "validation-300" / "data" / file)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)  # as many as the records were made with
    yield Oracle(tmp_path_factory.mktemp("detectron2"))
    torch.set_num_threads(threads)


@pytest.mark.parametrize("kind", ["mask_rcnn", "pointrend"])
def test_the_weights_are_those_that_detectron2_ran(kind: str, oracle: Oracle) -> None:
    recorded = oracle.records(kind)["arrays_sha256"]
    assert digest(weights(kind)) == recorded == read_manifest(kind)["arrays_sha256"]["0"]


def detect(loaded: LoadedModel[Any], image: np.ndarray) -> tuple[dict[str, torch.Tensor], list[np.ndarray]]:
    """The boxes, labels and scores on ``image``, and its masks as pixels."""
    found = loaded.predict(image)
    tensors = {name: torch.from_numpy(getattr(found, name)) for name in ("boxes", "labels", "scores")}
    return tensors, [coco_mask.decode(rle) for rle in found.masks]


def recorded_masks(record: dict[str, Any]) -> list[np.ndarray]:
    return [coco_mask.decode({"size": record["size_hw"], "counts": counts}) for counts in record["masks_rle"]]


def assert_equal(found: dict[str, torch.Tensor], masks: list[np.ndarray], record: dict[str, Any]) -> None:
    """Every detection in its order: boxes within 0.001 pixels, scores within 0.00001, 99.99 % of the pixels."""
    assert (found["labels"] - 1).tolist() == record["classes"]
    assert (found["boxes"] - torch.tensor(record["boxes_xyxy"])).abs().max() <= 1e-3
    assert (found["scores"] - torch.tensor(record["scores"])).abs().max() <= 1e-5
    for ours, theirs in zip(masks, recorded_masks(record), strict=True):
        assert (ours == theirs).mean() >= 0.9999


def assert_fair(found: dict[str, torch.Tensor], masks: list[np.ndarray], record: dict[str, Any]) -> None:
    """What other convolution kernels leave equal: every detection above 0.06 has a partner of its class."""
    theirs = zip(record["boxes_xyxy"], record["classes"], record["scores"], recorded_masks(record), strict=True)
    for box, label, score, mask in theirs:
        if score <= 0.06:
            continue
        same = (found["labels"] - 1 == label) & ((found["scores"] - score).abs() < 0.01)
        partners = [i for i in same.nonzero().flatten().tolist() if iou(found["boxes"][i], torch.tensor(box)) > 0.95]
        assert partners
        overlaps = [(masks[i] & mask).sum() / max((masks[i] | mask).sum(), 1) for i in partners]
        assert max(overlaps) > 0.97


def iou(one: torch.Tensor, other: torch.Tensor) -> float:
    sides = (torch.minimum(one[2:], other[2:]) - torch.maximum(one[:2], other[:2])).clamp(min=0)
    areas = [(box[2:] - box[:2]).prod() for box in (one, other)]
    return float(sides.prod() / (areas[0] + areas[1] - sides.prod()))


@pytest.mark.parametrize(("kind", "options", "file"), CASES)
def test_the_detections_are_detectron2s(
    kind: str, options: dict[str, bool], file: str, oracle: Oracle, request: pytest.FixtureRequest
) -> None:
    record, pixels = oracle.image(kind, file), pixels_of(file, request)
    decoded = hashlib.sha256(np.ascontiguousarray(pixels[:, :, ::-1]).tobytes()).hexdigest()
    found, masks = detect(load_model(oracle.model_file(kind, options), "cpu"), pixels)
    recorded_on = oracle.records(kind)["produced_by"]["torch"]
    # Recorded on a processor with AVX-512; for others torch has other kernels.
    same_kernels = torch.__version__ == recorded_on and torch.backends.cpu.get_cpu_capability() == "AVX512"
    if same_kernels and decoded == record["decoded_bgr_sha256"]:
        assert_equal(found, masks, record)
    else:
        assert_fair(found, masks, record)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options"), [("mask_rcnn", EXTRA_KEYS), ("pointrend", LEGACY_NAMES)])
def test_old_names_and_stray_keys_give_the_same_model(kind: str, options: dict[str, bool], oracle: Oracle) -> None:
    plain, other = (read_model_file(oracle.model_file(kind, chosen)) for chosen in ({}, options))
    assert other[0] == plain[0]
    assert other[1].keys() == plain[1].keys()
    assert all(torch.equal(value, other[1][name]) for name, value in plain[1].items())


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options"), [("mask_rcnn", EXTRA_KEYS), ("pointrend", LEGACY_NAMES)])
def test_every_key_is_accounted_for(
    kind: str, options: dict[str, bool], oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = read_manifest(kind)
    source = oracle.checkpoint(kind, options)
    assert main(["weights", "convert", str(source), str(oracle.made / "again.safetensors"), "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert done["tensors"] == len(manifest["tensors"])
    assert sorted(done["settings"]) == sorted(manifest["extra_tensors"])
    assert done["classes"] == 80
    assert done["options"] == {"short_side": 800, "longest": 1333}
