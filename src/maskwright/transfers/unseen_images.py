"""The check, image by image, that a model was not trained on what a transfer scores: by the images its run recorded."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from maskwright.errors import UsageError, some_of
from maskwright.images.training_images import TrainingImages
from maskwright.recipes.schema import Recipe, Source
from maskwright.recipes.transfer import ImageSet
from maskwright.transfers.datasets import TransferDataset
from maskwright.transfers.training_data import PastTraining, trainings_of_file

SOURCE_REMEDY = (
    "Name held-out images as source: with the ratios and the seed of the training, `maskwright split` writes the "
    "annotations of each part."
)


def require_unseen_images(
    key: str, file: Path, source: TransferDataset, targets: Mapping[str, TransferDataset]
) -> None:
    """Raise ``UsageError`` when the model in ``file``, called ``key``, was trained on images of ``source`` or a target.

    Images are known where the run of the model is there; of a run that recorded none, the hash of its annotation file
    decides.
    """
    for training in trainings_of_file(file):
        found = _seen(training, source)
        if found:
            raise UsageError(
                f"models.{key}: it was trained on {found} the source; expected a source of images that it has not "
                f"seen. {SOURCE_REMEDY}"
            )
        for name, target in targets.items():
            found = _seen(training, target)
            if found:
                raise UsageError(
                    f"models.{key}: it was trained on {found} the target '{name}'; expected a model that has not seen "
                    "it. Name it under bound instead, as what can be reached there."
                )


def require_other_images(name: str, train: TransferDataset, target: TransferDataset) -> None:
    """Raise ``UsageError`` when images to fine-tune on, ``train``, are among those of the ``target`` that is scored."""
    names = [image["file_name"] for image in train.images]
    seen = TrainingImages.among(train.folder, names).leaked(_files(target))
    if seen:
        raise UsageError(
            f"targets.{name}.train: {len(seen)} of the {len(target.images)} images of the target are among them "
            f"({some_of(seen, 3)}); expected other images than those that are scored. `maskwright split` writes parts "
            "that share none."
        )


def files_in_common(recipe: Recipe, section: ImageSet, root: Path) -> Path | None:
    """Return the annotation file that both ``recipe`` trains on and ``section`` names, or a copy of it; None for none.

    Paths of ``section`` are relative to ``root``.
    """
    if section.annotations is None:
        return None
    theirs = root / section.annotations
    ours = (Path(recipe.data.root) / source.annotations for source in training_sources(recipe))
    return next((path for path in ours if _same_file(path, theirs)), None)


def training_sources(recipe: Recipe) -> Iterator[Source]:
    """Yield the files that hold the training images of ``recipe``: one, or none for built-in shapes."""
    for source in (recipe.data.train, recipe.data.source):
        if source is not None:
            yield source


def _seen(training: PastTraining, scored: TransferDataset) -> str:
    """Return what of ``scored`` the ``training`` has seen, as the middle of a sentence; empty for nothing."""
    if training.images is not None:
        seen = training.images.leaked(_files(scored))
        return f"{len(seen)} of the {len(scored.images)} images ({some_of(seen, 3)}) of" if seen else ""
    if training.sha256 is not None and training.sha256 == scored.identity.get("sha256"):
        return "the annotation file of"
    return ""


def _files(scored: TransferDataset) -> Iterator[tuple[str, Path]]:
    for image in scored.images:
        yield image["file_name"], scored.path_of(image)


def _same_file(one: Path, other: Path) -> bool:
    if one.resolve() == other.resolve():
        return True
    both = one.is_file() and other.is_file() and one.stat().st_size == other.stat().st_size
    return both and one.read_bytes() == other.read_bytes()
