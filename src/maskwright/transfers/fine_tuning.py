"""Fine-tuning of models on a target: what each can reach there, as the upper bound of a transfer."""

from pathlib import Path

from maskwright.annotations.taxonomy.shared_classes import SharedClasses
from maskwright.errors import DataError
from maskwright.files import write_json
from maskwright.progress import Reporter
from maskwright.recipes.loading import validate_recipe
from maskwright.recipes.transfer import FineTune
from maskwright.run_folder import model_file
from maskwright.runs.stages import train_recipe
from maskwright.structures import with_masks
from maskwright.transfers.datasets import TransferDataset
from maskwright.transfers.models import TransferModel, open_transfer_model


def fine_tune(
    model: TransferModel,
    target: str,
    images: TransferDataset,
    shared: SharedClasses,
    section: FineTune,
    seed: int,
    folder: Path,
    reporter: Reporter,
) -> TransferModel:
    """Return ``model`` fine-tuned on ``images`` of ``target`` in the ``shared`` classes.

    The run is ``tuned/MODEL+TARGET`` below ``folder``. A finished run is not repeated, an interrupted one is resumed.
    The heads keep the weights of classes that the model has, by name, and start at random for the others. A part of
    ``images`` chooses the checkpoint, by ``section.split``.

    Raises ``DataError`` when ``images`` have no mask of the shared classes, and ``Interrupted`` after SIGTERM or
    Ctrl-C.
    """
    name = f"{model.name}+{target}"
    own = [each["name"] for each in model.card.classes]
    content = {
        "name": name.replace("+", "-"),
        "description": f"{model.name} trained further on {target}",
        "seed": seed,
        "task": "instance",
        "data": {
            "source": {
                "images": str(images.folder.absolute()),
                "annotations": str(_annotations(images, shared, folder)),
            },
            "split": section.split,
            # The classes are those that source and target share; few images of the target may lack some.
            "allow_empty_classes": True,
        },
        "classes": own if set(own) == set(shared.names) else list(shared.names),
        "model": {
            "name": model.card.name,
            "weights": str(model.file.absolute()),
            "options": model.card.options,
            # A model file of an earlier version may hold keys that do not apply to instance models.
            "input": {key: model.card.input[key] for key in ("size", "longest") if key in model.card.input},
        },
        "augment": section.augment.model_dump(mode="json"),
        "train": section.train.model_dump(mode="json"),
    }
    path = folder / "tuned" / name
    reporter.say(f"{name}: training {model.name} further on {target}")
    train_recipe(validate_recipe(content, name), path, resume=True, reporter=reporter)
    return open_transfer_model(name, "tuned", model_file(path), {"further": model.name, "on": target}, target)


def _annotations(images: TransferDataset, shared: SharedClasses, folder: Path) -> Path:
    """Write the truth of ``images`` in the shared classes as a COCO file, and return its absolute path."""
    kept = shared.remap_records(images.annotations, images.table, "target").kept
    if not with_masks(kept):
        raise DataError(
            f"{images.name}: has no mask of the classes {', '.join(shared.names)}; expected some to train on."
        )
    document = images.coco_dataset(kept, shared.table)
    for each in with_masks(document["annotations"]):
        rle = each["segmentation"]
        each["segmentation"] = {"size": list(rle["size"]), "counts": rle["counts"].decode("ascii")}
    path = (folder / "tuned" / f"{images.name}.json").absolute()
    write_json(path, document)
    return path
