"""The predictions of a transfer's models on its images, made once and cached."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from maskwright.evaluation.results.category_ids import of_model, with_category_ids, with_indices
from maskwright.evaluation.results.classes import CLASSES_FILE, read_class_table
from maskwright.files import read_json, write_json, writing_json_list
from maskwright.images.decode import read_image
from maskwright.label_maps.files import write_classes
from maskwright.progress import Reporter
from maskwright.runs.loaded_model import LoadedModel, load_model
from maskwright.structures import ClassTable, ResultRecord
from maskwright.transfers.datasets import TransferDataset
from maskwright.transfers.models import TransferModel


class PredictionCache:
    """The predictions below ``folder``, made on ``device`` where they are missing or of another model or data set."""

    def __init__(self, folder: Path, device: str, reporter: Reporter) -> None:
        """Cache predictions in ``folder``; the last model stays loaded."""
        self._folder, self._device, self._reporter = folder, device, reporter
        self._loaded: tuple[Path, LoadedModel[Any]] | None = None

    def of(self, model: TransferModel, images: TransferDataset) -> list[ResultRecord]:
        """Return the COCO results of ``model`` on ``images``, of all scores.

        ``category_id`` is an index of the model's classes; in the file it is an id of the model's training file. The
        ``counts`` of an RLE are bytes. Changed pixels of an image are not noticed.

        Raises ``WeightsError`` when the model's output is NaN or infinite.
        """
        folder = self._folder / "predictions" / model.name / images.name
        made = {"model": model.sha256, "images": images.identity}
        if not (folder / "made.json").is_file() or read_json(folder / "made.json") != made:
            loaded = self._load(model)
            table = of_model(loaded.classes)
            with writing_json_list(folder / "instances.json") as write:
                write(self._found(loaded, model, images, table))
            write_classes(folder, table)
            write_json(folder / "made.json", made)
        file = folder / CLASSES_FILE
        table = read_class_table(file) if file.is_file() else model.card.table
        return [_with_bytes(each) for each in with_indices(read_json(folder / "instances.json"), table)]

    def _found(
        self, loaded: LoadedModel[Any], model: TransferModel, images: TransferDataset, table: ClassTable
    ) -> Iterable[ResultRecord]:
        tracked = self._reporter.track(images.images, f"{model.name} on {images.name}")
        for image, _, found in loaded.instances((image, read_image(images.path_of(image))) for image in tracked):
            yield from with_category_ids(found.to_coco(image["id"], image["file_name"]), table)

    def _load(self, model: TransferModel) -> LoadedModel[Any]:
        if self._loaded is None or self._loaded[0] != model.file:
            self._loaded = model.file, load_model(model.file, self._device)
        return self._loaded[1]


def _with_bytes(record: ResultRecord) -> ResultRecord:
    rle = record["segmentation"]
    return {**record, "segmentation": {"size": rle["size"], "counts": rle["counts"].encode("ascii")}}
