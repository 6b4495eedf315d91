"""A picture beside its depth, with a bar that says the metres."""

import importlib
from io import BytesIO
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from gnomon.report.palette import MAPS, SURFACE
from gnomon.spec.errors import MissingExtra

COLOURS = MAPS["light"]["amount"]  # lightness falls all the way: any eye, and a grey print, keeps the order
WIDEST, TALLEST, LARGEST_ZOOM = 640, 480, 4.0
_LEAST_RATIO = 1.05  # of far over near: a flat wall is not stretched over all colours
_EDGE, _BAR, _LETTERS = 12, 18, 14


def side_by_side(
    image: UInt8[np.ndarray, "y x 3"],
    depth: Float[np.ndarray, "y x"],
    span: tuple[float, float] | None = None,
) -> bytes:
    """A PNG: the picture, its depth, and the bar of colours in metres.

    Colours follow the logarithm of depth: near is pale and far is dark. Without `span` the bar runs from the nearest to
    the farthest hundredth of this map, so that colours of two maps are not to be compared; what lies outside takes the
    colour of the end.
    """
    pillow, drawing, fonts = (_part(p) for p in ("PIL.Image", "PIL.ImageDraw", "PIL.ImageFont"))
    near, far = span or span_of(depth)
    rows, columns = depth.shape
    zoom = min(WIDEST / columns, TALLEST / rows, LARGEST_ZOOM)
    panel = (max(round(columns * zoom), 1), max(round(rows * zoom), 1))
    left = pillow.fromarray(image).resize(panel, pillow.Resampling.BILINEAR)
    right = pillow.fromarray(np.log(depth).astype(np.float32)).resize(panel, pillow.Resampling.BILINEAR)
    coloured = pillow.fromarray(shades(np.exp(np.asarray(right)), near, far))
    font = fonts.load_default(_LETTERS)
    tall = max(panel[1], 8 * _LETTERS)  # the bar needs room for its numbers
    bar_at = 3 * _EDGE + 2 * panel[0]
    sheet = pillow.new(
        "RGB", (bar_at + _BAR + 6 * _LETTERS, tall + 2 * _EDGE + 2 * _LETTERS), SURFACE["light"]["paper"]
    )
    sheet.paste(left, (_EDGE, _EDGE))
    sheet.paste(coloured, (2 * _EDGE + panel[0], _EDGE))
    steps = np.exp(np.linspace(np.log(far), np.log(near), tall))
    bar = shades(np.repeat(steps[:, None], _BAR, axis=1), near, far)
    sheet.paste(pillow.fromarray(bar), (bar_at, _EDGE))
    pen = drawing.Draw(sheet)
    _marks(pen, font, near, far, bar_at + _BAR, tall)
    words = f"depth, {near:.3g} to {far:.3g} m"
    pen.text((2 * _EDGE + panel[0], tall + _EDGE + 4), words, fill=SURFACE["light"]["ink"], font=font)
    out = BytesIO()
    sheet.save(out, format="PNG")
    return out.getvalue()


def span_of(depth: Float[np.ndarray, "y x"]) -> tuple[float, float]:
    """The nearest and the farthest hundredth of a map, a little apart where it is flat."""
    near, far = (float(d) for d in np.quantile(depth, (0.01, 0.99)))
    if far < near * _LEAST_RATIO:
        middle = (near * far) ** 0.5
        near, far = middle / _LEAST_RATIO**0.5, middle * _LEAST_RATIO**0.5
    return near, far


def shades(depth: Float[np.ndarray, "y x"], near: float, far: float) -> UInt8[np.ndarray, "y x 3"]:
    """The colour of every depth, by its logarithm between two ends."""
    stops = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in COLOURS], float)
    part = np.clip(np.log(depth / near) / np.log(far / near), 0, 1)
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.rint(np.interp(part, places, stops[:, c])) for c in range(3)], axis=-1).astype(
        np.uint8
    )


def ticks(near: float, far: float) -> list[float]:
    """Round metres within a span: 1, 2 and 5 times powers of ten, or even steps where the span holds fewer than two."""
    powers = range(int(np.floor(np.log10(near))), int(np.ceil(np.log10(far))) + 1)
    found = [m * 10.0**p for p in powers for m in (1, 2, 5) if near <= m * 10.0**p <= far]
    if len(found) >= 2:
        return found
    step = 10.0 ** np.floor(np.log10((far - near) / 2))
    step *= next(m for m in (5, 2, 1) if m * step <= (far - near) / 2)
    return [float(n * step) for n in range(int(np.ceil(near / step)), int(np.floor(far / step)) + 1)]


def _marks(pen: Any, font: Any, near: float, far: float, at: int, tall: int) -> None:
    """Ticks and their words, from the far end down; those that would touch are left out."""
    free = -np.inf
    for metres in sorted(ticks(near, far), reverse=True):
        y = _EDGE + (tall - 1) * float(np.log(far / metres) / np.log(far / near))
        if y - free < _LETTERS + 2:
            continue
        free = y
        pen.line([(at, y), (at + 4, y)], fill=SURFACE["light"]["ink"])
        pen.text((at + 8, y), f"{metres:.4g} m", fill=SURFACE["light"]["ink"], font=font, anchor="lm")


def _part(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra("scene", "pillow") from None
