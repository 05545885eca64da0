"""The fonts of text on images: DejaVu Sans, and for letters that it lacks a font of the machine.

DejaVu Sans comes with matplotlib and is the same on every machine. It has Latin, Greek, Cyrillic, Arabic, Hebrew,
Armenian and Georgian letters. Letters of other scripts are drawn with the first font of the machine that has them.
"""

import importlib.util
import os
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from PIL import ImageFont, features

from maskwright.files import home_folder

Font = ImageFont.FreeTypeFont

# A size at which glyphs of different letters have different pixels.
_PROBE_SIZE = 24
# No font has a glyph for it: what is drawn is the font's sign for an absent letter.
_NO_LETTER = "\U0010ffff"
_MOST_FONTS = 2000
# Unicode's categories of marks, spaces and joiners: they are drawn in the font of the letter before them.
_FOLLOWING = "MZC"

# Names of font families with the letters of many languages, the best first; other fonts of the machine come after.
_PREFERRED = (
    "notosanscjk", "notosans", "sourcehansans", "wqy", "droidsansfallback", "pingfang", "hiragino", "msyh", "yugoth",
    "msgothic", "malgun", "nirmala", "mangal", "leelaw", "arialuni", "freesans", "unifont",
)  # fmt: skip
# Letters of these names are joined, stacked or read from the right: Pillow needs Raqm to set them.
_NEED_SHAPING = (
    "ARABIC", "HEBREW", "SYRIAC", "THAANA", "NKO", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL",
    "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "MYANMAR", "KHMER", "TIBETAN", "MONGOLIAN",
)  # fmt: skip


def split_by_font(text: str, size: int) -> list[tuple[Font, str]]:
    """Return the parts of one line of ``text``, from its beginning, each with the font of ``size`` pixels that has it.

    Letters that no font has are in a part of DejaVu Sans, which draws a box for each.
    """
    if text.isascii():
        return [(_font(_dejavu(), size), text)] if text else []
    parts: list[tuple[Path, str]] = []
    for letter in text:
        before = parts[-1][0] if parts else None
        follows = unicodedata.category(letter)[0] in _FOLLOWING and before is not None and _has(before, letter)
        path = before if follows and before is not None else _font_with(letter) or _dejavu()
        if path == before:
            parts[-1] = (path, parts[-1][1] + letter)
        else:
            parts.append((path, letter))
    return [(_font(path, size), part) for path, part in parts]


def can_write(text: str) -> bool:
    """Return whether the machine can draw ``text``: a font has each letter, and Raqm can join those that need it."""
    return text.isascii() or all(
        _font_with(letter) is not None and (_has_raqm() or not _needs_shaping(letter)) for letter in text
    )


@cache
def _dejavu() -> Path:
    # Found without importing matplotlib, which takes a third of a second.
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ImportError("matplotlib: is not installed; its font DejaVu Sans is needed. Install maskwright again.")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"


@cache
def _font(path: Path, size: int) -> Font:
    return ImageFont.truetype(str(path), size)


@cache
def _font_with(letter: str) -> Path | None:
    """Return the font that draws ``letter``: DejaVu Sans where it can, else a font of the machine, else None."""
    return next((path for path in (_dejavu(), *_fonts_of_machine()) if _has(path, letter)), None)


@cache
def _has(path: Path, letter: str) -> bool:
    """Return whether the font in the file has a glyph for ``letter``; False for a file that is no font."""
    if letter.isspace():
        return True
    try:
        font = _probe(path)
        return _pixels(font, letter) != _absent_letter(path)
    except (OSError, ValueError):
        return False


@cache
def _probe(path: Path) -> Font:
    # Laid out letter by letter: Raqm draws nothing for a mark without its letter.
    return ImageFont.truetype(str(path), _PROBE_SIZE, layout_engine=ImageFont.Layout.BASIC)


@cache
def _absent_letter(path: Path) -> tuple[tuple[int, int], bytes]:
    return _pixels(_probe(path), _NO_LETTER)


def _pixels(font: Font, letter: str) -> tuple[tuple[int, int], bytes]:
    mask: Any = font.getmask(letter)
    return mask.size, bytes(mask)


@cache
def _fonts_of_machine() -> tuple[Path, ...]:
    """Return the regular fonts of the machine, those with the letters of many languages first."""
    found = [path for folder in _folders() if folder.is_dir() for path in _files(folder)]
    return tuple(sorted(found[:_MOST_FONTS], key=_rank))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        plain = not any(word in path.stem.lower() for word in ("bold", "italic", "oblique", "mono", "serif"))
        if path.suffix.lower() in (".ttf", ".ttc", ".otf") and plain:
            yield path


def _rank(path: Path) -> tuple[int, str]:
    name = path.stem.lower().replace("-", "").replace("_", "")
    place = next((rank for rank, family in enumerate(_PREFERRED) if name.startswith(family)), len(_PREFERRED))
    return place, str(path)


def _folders() -> list[Path]:
    home = home_folder()
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", "C:\\Windows")) / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts", home / ".local/share/fonts"]


@cache
def _has_raqm() -> bool:
    return bool(features.check("raqm"))


def _needs_shaping(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_NEED_SHAPING)
