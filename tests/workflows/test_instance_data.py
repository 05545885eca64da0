"""The instance samples of a recipe: at the model's resolution, with the augmentation that the recipe asks for."""

from pathlib import Path

import numpy as np
import torch
from hotcoco import mask as coco_mask

from maskwright.recipes.loading import load_recipe
from maskwright.workflows.experiment import Experiment
from maskwright.workflows.instance_data import instance_dataset
from maskwright.workflows.progress import Reporter
from maskwright.workflows.run_folder import create_run


def experiment(folder: Path, *overrides: str) -> Experiment:
    plain = ["augment.horizontal_flip=0", "augment.vertical_flip=0", "data.shapes={train: 4, validation: 1}"]
    return Experiment(create_run(load_recipe("demo-instance", [*plain, *overrides]), folder, Reporter(quiet=True)))


def test_images_come_at_the_size_that_the_model_would_resize_them_to(tmp_path: Path) -> None:
    ours = experiment(tmp_path, "model.input={resize: short-side, size: 80, longest: 100}")
    images = ours.prepared.parts["train"].selection.images
    for index, objects in enumerate(images):
        image, target = instance_dataset(ours)[index, 0]
        height, width = objects.image.height, objects.image.width
        scale = min(80 / min(height, width), 100 / max(height, width))
        assert image.shape[1:] == (round(height * scale), round(width * scale))
        assert target["size"].tolist() == list(image.shape[1:])


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


def test_jitter_crop_and_copy_paste_do_what_they_say(tmp_path: Path) -> None:
    plain = instance_dataset(experiment(tmp_path / "plain"))
    pasted = instance_dataset(experiment(tmp_path / "pasted", "augment.copy_paste=1"))
    jittered = instance_dataset(experiment(tmp_path / "jittered", "augment.scale=[0.5, 0.5]"))
    cropped = instance_dataset(experiment(tmp_path / "cropped", "augment.crop=48"))
    more = [len(pasted[0, seed][1]["labels"]) - len(plain[0, seed][1]["labels"]) for seed in range(12)]
    assert max(more) > 0
    assert all(abs(2 * a - b) <= 1 for a, b in zip(jittered[0, 0][0].shape[1:], plain[0, 0][0].shape[1:], strict=True))
    assert cropped[0, 0][0].shape == (3, 48, 48)
