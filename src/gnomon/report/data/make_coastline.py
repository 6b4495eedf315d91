"""Makes `coastline.json` from the npm package `world-atlas`; nothing of this runs when a report is built.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python make_coastline.py package/land-110m.json coastline.json

The shapes are Natural Earth's "land" at 1:110 million, version 4, which is in the public domain
(naturalearthdata.com/about/terms-of-use); the package holds them as TopoJSON. What is kept: outlines from 0 to 360
degrees east in whole tenths of a degree, cut at the edges of the map, without the lines that only close a polygon
(along the date line and the south pole).
"""

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

TENTHS = 10
Point = tuple[float, float]


def main(source: Path, target: Path) -> None:
    """Read TopoJSON, write polylines."""
    topology = json.loads(source.read_text(encoding="utf-8"))
    pieces = [piece for ring in _rings(topology) for piece in _pieces(ring)]
    lines = [flat for piece in pieces if len(flat := _flat(piece)) >= 4]
    note = "Natural Earth 1:110m land, public domain, from npm world-atlas 2.0.2; [lon, lat, lon, lat, ...] in tenths"
    target.write_text(
        json.dumps({"note": note, "lines": lines}, separators=(",", ":")) + "\n", encoding="utf-8"
    )


def _rings(topology: dict[str, Any]) -> Iterator[list[Point]]:
    """Every ring in degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for ring in (ring for polygon in polygons for ring in polygon):
            joined: list[Point] = []
            for number in ring:
                part = arcs[number] if number >= 0 else arcs[~number][::-1]
                joined += part[1:] if joined else part
            yield joined


def _pieces(ring: list[Point]) -> Iterator[list[Point]]:
    """A ring from 0 to 360 degrees, parted where it leaves the map and where its line is no coast."""
    piece: list[Point] = []
    for (x0, y0), (x1, y1) in pairwise(ring):
        seam = abs(abs(x0) - 180) < 0.01 and abs(abs(x1) - 180) < 0.01
        pole = y0 < -85 and y1 < -85 and abs(y0 - y1) < 0.01
        if seam or pole:
            yield piece
            piece = []
            continue
        if not piece:
            piece = [(x0 % 360, y0)]
        if (x0 < 0) != (x1 < 0) and abs(x1 - x0) < 180 and x0 != x1:  # across Greenwich
            at = y0 + (y1 - y0) * (0 - x0) / (x1 - x0)
            leaves, enters = (360.0, 0.0) if x1 > x0 else (0.0, 360.0)
            yield [*piece, (leaves, at)]
            piece = [(enters, at)]
        piece.append((x1 % 360, y1))
    yield piece


def _flat(piece: list[Point]) -> list[int]:
    """Whole tenths, without repeated points."""
    flat: list[int] = []
    for x, y in piece:
        point = [round(x * TENTHS), round(y * TENTHS)]
        if flat[-2:] != point:
            flat += point
    return flat


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
