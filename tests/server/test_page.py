"""The page in a real browser: an image is given, sliders are moved, objects clicked, results saved, data browsed."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.errors import DataError
from maskwright.runs.loaded_model import load_model
from maskwright.server.page import page_html, picture_jpeg
from maskwright.structures import Instances
from tests.browser import in_browser
from tests.devtools import Tab, tab
from tests.reports.html_page import Page
from tests.server.served import CLASSES, picture, running, service_of

ENTER, TAB, RIGHT = ("Enter", 13), ("Tab", 9), ("ArrowRight", 39)
STATUS = "document.getElementById('status').textContent"


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Tab]:
    with tab(tmp_path) as opened:
        yield opened
        assert opened.faults == []
        hosts = {urlsplit(url).hostname for url in opened.requests if not url.startswith(("blob:", "about:"))}
        assert hosts == {"127.0.0.1"}


def slide(page: Tab, name: str, value: float) -> None:
    page.get(
        f"(e => {{e.value = {value}; e.dispatchEvent(new Event('input', {{bubbles: true}}))}})"
        f"(document.getElementById('{name}'))"
    )


def pixels(page: Tab) -> np.ndarray:
    """What the canvas shows ``(H, W, 3)``."""
    found = page.get(
        "(c => ({w: c.width, h: c.height, data: [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]}))"
        "(document.getElementById('canvas'))"
    )
    return np.array(found["data"], np.uint8).reshape(found["h"], found["w"], 4)[:, :, :3]


def downloaded(folder: Path, name: str) -> Path:
    path = folder / name
    for _ in range(400):
        if path.is_file() and path.stat().st_size and not path.with_name(f"{name}.crdownload").exists():
            return path
        time.sleep(0.05)
    raise AssertionError(f"{name} is not downloaded: {sorted(each.name for each in folder.iterdir())}")


@in_browser
def test_an_image_is_looked_at_and_its_objects_taken_home(
    models: dict[str, Path], chromium: Tab, tmp_path: Path
) -> None:
    image = picture(3, 96, 72)
    Image.fromarray(image).save(tmp_path / "street.png")
    every = load_model(models["instance"], "cpu").predict(image)
    with running(service_of(models["instance"])) as url:
        chromium.open(url)
        assert chromium.get("document.getElementById('save-json').disabled")
        chromium.give("#file", tmp_path / "street.png")
        slide(chromium, "score", 0.0)
        chromium.wait(f"{STATUS} === 'street.png: {len(every)} objects'")
        # Masks are drawn over the image: with opacity 0 there are none, with 1 the class colours.
        slide(chromium, "opacity", 0.0)
        assert np.array_equal(pixels(chromium), image)
        slide(chromium, "opacity", 1.0)
        covered = every.dense().any(axis=0)
        painted = pixels(chromium)
        palette = load_model(models["instance"], "cpu").classes.palette()[1:]
        assert np.array_equal(painted[~covered], image[~covered])
        assert {tuple(color) for color in painted[covered].tolist()} <= {tuple(color) for color in palette.tolist()}
        # The score slider leaves objects out, in the picture and in the list.
        least = float(np.sort(every.scores)[-5])
        slide(chromium, "score", np.ceil(least * 100) / 100)
        kept = every[every.scores >= np.ceil(least * 100) / 100]
        assert 0 < len(kept) < len(every)
        chromium.wait(f"{STATUS}.startsWith('street.png: {len(kept)} object')")
        assert chromium.get("document.querySelectorAll('#objects button').length") == len(kept)
        # A click on a pixel tells the smallest object there.
        y, x = np.argwhere(kept.dense().any(axis=0))[0]
        here = [i for i in range(len(kept)) if kept.dense()[i, y, x]]
        smallest = min(here, key=lambda i: kept.areas[i])
        chromium.get("document.getElementById('canvas').scrollIntoView({block: 'center'})")
        box = chromium.get(
            "(b => [b.left, b.top, b.width, b.height])(document.getElementById('canvas').getBoundingClientRect())"
        )
        chromium.click(box[0] + (x + 0.5) * box[2] / 96, box[1] + (y + 0.5) * box[3] / 72)
        name = CLASSES[kept.labels[smallest] - 1]
        said = chromium.wait("(t => t.includes('score') && t)(document.getElementById('chosen').textContent)")
        assert said.startswith(f"{name}, score {kept.scores[smallest]:.2f}, area {kept.areas[smallest]}")
        # The results can be taken home.
        for button in ("save-json", "save-labels", "save-picture"):
            chromium.get(f"document.getElementById('{button}').click()")
        content = json.loads(downloaded(tmp_path, "street.json").read_text())
        shown = downloaded(tmp_path, "street-masks.png")
        labels = np.asarray(Image.open(downloaded(tmp_path, "street-labels.png")))
        assert np.array_equal(np.asarray(Image.open(shown).convert("RGB")), pixels(chromium))
    assert Instances.from_coco(content["annotations"], (72, 96)) == kept
    assert [each["name"] for each in content["categories"]] == CLASSES
    expected = np.zeros((72, 96), np.uint8)
    for mask, label in zip(kept.dense()[::-1], kept.labels[::-1], strict=True):
        expected[mask] = label
    assert np.array_equal(labels, expected)


@in_browser
def test_what_is_no_image_is_named_and_the_next_image_is_shown(
    models: dict[str, Path], chromium: Tab, tmp_path: Path
) -> None:
    (tmp_path / "notes.png").write_bytes(b"no image")
    Image.fromarray(picture(1)).save(tmp_path / "scan.tif")
    with running(service_of(models["semantic"])) as url:
        chromium.open(url)
        chromium.give("#file", tmp_path / "notes.png")
        assert "422: the image: cannot be read as an image" in chromium.wait(f"{STATUS}.includes('422') && {STATUS}")
        chromium.faults.clear()  # the browser notes the 422 itself
        # Browsers know no TIFF: its classes are shown on grey.
        chromium.give("#file", tmp_path / "scan.tif")
        chromium.wait(f"/^scan.tif: \\d class/.test({STATUS})")
        slide(chromium, "opacity", 0.0)
        assert (pixels(chromium) == 128).all()
        assert chromium.get("document.getElementById('score')") is None


@in_browser
def test_the_data_set_is_browsed_by_keyboard_with_truth_and_prediction(
    models: dict[str, Path], labelled: tuple[Path, Path], chromium: Tab
) -> None:
    with running(service_of(models["instance"], labelled)) as url:
        chromium.open(url)
        chromium.wait("document.getElementById('progress').textContent.startsWith('6 images, 6 predicted')")
        chromium.wait("document.querySelectorAll('#images button').length === 6")
        choose = (
            "(e => {e.value = '%s'; e.dispatchEvent(new Event('change', {bubbles: true}))})"
            "(document.getElementById('%s'))"
        )
        chromium.get(choose % ("5", "label"))
        chromium.wait("document.querySelectorAll('#images button').length === 1")
        chromium.get("document.querySelector('#images button').focus()")
        chromium.press(*ENTER)
        chromium.wait(f"/^3.png: \\d+ object/.test({STATUS})")
        assert chromium.get("document.querySelector('#images button').ariaCurrent") == "true"
        # Layers: the truth alone is the annotated square, outlined.
        chromium.get(
            "document.getElementById('layer-prediction').click(); document.getElementById('layer-truth').click()"
        )
        listed = chromium.get("[...document.querySelectorAll('#objects button')].map(b => b.textContent)")
        assert listed == ["cat, area 400 px (truth)"]
        with_truth = pixels(chromium)
        chromium.get("document.getElementById('layer-truth').click()")
        changed = (with_truth != pixels(chromium)).any(axis=2)
        rows, columns = np.nonzero(changed)
        assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 29, 12, 31)
        # An error type, and a cell of the confusion matrix, lead to their images.
        chromium.get(choose % ("", "label"))
        chromium.get(choose % ("missed", "error"))
        chromium.wait("document.getElementById('listed').textContent.startsWith('6 images')")
        chromium.get("document.getElementById('matrix').open = true")
        cell = "document.querySelector('#confusion button[aria-label=\"1 cat predicted as nothing\"]')"
        chromium.wait(f"{cell} !== null")
        chromium.get(f"{cell}.focus()")
        chromium.press(*ENTER)
        chromium.wait("document.getElementById('listed').textContent === '1 image where cat is predicted as nothing'")
        assert chromium.get("document.querySelector('#images button').textContent") == "3.png"


@in_browser
def test_the_keyboard_reaches_sliders_and_objects(models: dict[str, Path], chromium: Tab, tmp_path: Path) -> None:
    Image.fromarray(picture(3)).save(tmp_path / "a.png")
    with running(service_of(models["instance"])) as url:
        chromium.open(url)
        chromium.give("#file", tmp_path / "a.png")
        slide(chromium, "score", 0.0)
        chromium.wait("document.querySelectorAll('#objects button').length > 1")
        chromium.get("document.getElementById('opacity').focus()")
        chromium.press(*RIGHT)
        assert chromium.get("document.getElementById('opacity-value').textContent") == "0.51"
        chromium.press(*TAB)
        chromium.press(*TAB) if chromium.get("document.activeElement.id === 'objects'") else None
        assert chromium.get("document.activeElement.closest('#objects') !== null")
        first = chromium.get("document.activeElement.textContent")
        chromium.press(*ENTER)
        assert chromium.get("document.getElementById('chosen').textContent") == first
        assert chromium.get("document.activeElement.textContent") == first
        assert chromium.get("document.activeElement.ariaPressed") == "true"


@in_browser
@pytest.mark.parametrize("task", ["instance", "semantic"])
def test_the_page_is_readable_wide_and_narrow_dark_and_light(
    task: str, models: dict[str, Path], labelled: tuple[Path, Path], chromium: Tab, tmp_path: Path
) -> None:
    axe = pytest.importorskip("axe_core_python", reason="no axe-core-python")
    source = next(Path(axe.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
    with running(service_of(models[task], labelled)) as url:
        for width in (400, 1280):
            for dark in (False, True):
                chromium.shade(dark)
                chromium.open(url, width)
                chromium.wait("document.getElementById('progress').textContent.startsWith('6 images, 6 predicted')")
                chromium.wait("document.querySelectorAll('#confusion tr').length")
                chromium.get("document.getElementById('matrix').open = true")
                chromium.wait("document.querySelectorAll('#images button').length === 6")
                chromium.get("document.querySelector('#images button').click()")
                chromium.wait(f"/^1.png: \\d+ (object|class)/.test({STATUS})")
                chromium.do("Page.setBypassCSP", enabled=True)
                chromium.do("Runtime.evaluate", expression=source)
                found = chromium.get(
                    "axe.run({resultTypes: ['violations']}).then(r => r.violations.filter(v => "
                    "['serious', 'critical'].includes(v.impact)).map(v => `${v.id}: ${v.nodes[0].html} "
                    "${v.nodes[0].failureSummary}`))"
                )
                assert found == [], (width, dark)
                assert chromium.get("document.documentElement.scrollWidth") <= width
                chromium.picture(tmp_path / f"{task}-{width}-{'dark' if dark else 'light'}.png")


def test_names_cannot_write_the_page(models: dict[str, Path]) -> None:
    from maskwright.structures import ClassTable

    service = service_of(models["semantic"])
    nasty = ClassTable.from_names(['"><script>alert(1)</script>', "a\x1b[31m", "<img src=x>"])
    html = page_html(service.served, nasty, None)
    service.close()
    page = Page(html)
    assert page.unbalanced == []
    assert [each.get("src") for each in page.named("script")] == ["/page.js"]
    assert page.named("img") == []
    assert not [each for _, each in page.tags if any(name.startswith("on") or name == "style" for name in each)]


def test_pictures_are_jpeg_within_its_limit() -> None:
    image = picture(2)
    shown = cv2.imdecode(np.frombuffer(picture_jpeg(image), np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert np.abs(shown.astype(int) - image).mean() < 6
    with pytest.raises(DataError, match="a JPEG can have"):
        picture_jpeg(np.zeros((1, 70_000, 3), np.uint8))
