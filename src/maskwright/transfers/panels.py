"""Panels of a transfer: one image with its truth and the detections of each model."""

from collections.abc import Sequence
from pathlib import Path

from maskwright.annotations.selection.showcase import showcase_images
from maskwright.annotations.taxonomy.sides import Side
from maskwright.images.decode import read_image
from maskwright.images.draw import overlay_instances
from maskwright.images.encode import write_jpeg
from maskwright.reports.pictures.panels import enlargement, panel
from maskwright.structures import ImageRecord, Instances, Record, TruthRecord, with_masks
from maskwright.transfers.datasets import TransferDataset
from maskwright.transfers.models import TransferModel
from maskwright.transfers.predictions import PredictionCache
from maskwright.transfers.scores import TransferEvaluation


def draw_panels(
    folder: Path,
    compared: TransferEvaluation,
    side: Side,
    models: Sequence[TransferModel],
    predictions: PredictionCache,
    count: int,
) -> list[dict[str, str]]:
    """Write up to ``count`` panels of the source or the target, by ``side``, below ``folder``.

    Detections below the score of the comparison's rules are not drawn. Returns the file, relative to ``folder``, and
    the caption of each panel.
    """
    images = compared.source if side == "source" else compared.target
    truth = compared.truth(images, side)
    objects = _by_image(with_masks(truth["annotations"]))
    found = {model.name: _by_image(compared.found(model, images, predictions)) for model in models}
    records = []
    for image in _chosen(images, objects, count):
        picture, size = read_image(images.path_of(image)), (image["height"], image["width"])
        table = compared.shared.table
        true, factor = Instances.from_coco(objects.get(image["id"], ()), size), enlargement(picture)
        cells = [picture, overlay_instances(picture, true, table, show_scores=False, enlarge=factor)]
        for name in found:
            shown = [each for each in found[name].get(image["id"], ()) if each["score"] >= compared.rules.score]
            cells.append(overlay_instances(picture, Instances.from_coco(shown, size), table, enlarge=factor))
        # By id, because file names may hold a folder (Cityscapes' cities) and repeat in other folders.
        file = f"figures/panels/{compared.target.name}-{side}-{image['id']}.jpg"
        write_jpeg(folder / file, panel(cells, ["image", "truth", *found]))
        records.append({"file": file, "caption": f"{images.name}: {image['file_name']}"})
    return records


def _chosen(images: TransferDataset, objects: dict[int, list[TruthRecord]], count: int) -> list[ImageRecord]:
    """Return images that show every class early, then others spread evenly over the rest."""
    labels = [
        [each["category_id"] for each in objects.get(image["id"], ()) if not each["iscrowd"]] for image in images.images
    ]
    return [images.images[i] for i in showcase_images(labels, count)]


def _by_image(records: Sequence[Record]) -> dict[int, list[Record]]:
    grouped: dict[int, list[Record]] = {}
    for each in records:
        grouped.setdefault(each["image_id"], []).append(each)
    return grouped
