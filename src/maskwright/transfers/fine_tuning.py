"""Models trained further on a target: what each could reach there, as the upper bound of a transfer."""

from pathlib import Path

from maskwright.annotations.taxonomy.shared_classes import SharedClasses
from maskwright.errors import DataError
from maskwright.files import write_json
from maskwright.progress import Reporter
from maskwright.recipes.loading import validate_recipe
from maskwright.recipes.transfer import FineTune
from maskwright.runs.loaded_model import model_file
from maskwright.runs.stages import train_recipe
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
    """``model`` trained further on ``images`` in the ``shared`` classes, in a run below ``folder`` unless it is there.

    Its heads go on with the classes that it has, by name, and begin anew for the others.
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
        },
        "classes": own if set(own) == set(shared.names) else list(shared.names),
        "model": {
            "name": model.card.name,
            "weights": str(model.file.absolute()),
            "options": model.card.options,
            # A model file of an earlier version may say more than what counts for instances.
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
    """The truth of ``images`` in the shared classes as a COCO file, absolute."""
    kept = shared.remap_records(images.annotations, images.table, "target").kept
    if not kept:
        raise DataError(
            f"{images.name}: has no object of the classes {', '.join(shared.names)}; expected some to train on."
        )
    document = images.coco_dataset(kept, shared.table)
    for each in document["annotations"]:
        rle = each["segmentation"]
        each["segmentation"] = {"size": list(rle["size"]), "counts": rle["counts"].decode("ascii")}
    path = (folder / "tuned" / f"{images.name}.json").absolute()
    write_json(path, document)
    return path
