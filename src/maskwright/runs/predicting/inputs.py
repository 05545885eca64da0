"""The images that are predicted: files, entries of ZIP files, frames of videos; read ahead, skipped where broken."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from maskwright.errors import DataError, UsageError, require_folder, some_of
from maskwright.images.decode import decode_image, find_images, image_size, read_image
from maskwright.images.video_frames import VideoFrames, is_video
from maskwright.images.windowed_images import WindowedImage, open_windowed_image
from maskwright.images.zip_images import ZipImages
from maskwright.parallel.threads import map_in_threads
from maskwright.prediction.sources import Image

# Images of more pixels are read one by one: several of them would fill the memory.
LARGE = 8_000_000
# Folders that are looked into for images, where the one that was named has none.
_FOLDERS = 200

RequireSize = Callable[[tuple[int, int]], None]


@dataclass(frozen=True)
class ImageInput:
    """An image by its ``name`` in results: the file at ``path``, or what ``member`` says of the ``archive`` there.

    That is the name of an entry of a ZIP file, or the number of a frame of a video.
    """

    name: str
    path: Path
    archive: ZipImages | VideoFrames | None = None
    member: str = ""

    def __str__(self) -> str:
        """Return what messages call it."""
        if isinstance(self.archive, VideoFrames):
            return f"{self.path}: frame {self.member}"
        return str(self.path) if self.archive is None else f"{self.path}: '{self.member}'"

    def read(
        self, require_size: RequireSize, largest: int | None = None, window: int | None = None
    ) -> Image | WindowedImage | None:
        """Return the pixels ``(H, W, 3)`` uint8 RGB; None for an image of more pixels than ``largest``.

        ``require_size`` is given ``(H, W)`` before any pixel is decoded, and raises ``DataError`` for a size that it
        refuses. With a ``window`` it is given that of a window, where a large image of its own file can be read by
        windows, and the image is returned unread. Raises ``DataError`` when the image cannot be read.
        """
        unread = open_windowed_image(self.path, LARGE) if window is not None and self.archive is None else None
        if window is not None and unread is not None:
            require_size((min(window, unread.shape[0]), min(window, unread.shape[1])))
            return unread
        content = self.archive.content(self.member) if isinstance(self.archive, ZipImages) else None
        size = self.archive.size if isinstance(self.archive, VideoFrames) else self._size(content)
        if size is not None:
            try:
                require_size(size)
            except DataError as error:
                raise DataError(f"{self}: {error}") from error
            if largest is not None and size[0] * size[1] > largest:
                return None
        if isinstance(self.archive, VideoFrames):
            return self.archive.frame(int(self.member))
        return read_image(self.path) if content is None else decode_image(content, str(self))

    def _size(self, content: bytes | None) -> tuple[int, int] | None:
        """Return ``(H, W)`` by the header, or None, where the reader says what is wrong."""
        try:
            return image_size(self.path if content is None else content)
        except DataError:
            return None


def find_inputs(sources: Iterable[Path], every: int = 1) -> tuple[list[ImageInput], dict[str, str]]:
    """Return the images of all ``sources`` once each, and the reason for each entry of a ZIP file that is not read.

    A source is a file, a folder (without its subfolders), a glob, a ZIP file, or a video, of which one frame in
    ``every`` is taken, the first one first.

    Raises ``UsageError`` for a source without an image, ``DataError`` for a damaged ZIP file or video.
    """
    if every < 1:
        raise UsageError(f"--every {every}: expected 1 or more frames.")
    found: dict[tuple[Path, str], ImageInput] = {}
    refused: dict[str, str] = {}
    for source in sources:
        if is_video(source):
            images, reasons = _frames(source, every), {}
        else:
            images, reasons = _archived(source) if _is_zip(source) else (_files(source), {})
        found |= {(image.path, image.member): image for image in images}
        refused |= reasons
        if not images and not reasons:
            if not source.is_dir() and not source.is_file() and "*" not in source.name:
                require_folder(source, "images")
            raise _no_image(source)
    return list(found.values()), refused


def _no_image(source: Path) -> UsageError:
    """Return the error for a ``source`` without an image; it names the folders inside that have some."""
    found = f"{source}: no image here; expected jpg, png, bmp, tif or webp files, a ZIP of them, or a video."
    inside = islice((folder for level in ("*/", "*/*/") for folder in source.glob(level)), _FOLDERS)
    folders = [folder for folder in sorted(inside) if find_images(folder)] if source.is_dir() else []
    if not folders:
        return UsageError(found)
    error = UsageError(f"{found} There are images in {some_of(folders, 3)}.")
    return error.try_next(replaced={str(source): str(folders[0])}) if len(folders) == 1 else error


def read_ahead(
    inputs: Iterable[ImageInput],
    require_size: RequireSize,
    skipped: dict[str, str],
    threads: int,
    window: int | None = None,
) -> Iterator[tuple[ImageInput, Any]]:
    """Yield each image with its pixels, in the order of ``inputs``; ``threads`` decode the next ones meanwhile.

    With a ``window`` those of a large one are a :class:`~maskwright.images.windowed_images.WindowedImage`, if they can.

    An image that cannot be read, or whose size ``require_size`` refuses, is left out; ``skipped`` gets the reason by
    its name.
    """
    for image, pixels in map_in_threads(partial(_read, require_size=require_size, window=window), inputs, threads):
        try:
            if isinstance(pixels, DataError):
                raise pixels
            seen = pixels if pixels is not None else image.read(require_size, window=window)
        except DataError as error:
            skipped[image.name] = str(error)
            continue
        assert seen is not None
        yield image, seen


def _read(
    image: ImageInput, require_size: RequireSize, window: int | None
) -> tuple[ImageInput, Image | WindowedImage | DataError | None]:
    try:
        return image, image.read(require_size, LARGE, window)
    except DataError as error:
        return image, error


def _is_zip(source: Path) -> bool:
    return source.suffix.lower() == ".zip" and source.is_file()


def _files(source: Path) -> Sequence[ImageInput]:
    return [ImageInput(path.name, path) for path in find_images(source)]


def _archived(source: Path) -> tuple[Sequence[ImageInput], dict[str, str]]:
    archive = ZipImages.open(source)
    return [ImageInput(PurePosixPath(name).name, source, archive, name) for name in archive.names], archive.refused


def _frames(source: Path, every: int) -> Sequence[ImageInput]:
    video = VideoFrames(source, every)
    return [ImageInput(f"{source.stem}-{number:06d}", source, video, str(number)) for number in video.wanted]


def videos_of(inputs: Iterable[ImageInput]) -> dict[str, list[ImageInput]]:
    """Return the frames among ``inputs`` by the name of their video, without its suffix."""
    found: dict[str, list[ImageInput]] = {}
    for image in inputs:
        if isinstance(image.archive, VideoFrames):
            found.setdefault(image.path.stem, []).append(image)
    return found
