"""The coastline in the package: Natural Earth 1:110 million, public domain (see data/make_coastline.py)."""

import functools
import json
from pathlib import Path

FILE = Path(__file__).parent / "data" / "coastline.json"
TENTHS = 10


@functools.cache
def coastline() -> tuple[tuple[int, ...], ...]:
    """Polylines from 0 to 360 degrees east: longitude, latitude, longitude, ... in tenths of a degree."""
    return tuple(map(tuple, json.loads(FILE.read_text(encoding="utf-8"))["lines"]))


def coast_rows(window: tuple[float, float, float, float]) -> list[dict[str, float]]:
    """Points of the lines that touch a window (west, east, south, north), for a chart: `p` numbers the line.

    Lines are repeated 360 degrees to either side where the window reaches beyond 0 to 360.
    """
    west, east, south, north = window
    rows, number = [], 0
    for turn in (-360, 0, 360):
        for line in coastline():
            xs = [x / TENTHS + turn for x in line[::2]]
            ys = [y / TENTHS for y in line[1::2]]
            if max(xs) > west and min(xs) < east and max(ys) > south and min(ys) < north:
                rows += [
                    {"p": number, "i": i, "x": x, "y": y} for i, (x, y) in enumerate(zip(xs, ys, strict=True))
                ]
                number += 1
    return rows
