"""The images of Label Studio's tasks: files of a folder, or the task's own content. Nothing is fetched."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from maskwright.errors import DataError
from maskwright.images.decode import image_path
from maskwright.server.refusal import Refusal
from maskwright.server.uploads import from_base64

# What Label Studio puts before the name of an uploaded file.
_UPLOAD = re.compile(r"[0-9a-f]{8}-(.+)", re.ASCII)


def task_image(address: object, folder: Path | None) -> bytes:
    """Return the content of the image file that a task names by ``address``.

    A file is looked for in ``folder`` by its path, then by shorter ends of it, at last by its name without the mark of
    an upload. Raises ``Refusal`` 422 for an image that is not there, and for a name that leads out of the folder.
    """
    if not isinstance(address, str) or not address:
        raise Refusal(422, "the task has no image; expected an address as text.")
    if address.startswith("data:"):
        return from_base64(address)
    if folder is None:
        raise Refusal(422, f"the image '{address[:200]}' is not fetched; start the service with --images FOLDER.")
    for name in candidates(address):
        try:
            path = image_path(folder, name, follow_links=False)
        except DataError as error:
            raise Refusal(422, f"the image '{address[:200]}': {error}") from error
        if path.is_file():
            try:
                return path.read_bytes()
            except OSError as error:
                raise Refusal(422, f"the image '{address[:200]}' cannot be read ({error.strerror}).") from error
    raise Refusal(422, f"the image '{address[:200]}' is not in the folder of --images; put it there.")


def candidates(address: str) -> list[str]:
    """Return the names, relative to a folder, under which the file of an ``address`` may be found, best first.

    Example:
        >>> from maskwright.server.label_studio.task_images import candidates
        >>> candidates("/data/local-files/?d=photos/a.jpg")
        ['photos/a.jpg', 'a.jpg']
        >>> candidates("/data/upload/1/42d46c4c-a.jpg")[-1]
        'a.jpg'
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return []
    local = parse_qs(parts.query).get("d")
    path = PurePosixPath(local[0] if local else unquote(parts.path))
    pieces = [piece for piece in path.parts if piece != "/"]
    names = ["/".join(pieces[start:]) for start in range(len(pieces))]
    uploaded = _UPLOAD.fullmatch(pieces[-1]) if pieces else None
    return [*names, *([uploaded[1]] if uploaded is not None else [])]
