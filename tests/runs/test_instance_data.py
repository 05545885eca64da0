"""The instance samples of a recipe: at the model's resolution, with the augmentation that the recipe asks for."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hotcoco import mask as coco_mask
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from maskwright.images.decode import read_image
from maskwright.prediction.resizing import to_network_input
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.context import predictor_of
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.instance_data import instance_dataset


def experiment(folder: Path, *overrides: str) -> Experiment:
    plain = ["augment.horizontal_flip=0", "augment.vertical_flip=0", "data.shapes={train: 4, validation: 1}"]
    return Experiment(create_run(load_recipe("demo-instance", [*plain, *overrides]), folder, Reporter(quiet=True)))


def test_images_come_at_the_size_that_torchvision_would_resize_them_to(tmp_path: Path) -> None:
    theirs = GeneralizedRCNNTransform(80, 100, [0.0] * 3, [1.0] * 3).eval()
    ours = experiment(tmp_path, "model.input={resize: short-side, size: 80, longest: 100}")
    for index, objects in enumerate(ours.prepared.parts["train"].selection.images):
        image, target = instance_dataset(ours)[index, 0]
        expected, _ = theirs.resize(torch.zeros(3, objects.image.height, objects.image.width))
        assert image.shape == expected.shape
        assert target["masks"].shape[1:] == expected.shape[1:]


def test_a_training_image_is_what_the_network_sees_of_it_in_prediction(tmp_path: Path) -> None:
    for name in ("mask_rcnn_small", "detectron2_mask_rcnn_resnet50_fpn"):
        ours = experiment(
            tmp_path / name, f"model={{name: {name}, input: {{resize: short-side, size: 50, longest: 100}}}}"
        )
        dataset, size = instance_dataset(ours), predictor_of(ours, torch.nn.Identity()).input_size
        for index in range(len(dataset)):
            image, _ = dataset[index, 0]
            seen = to_network_input(read_image(dataset.samples[index].image), size, torch.device("cpu"))
            assert image.shape == seen.shape
            # Training has whole grey levels, and prediction by torchvision's rule has what they were rounded from.
            assert (image / 255 - seen).abs().max() <= (1 / 255 if name == "mask_rcnn_small" else 0)


def test_at_the_size_of_the_file_masks_are_the_annotations_and_labels_theirs(tmp_path: Path) -> None:
    ours = experiment(tmp_path, "model.input={resize: short-side, size: 128, longest: 4000}")
    for index, objects in enumerate(ours.prepared.parts["train"].selection.images):
        side = min(objects.image.height, objects.image.width)
        recipe = f"model.input={{resize: short-side, size: {side}, longest: 4000}}"
        _, target = instance_dataset(experiment(tmp_path / str(index), recipe))[index, 0]
        truth = objects.instances()
        visible = [number for number, rle in enumerate(truth.masks) if coco_mask.area(rle)]
        expected = np.stack([coco_mask.decode(truth.masks[number]) for number in visible])
        assert np.array_equal(target["masks"].numpy(), expected)
        assert target["labels"].tolist() == truth.labels[visible].tolist()
        assert torch.equal(target["boxes"], torch.from_numpy(truth.boxes[visible]))


def test_without_augmentation_the_samples_of_a_part_do_not_depend_on_chance(tmp_path: Path) -> None:
    changes = ["augment={copy_paste: 1, horizontal_flip: 0.5, scale: [0.5, 2], crop: 48, brightness: 0.5}"]
    plain = instance_dataset(experiment(tmp_path / "plain", "data.shapes.validation=3"), "validation")
    measured = instance_dataset(
        experiment(tmp_path / "changed", *changes, "data.shapes.validation=3"), "validation", augmented=False
    )
    assert len(plain) == len(measured) == 3
    for number in range(3):
        image, target = plain[number, 0]
        for seed in (0, 1):
            same_image, same_target = measured[number, seed]
            assert torch.equal(image, same_image)
            assert all(torch.equal(value, same_target[key]) for key, value in target.items())


def test_jitter_crop_and_copy_paste_do_what_they_say(tmp_path: Path) -> None:
    plain = instance_dataset(experiment(tmp_path / "plain"))
    pasted = instance_dataset(experiment(tmp_path / "pasted", "augment.copy_paste=1"))
    jittered = instance_dataset(experiment(tmp_path / "jittered", "augment.scale=[0.5, 0.5]"))
    cropped = instance_dataset(experiment(tmp_path / "cropped", "augment.crop=48"))
    more = [len(pasted[0, seed][1]["labels"]) - len(plain[0, seed][1]["labels"]) for seed in range(12)]
    assert max(more) > 0
    assert all(abs(2 * a - b) <= 1 for a, b in zip(jittered[0, 0][0].shape[1:], plain[0, 0][0].shape[1:], strict=True))
    assert cropped[0, 0][0].shape == (3, 48, 48)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """One image with an object among degenerate ones, one with a speck that vanishes when shrunk, one without any."""
    shapes = {
        "object": (1, [[10, 10, 50, 10, 50, 40, 10, 40]], [10, 10, 40, 30]),
        "point": (1, [[5, 5, 5, 5, 5, 5]], [5, 5, 0, 0]),
        "line": (1, [[5, 20, 60, 20, 30, 20]], [5, 20, 55, 0]),
        "outside": (1, [[200, 200, 220, 200, 220, 220]], [200, 200, 20, 20]),
        "speck": (2, [[31, 31, 32, 31, 32, 32, 31, 32]], [31, 31, 1, 1]),
    }
    annotations = [
        {"id": number, "image_id": image, "category_id": 1, "segmentation": segmentation, "bbox": box, "iscrowd": 0}
        for number, (image, segmentation, box) in enumerate(shapes.values(), start=1)
    ]
    images = [{"id": number, "file_name": f"{number}.png", "width": 80, "height": 60} for number in (1, 2, 3)]
    for image in images:
        cv2.imwrite(str(tmp_path / image["file_name"]), np.full((60, 80, 3), 90, np.uint8))
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "thing"}]}
    (tmp_path / "labels.json").write_text(json.dumps(content))
    return tmp_path


def data_of(scenes: Path, more: str = "") -> tuple[str, str]:
    part = f"{{images: {scenes}, annotations: {scenes / 'labels.json'}}}"
    return f"data={{train: {part}, validation: {part}{more}}}", "classes=all"


def test_degenerate_objects_are_named_and_not_taught_and_images_without_any_are_negatives(scenes: Path) -> None:
    ours = experiment(scenes / "run", "model.input={resize: short-side, size: 16, longest: 100}", *data_of(scenes))
    audit = ours.prepared.parts["train"].selection.audit
    assert [(fault.code, fault.record) for fault in audit.faults] == [("no_pixels", record) for record in (2, 3, 4)]
    assert any("3 used with no_pixels (annotations 2, 3, 4)" in line for line in audit.lines())
    data = instance_dataset(ours)
    assert [len(data[index, 0][1]["boxes"]) for index in range(3)] == [1, 0, 0]
    for index in range(3):
        sides = data[index, 0][1]["boxes"]
        assert (sides[:, 2:] > sides[:, :2]).all()


def test_images_without_objects_are_left_out_by_choice(scenes: Path) -> None:
    ours = experiment(scenes / "run", *data_of(scenes, ", only_with_objects: true"))
    selection = ours.prepared.parts["train"].selection
    assert [objects.image.id for objects in selection.images] == [1, 2]
    assert selection.skipped_images == {"image_without_objects": [3]}
