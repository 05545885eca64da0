"""The results of a prediction, image by image: label maps or objects, overlays and cut-outs, written in threads."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.annotations.taxonomy.output_classes import OutputClasses
from maskwright.evaluation.panoptic.files import PANOPTIC
from maskwright.evaluation.prediction_files import RESULTS
from maskwright.images.decode import image_size, read_image
from maskwright.images.draw import overlay_instances, overlay_label_map
from maskwright.images.encode import LONGEST_JPEG, write_cutout, write_jpeg
from maskwright.images.video_frames import VideoFrames, write_video
from maskwright.images.windowed_images import WindowedImage
from maskwright.masks.cropped import each_cropped
from maskwright.masks.label_map import boxes_of
from maskwright.masks.paste import cropped_to_rle
from maskwright.masks.png import write_label_map
from maskwright.parallel.threads import map_in_threads
from maskwright.prediction.sources import Image
from maskwright.reports.pictures.segments import overlay_segments
from maskwright.runs.predicting.inputs import LARGE, ImageInput, videos_of
from maskwright.runs.predicting.object_table import Row, object_rows
from maskwright.structures import Instances, LabelMap, PanopticMap, Task

LABEL_MAPS, OVERLAYS, CUTOUTS, OBJECTS = "label_maps", "overlays", "cutouts", "objects.csv"

Predicted = tuple[ImageInput, Any, Any]


def names_of_results(
    inputs: Sequence[ImageInput], files: Mapping[str, str], task: Task, overlays: bool, more: Sequence[str] = ()
) -> list[str]:
    """Return the names, below their folder, of the results of ``inputs``, but for cut-outs, and ``more``.

    ``files`` has the file of the label map, or of the panoptic map, by image name; ``task`` is the model's.
    """
    masks = [files[image.name] for image in inputs]
    names = {
        "instance": [RESULTS, OBJECTS],
        "semantic": [f"{LABEL_MAPS}/{file}" for file in masks],
        "panoptic": [PANOPTIC, *(f"{Path(PANOPTIC).stem}/{file}" for file in masks)],
    }[task]
    if overlays:
        names += [*map(overlay_file, masks), *(f"{OVERLAYS}/{name}.mkv" for name in videos_of(inputs))]
    return [*names, "classes.json", "classes.txt", *more]


def overlay_file(file: str) -> str:
    """Return the name, below the folder of the results, of the overlay of the image whose label map is ``file``.

    Example:
        >>> overlay_file("photo.png")
        'overlays/photo.jpg'
    """
    return f"{OVERLAYS}/{Path(file).stem}.jpg"


def cutout_file(file: str, number: int) -> str:
    """Return the name of the cut-out of the object ``number``, from 1, of the image whose label map is ``file``.

    Example:
        >>> cutout_file("photo.png", 2)
        'cutouts/photo-2.png'
    """
    return f"{CUTOUTS}/{Path(file).stem}-{number}.png"


@dataclass(frozen=True)
class Written:
    """The result of the image ``name`` in the classes that are written: its map, or the objects that are written.

    ``rows`` are those of the table of the objects. ``highest`` is the highest score of an object, also of one that is
    not written; None without an object.
    """

    name: str
    found: Instances | LabelMap | PanopticMap
    rows: tuple[Row, ...] = ()
    highest: float | None = None


@dataclass(frozen=True)
class ImageResults:
    """What is written of each image to the folder ``out``.

    ``classes`` turns the model's results into those that are written, ``files`` has the label map's file by image name.
    ``score`` is the lowest of an object that is written. ``overlays`` and ``cutouts`` say whether there are any.
    """

    out: Path
    classes: OutputClasses
    files: Mapping[str, str]
    score: float
    overlays: bool
    cutouts: bool

    def write_behind(self, predicted: Iterable[Predicted], threads: int) -> Iterator[Written]:
        """Write each of ``predicted``, in threads while the network goes on, and yield what was written, in order.

        A large image is written here, one by one, as several would fill the memory.
        """

        def ready() -> Iterator[Predicted | Written]:
            for one in predicted:
                yield self.write(*one) if one[1].shape[0] * one[1].shape[1] > LARGE else one

        return map_in_threads(lambda one: one if isinstance(one, Written) else self.write(*one), ready(), threads)

    def write(
        self, image: ImageInput, pixels: Image | WindowedImage, answer: Instances | LabelMap | PanopticMap
    ) -> Written:
        """Write the files of one image: its label map, its overlay, its cut-outs."""
        file, table = self.files[image.name], self.classes.table
        if isinstance(answer, Instances):
            # Remapped first: the rule for riders needs the two-wheelers below the score too.
            found = self.classes.instances(answer)
            kept = found[found.scores >= self.score]
            if self.overlays:
                factor = _reduction(pixels)
                small, seen = _reduced(pixels, factor), reduced_objects(kept, factor)
                self._write_overlay(file, overlay_instances(small, seen, table))
            if self.cutouts:
                self._write_cutouts(file, pixels, kept)
            highest = float(found.scores.max()) if len(found) else None
            return Written(image.name, kept, tuple(object_rows(image.name, kept, table)), highest)
        if isinstance(answer, PanopticMap):
            if self.overlays and isinstance(pixels, np.ndarray):
                self._write_overlay(file, overlay_segments(pixels, answer, table, with_legend=True))
            return Written(image.name, answer)
        label_map = self.classes.label_map(answer)
        write_label_map(self.out / LABEL_MAPS / file, label_map, table.png_palette())
        if self.overlays:
            small = _reduced(pixels, factor := _reduction(pixels))
            rows, columns = (slice(min(factor // 2, side - 1), None, factor) for side in label_map.shape)
            seen = np.ascontiguousarray(label_map[rows, columns][: small.shape[0], : small.shape[1]])
            self._write_overlay(file, overlay_label_map(small, seen, table, with_legend=True))
        return Written(image.name, label_map)

    def write_videos(self, inputs: Iterable[ImageInput]) -> None:
        """Write the overlays of the frames of each video as a video, ``overlays/<stem>.mkv``, where there are any."""
        for name, frames in videos_of(inputs).items():
            video = frames[0].archive
            assert isinstance(video, VideoFrames)
            files = [self.out / overlay_file(self.files[frame.name]) for frame in frames]
            files = [file for file in files if file.is_file()]
            # Legends differ in height by the classes that a frame shows.
            sizes = [image_size(file) for file in files]
            size = max((h for h, _ in sizes), default=0), max((w for _, w in sizes), default=0)
            pictures = (_extended(read_image(file), size) for file in files)
            write_video(self.out / OVERLAYS / f"{name}.mkv", pictures, video.rate)

    def _write_overlay(self, file: str, picture: Image) -> None:
        write_jpeg(self.out / overlay_file(file), picture, spent=True)

    def _write_cutouts(self, file: str, pixels: Image | WindowedImage, kept: Instances) -> None:
        # From the top, as the windows of some files are read.
        numbers = sorted(range(len(kept)), key=[top for _, top, _, _ in boxes_of(kept.masks)].__getitem__)
        for number, mask in zip(numbers, each_cropped(kept.masks[number] for number in numbers), strict=True):
            if mask.mask.any():
                write_cutout(self.out / cutout_file(file, number + 1), pixels[mask.box], mask.mask)


def _reduction(pixels: Image | WindowedImage) -> int:
    """Return how many times smaller than an image its overlay is: once, but of an image that is read by windows."""
    if isinstance(pixels, np.ndarray):
        return 1
    height, width, _ = pixels.shape
    return math.ceil(max(math.sqrt(height * width / LARGE), max(height, width) / LONGEST_JPEG))


def _reduced(pixels: Image | WindowedImage, factor: int) -> Image:
    return pixels if isinstance(pixels, np.ndarray) else pixels.reduced(factor)


def reduced_objects(found: Instances, factor: int) -> Instances:
    """Return ``found`` on the image at a ``factor``-th of its size, by every ``factor``-th pixel of each mask.

    Example:
        >>> whole = Instances.empty((1000, 2000))
        >>> reduced_objects(whole, 4).size
        (250, 500)
    """
    if factor == 1:
        return found
    size = max(1, found.size[0] // factor), max(1, found.size[1] // factor)
    down, right = (min(factor // 2, side - 1) for side in found.size)
    masks = []
    for each in each_cropped(found.masks):
        top, left = -(-(each.top - down) // factor), -(-(each.left - right) // factor)
        part = each.mask[top * factor + down - each.top :: factor, left * factor + right - each.left :: factor]
        masks.append(cropped_to_rle(part[: max(0, size[0] - top), : max(0, size[1] - left)], top, left, size))
    boxes = (found.boxes / factor).astype(np.float32)
    return Instances(size, boxes, found.labels, masks, found.scores, found.crowd, found.classes)


def _extended(picture: Image, size: tuple[int, int]) -> Image:
    """Return ``picture`` with white below and on its right, ``(H, W)`` in all."""
    below, right = size[0] - picture.shape[0], size[1] - picture.shape[1]
    return np.pad(picture, ((0, below), (0, right), (0, 0)), constant_values=255)
