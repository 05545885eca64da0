"""Review annotations: suspected label errors, ranked by the evidence of predictions, on a page that takes decisions."""

from collections.abc import Sequence
from pathlib import Path

from maskwright.progress import Reporter
from maskwright.reviewing.review import Review, write_review


def review(
    annotations: str | Path,
    predictions: str | Path,
    images: str | Path,
    out: str | Path,
    *,
    most: int = 200,
    tasks: Sequence[str] = (),
    image_address: str | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Review:
    """Find suspected label errors by the predictions of a model that did not learn these labels.

    Args:
        annotations: The COCO JSON file to review.
        predictions: COCO results of any tool for its images, or the folder of predictions, such as that of
            :func:`maskwright.run_folds`.
        images: The folder of the images.
        out: The folder for the page ``review.html``, ``suspects.json``, ``suspects.csv``, and
            ``suspects.coco.json``, the images with a suspect as a COCO file for a labelling tool.
        most: How many suspects the page shows; the files have all.
        tasks: Labelling tools to write the shown suspects for: ``"label-studio"`` (``label-studio.json`` and the
            interface ``label-studio.xml``), ``"cvat"`` (``cvat.xml`` and ``cvat-labels.json``).
        image_address: What stands before the name of an image in Label Studio's tasks; by default the address of its
            local files.
        overwrite: Replace files of these names in ``out`` that no earlier review wrote.
        reporter: Where progress goes; standard error by default.

    Returns:
        The suspects by falling evidence, and the page.

    Raises:
        UsageError: A file or folder does not exist, a labelling tool is unknown, or ``out`` holds other files.
        DataError: A file is no COCO JSON, or no prediction is of one of its images and classes.

    Example:
        >>> import maskwright as mw
        >>> found = mw.review("labels.json", "folds", "photos", "review")  # doctest: +SKIP
        >>> found.suspects[0]["kind"], found.page.name  # doctest: +SKIP
        ('missing', 'review.html')
    """
    reporter, paths = reporter or Reporter(), (Path(annotations), Path(predictions), Path(images), Path(out))
    return write_review(*paths, most, overwrite, reporter, tasks, image_address)
