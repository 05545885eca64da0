"""The one opener of images through Pillow, with the formats that it may decode: none starts another program."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from PIL import Image, UnidentifiedImageError

from maskwright.files import require_regular_file
from maskwright.limits import beyond_limit, input_limit

# What Pillow decodes by itself. Without EPS, for which it starts Ghostscript: an image must not run a program.
FORMATS = (
    *("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF", "PPM", "JPEG2000", "AVIF"),
    *("PCX", "ICO", "DDS", "DIB", "SGI", "SUN", "QOI", "MSP", "PSD", "TGA"),
)


def open_image(source: Path | IO[bytes], formats: Sequence[str] = FORMATS, any_size: bool = False) -> Image.Image:
    """Open the image in ``source`` and read its header without decoding pixels; the caller closes it.

    Unlike ``Image.open`` it knows the ``formats`` only, whatever the name of the file says. With ``any_size`` it
    opens an image of any number of pixels, so that their number can be reported.

    Raises ``UnidentifiedImageError`` when the format is not one of ``formats``, ``ValueError`` when the image has more
    pixels than the limit ``image-pixels``, ``OSError`` when it is no regular file, and Pillow's own errors for a
    damaged header.
    """
    image = _identified(source, formats)
    if not any_size and image.width * image.height > input_limit("image-pixels"):
        image.close()
        raise ValueError(
            f"it has {image.width}×{image.height} pixels; {beyond_limit('image-pixels')}; or cut it into tiles"
        )
    return image


def _identified(source: Path | IO[bytes], formats: Sequence[str]) -> Image.Image:
    head = _head(source)
    for load_readers in (Image.preinit, Image.init):  # the common readers; all readers, which takes a while
        load_readers()
        for name in formats:
            factory, accept = Image.OPEN.get(name, (None, None))
            if factory is not None and (accept is None or accept(head) is True):
                try:
                    # Given a name, it opens the file itself and closes it with the image.
                    return factory(cast("IO[bytes]", str(source) if isinstance(source, Path) else source), "")
                except SyntaxError:  # Pillow raises it when the file is of another format after all
                    _head(source)
    raise UnidentifiedImageError("it is of no known image format")


def _head(source: Path | IO[bytes]) -> bytes:
    """Return the first bytes, which name the format; a stream is at its beginning afterwards."""
    if isinstance(source, Path):
        with require_regular_file(source).open("rb") as file:
            return file.read(16)
    source.seek(0)
    head = source.read(16)
    source.seek(0)
    return head
