"""Letters of every script: DejaVu Sans has many, fonts of the machine the others, and what neither has is known."""

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
from PIL import features

from maskwright.images import fonts
from maskwright.images.fonts import can_write, split_by_font

TTF = Path(mpl.get_data_path()) / "fonts" / "ttf"
CJK, DEVANAGARI, ARABIC = "斑马", "ज़ेबरा", "حمار وحشي"


@pytest.fixture(autouse=True)
def fonts_of_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The fonts of the machine: none, until a test adds some."""
    found: list[Path] = []
    monkeypatch.setattr(fonts, "_fonts_of_machine", lambda: tuple(found))
    fonts._font_with.cache_clear()
    yield found
    fonts._font_with.cache_clear()


def parts(text: str) -> list[tuple[str, str]]:
    return [(str(font.getname()[0]), part) for font, part in split_by_font(text, 15)]


@pytest.mark.parametrize("text", ["zebra", "écureuil", "зебра", "ζέβρα", "զեբր", "→ 0.93"])
def test_dejavu_sans_has_the_letters_of_these(text: str) -> None:
    assert parts(text) == [("DejaVu Sans", text)]
    assert can_write(text)


@pytest.mark.skipif(not features.check("raqm"), reason="Pillow without Raqm")
def test_with_raqm_arabic_letters_are_joined() -> None:
    assert can_write(ARABIC)
    (font, text), *others = split_by_font(ARABIC, 30)
    assert not others
    joined, apart = font.getlength(text), sum(font.getlength(letter) for letter in text)
    assert joined < 0.97 * apart, "joined letters are narrower than single ones"


def test_without_raqm_no_letter_that_needs_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_has_raqm", lambda: False)
    assert not can_write(ARABIC)
    assert not can_write("זברה")
    assert can_write("зебра")


@pytest.mark.parametrize("text", [CJK, DEVANAGARI])
def test_letters_that_no_font_has_are_known(text: str) -> None:
    assert not can_write(text)
    assert parts(text) == [("DejaVu Sans", text)]


def test_a_font_of_the_machine_draws_the_letters_that_dejavu_lacks(fonts_of_machine: list[Path]) -> None:
    # It has a sign for every letter there is.
    fonts_of_machine.append(TTF / "LastResortHE-Regular.ttf")
    (first, cjk), (second, rest) = parts(f"{CJK} zebra")
    assert (cjk, rest) == (f"{CJK} ", "zebra")
    assert first != second == "DejaVu Sans"
    assert can_write(CJK)


def test_a_file_that_is_no_font_is_passed_over(fonts_of_machine: list[Path], tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    fonts_of_machine += [tmp_path / "broken.ttf", TTF / "LastResortHE-Regular.ttf"]
    assert can_write(CJK)


def test_of_the_fonts_of_a_machine_regular_ones_of_many_languages_come_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("a.ttf", "NotoSans-Bold.ttf", "sub/NotoSansCJK-Regular.ttc", "FreeSans.otf", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.undo()
    monkeypatch.setattr(fonts, "_folders", lambda: [tmp_path, tmp_path / "absent"])
    fonts._fonts_of_machine.cache_clear()
    names = [path.name for path in fonts._fonts_of_machine()]
    fonts._fonts_of_machine.cache_clear()
    assert names == ["NotoSansCJK-Regular.ttc", "FreeSans.otf", "a.ttf"]
