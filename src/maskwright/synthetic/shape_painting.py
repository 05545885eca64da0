"""The appearance of the built-in shapes: textured backgrounds and fills, light, and the fog of the shifted domain.

A canvas is ``(H, W, 3)`` float32 RGB in 0..255, not yet clipped. Colours and textures do not depend on the class, so
that only the outline distinguishes classes.
"""

import colorsys
import math

import cv2
import numpy as np
import numpy.typing as npt

Canvas = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_MIN_CONTRAST = 105.0


def background(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """Return a background: two related colours blended across the image, noise of three scales, sometimes stripes."""
    first, second = _color(rng, 0.1, 0.4, 0.3, 0.85), _color(rng, 0.1, 0.4, 0.3, 0.85)
    blend = (0.6 * _gradient(rng, height, width) + 0.2)[..., None]
    scales = ((3, 0.06), (10, 0.04), (40, 0.03))
    relief = np.sum([strength * _noise(rng, height, width, cells) for cells, strength in scales], axis=0)
    if rng.random() < 0.3:
        relief = relief + 0.05 * _stripes(rng, height, width)
    return ((first * (1 - blend) + second * blend) * (1 + relief[..., None])).astype(np.float32)


def fill(canvas: Canvas, mask: Mask, rng: np.random.Generator) -> None:
    """Paint the pixels of ``mask`` ``(H, W)`` in a colour that contrasts with the surrounding pixels."""
    x, y, columns, rows = cv2.boundingRect(mask.astype(np.uint8))
    # One pixel wider than the shape, where the image allows: the contrast is measured against these pixels.
    window = slice(max(y - 1, 0), y + rows + 1), slice(max(x - 1, 0), x + columns + 1)
    patch, inside = canvas[window], mask[window]
    height, width = patch.shape[:2]
    color = _contrasting_color(rng, patch[_rim(inside)])
    relief = 0.06 * _noise(rng, height, width, 6) + 0.16 * (_gradient(rng, height, width) - 0.5)
    if rng.random() < 0.3:
        relief = relief + 0.07 * _stripes(rng, height, width)
    depth = cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    shade = 0.72 + 0.28 * np.clip(depth / 3.5, 0, 1)
    paint = color * ((1 + relief) * shade)[..., None]
    # The outermost pixels are blended with the background: edges look soft and stay inside the mask.
    cover = np.where(depth < 1.5, 0.75, 1.0)[..., None]
    patch[inside] = (patch * (1 - cover) + paint * cover)[inside]


def photograph(canvas: Canvas, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return ``canvas`` as an image ``(H, W, 3)`` uint8 of a good camera, with little noise."""
    return _expose(canvas, rng, 3.0)


def fog(canvas: Canvas, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return ``canvas`` as an image ``(H, W, 3)`` uint8 of a poor camera in fog: haze, blur, colour cast and noise."""
    haze = (rng.uniform(0.3, 0.4) + 0.3 * _gradient(rng, *canvas.shape[:2]))[..., None]
    hazy = canvas * (1 - haze) + rng.uniform(185, 215) * haze
    soft = cv2.GaussianBlur(hazy.astype(np.float32), (0, 0), rng.uniform(0.7, 1.1))
    return _expose(soft * rng.uniform(0.86, 1.1, 3), rng, 9.0)


def _expose(canvas: npt.NDArray[np.floating], rng: np.random.Generator, sigma: float) -> npt.NDArray[np.uint8]:
    grain = rng.normal(0, sigma, canvas.shape)
    return (canvas + grain).round().clip(0, 255).astype(np.uint8)


def _color(rng: np.random.Generator, pale: float, rich: float, dark: float, bright: float) -> Canvas:
    """Return an RGB colour ``(3,)`` in 0..255 of any hue, with saturation and value between the bounds (0..1)."""
    rgb = colorsys.hsv_to_rgb(rng.random(), rng.uniform(pale, rich), rng.uniform(dark, bright))
    return 255 * np.array(rgb, np.float32)


def _contrasting_color(rng: np.random.Generator, surroundings: npt.NDArray[np.float32]) -> Canvas:
    """Return the first of eight random colours that contrasts with ``surroundings`` ``(pixels, 3)``, else the best."""
    candidates = np.stack([_color(rng, 0.35, 0.85, 0.35, 1.0) for _ in range(8)])
    distances = np.linalg.norm(candidates[:, None] - surroundings[None], axis=2)
    contrast = np.percentile(distances, 10, axis=1)
    return candidates[np.argmax(contrast >= _MIN_CONTRAST) if contrast.max() >= _MIN_CONTRAST else contrast.argmax()]


def _rim(inside: Mask) -> Mask:
    """Return the pixels that touch ``inside`` from outside."""
    return cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~inside


def _noise(rng: np.random.Generator, height: int, width: int, cells: int) -> Canvas:
    """Return smooth noise ``(H, W)`` of standard deviation about 1, with ``cells`` bumps along each side."""
    grid = rng.normal(size=(cells, cells)).astype(np.float32)
    return cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)


def _ramp(rng: np.random.Generator, height: int, width: int) -> npt.NDArray[np.float64]:
    """Return the distance in pixels ``(H, W)`` from the centre along a random direction."""
    angle = rng.uniform(0, 2 * math.pi)
    y, x = np.ogrid[:height, :width]
    return math.cos(angle) * (x - width / 2) + math.sin(angle) * (y - height / 2)


def _gradient(rng: np.random.Generator, height: int, width: int) -> npt.NDArray[np.float64]:
    """Return a plane ``(H, W)`` that rises from 0 to 1 in a random direction."""
    ramp = _ramp(rng, height, width)
    return (ramp - ramp.min()) / max(float(np.ptp(ramp)), 1.0)


def _stripes(rng: np.random.Generator, height: int, width: int) -> npt.NDArray[np.float64]:
    """Return parallel waves ``(H, W)`` between −1 and 1, with a random period of 5 to 12 pixels."""
    return np.sin(_ramp(rng, height, width) * (2 * math.pi / rng.uniform(5, 12)) + rng.uniform(0, 2 * math.pi))
