"""Curve data made small: numbers rounded to what a screen can show, every array stored once, the whole compressed."""

import base64
import gzip
import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from gnomon.report.charts import drawn, labels, scheme_slots, slots, template, template_of, theme
from gnomon.report.coastline import coastline
from gnomon.report.palette import ROLES
from gnomon.report.panels import SPHERE, marks_of, panel_colours, panels, shape_of, thinned
from gnomon.spec.results import Curve, Series

DIGITS = 4
LEVELS = 255  # grey levels of a raster
FINE = 1000  # of a map, whose colours have sharp borders


class Pool:
    """Figures of a report. Arrays (truth, floor, null, axes) and whole figures shared by learners are kept once.

    Args:
        points: the most of a curve.
        maps: whether maps are taken, which weigh more than all other figures together.
    """

    def __init__(self, points: int, *, maps: bool = True):
        self.points, self.maps = points, maps
        self.arrays: list[list[float | None]] = []
        self.figures: list[dict[str, Any]] = []
        self._array_at: dict[tuple[float | None, ...], int] = {}
        self._figure_at: dict[bytes, int] = {}
        self.thinned = False
        self.left_out = 0  # figures

    def takes(self, curve: Curve) -> bool:
        """Whether a figure is to be added; one that is not is counted."""
        taken = self.maps or curve.kind != "map"
        self.left_out += not taken
        return taken

    def add(self, curve: Curve) -> int:
        """The number of a figure."""
        if curve.kind in SPHERE:
            return self._once(self._sphere(curve))
        figure: dict[str, Any] = {
            "k": curve.kind,
            "t": template_of(curve),
            "n": curve.name,
            "v": slots(curve),
            "log": curve.log,
        }
        named = labels(curve)
        if curve.kind == "raster":
            figure["extent"] = curve.extent
            figure["images"] = [[label, role, *self._image(curve.rasters[label])] for label, role in named]
        else:
            figure["series"] = [
                [label, role, *self._series(s)] for (label, role), s in zip(named, drawn(curve), strict=True)
            ]
        return self._once(figure)

    def _once(self, figure: dict[str, Any]) -> int:
        key = msgspec.json.encode(figure)
        if key not in self._figure_at:
            self._figure_at[key] = len(self.figures)
            self.figures.append(figure)
        return self._figure_at[key]

    def plain(self) -> dict[str, Any]:
        """Everything the page needs to draw, as plain data."""
        return {
            "arrays": self.arrays,
            "figures": self.figures,
            "templates": {name: template(name) for name in sorted({f["t"] for f in self.figures})},
            "coast": coastline() if any(f["k"] in ("map", "tracks") for f in self.figures) else [],
            "roles": ROLES,
            "theme": {"light": theme("light"), "dark": theme("dark")},
        }

    def _sphere(self, curve: Curve) -> dict[str, Any]:
        """A figure of the sphere; what the page cannot work out in ten lines is worked out here."""
        small = thinned(curve, max(24, int(self.points / 2)))
        self.thinned |= small is not curve
        kind, count, span = shape_of(small)
        figure: dict[str, Any] = {"k": kind, "t": template_of(small), "n": small.name, "log": small.log}
        figure["v"] = slots(small)
        schemes = ("light", "dark")
        figure["s"] = {
            s: scheme_slots(small, s, figure["v"]) | {"$colours": panel_colours(small, s)} for s in schemes
        }
        figure["shape"] = [count, *map(short, span), len(small.row_labels), len(small.column_labels)]
        if small.series:
            arrays = [(s, [self._array(s.x), self._array(s.y)]) for s in small.series]
            order = {name: k for k, name in enumerate(panels(small))}
            figure["series"] = [[order[s.label], s.label, s.role, *a, list(s.names or ())] for s, a in arrays]
            return figure
        figure["edges"] = [self._array(small.x_edges or ()), self._array(small.y_edges or ())]
        figure["images"] = []
        for name in panels(small):
            image = small.rasters[name]
            exact = [None, None, self._array(v for row in image for v in row)]
            shown = exact if kind == "portrait" else self._grey(image, FINE)
            wide = len(image[0]) if image else 0
            marks = sorted(j * wide + i for j, i in marks_of(small, name))
            figure["images"].append([wide, *shown, self._array(marks) if marks else None])
        return figure

    def _series(self, s: Series) -> list[int | None]:
        keep = _kept(len(s.x), self.points)
        self.thinned |= len(keep) < len(s.x)
        return [None if a is None else self._array([a[i] for i in keep]) for a in (s.x, s.y, s.low, s.high)]

    def _array(self, values: Iterable[float | None]) -> int:
        rounded = tuple(short(v) for v in values)
        if rounded not in self._array_at:
            self._array_at[rounded] = len(self.arrays)
            self.arrays.append(list(rounded))
        return self._array_at[rounded]

    def _image(self, image: Sequence[Sequence[float | None]]) -> list[Any]:
        """[columns, lowest, highest, number of an array of grey levels (None where there is no value)]."""
        side = max(24, int(self.points / 2))
        tall, wide = _kept(len(image), side), _kept(len(image[0]) if image else 0, side)
        self.thinned |= len(tall) < len(image) or (bool(image) and len(wide) < len(image[0]))
        return [len(wide), *self._grey([[image[j][i] for i in wide] for j in tall], LEVELS)]

    def _grey(self, image: Sequence[Sequence[float | None]], levels: int) -> list[Any]:
        """[lowest, highest, number of an array of grey levels (None where there is no value)]."""
        values = [v for row in image for v in row]
        known = [v for v in values if v is not None and math.isfinite(v)]
        low, high = (short(min(known)), short(max(known))) if known else (0, 1)
        low, high = low or 0.0, high or 0.0
        span = (high - low) or 1.0
        grey = [
            None if v is None or not math.isfinite(v) else round((v - low) / span * levels) for v in values
        ]
        return [low, high, self._array(grey)]


def pack(value: Any) -> str:
    """Plain data as compressed base64 text: no character in it means anything to HTML. Same data, same text."""
    return pack_text(msgspec.json.encode(value))


def pack_text(data: bytes) -> str:
    """Bytes as compressed base64 text."""
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def short(value: float | None) -> float | int | None:
    """A number rounded to four significant digits; None where it is not finite."""
    if value is None or not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) < 10**DIGITS:
        return value
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e6 else rounded


def _kept(count: int, most: int) -> list[int]:
    """At most `most` indices, spread evenly, both ends among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)})
