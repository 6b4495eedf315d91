"""Every figure of a study as a static file, fit for a paper."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import vl_convert

from gnomon.inference.ladder import key_of, ladder, names_of
from gnomon.report.charts import chart
from gnomon.report.ladder_figure import ladder_chart
from gnomon.report.sections import detections
from gnomon.report.view import learners
from gnomon.spec.errors import BadSpec, StoreError
from gnomon.spec.results import Curve
from gnomon.store.files import make_folder, write_atomic
from gnomon.store.results import Store

Format = Literal["svg", "png"]
PIXELS_PER_POINT = 3.0  # of a PNG: 216 dots an inch


def export_figures(store: Store, study: str, folder: Path, *, format: Format = "svg") -> list[Path]:
    """Write the ladder and every figure behind its cells into a folder; the paths, in ladder order.

    Names say what is in them: `<world>-<trial>-<learner>-seed<n>-<figure>.<format>`.
    """
    if format not in ("svg", "png"):
        raise BadSpec(f"figures are written as svg or png, got {format!r}")
    make_folder(folder)
    written = []
    for name, spec in _all(store, study):
        path = folder / f"{name}.{format}"
        data = render(spec, format)
        write_atomic(path, lambda file, data=data: file.write(data) and None)
        written.append(path)
    return written


def render(spec: dict[str, Any], format: Format) -> bytes:
    """A Vega-Lite chart as the bytes of a file. Nothing is fetched."""
    if format == "svg":
        return vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]).encode()
    return vl_convert.vegalite_to_png(spec, scale=PIXELS_PER_POINT, allowed_base_urls=[])


def _all(store: Store, study: str) -> Iterator[tuple[str, dict[str, Any]]]:
    results = list(store.results(study))
    if not results:
        raise StoreError(f"the store {store.root} holds no finished case of study {study!r}: run it first")
    threshold = float(store.study(study).study.get("rule", {}).get("threshold", 0.5))
    table = ladder(results)
    yield "ladder", ladder_chart(table, threshold, learners(table, {}, results, threshold))
    shown = {part: names_of(r.case[part] for r in results) for part in ("world", "trial", "learner")}
    taken: set[str] = set()
    for result in results:
        details = store.get_details(result.id)
        place = [shown[part][key_of(result.case[part])] for part in shown]
        for curve in (c for curves in (details.curves if details else {}).values() for c in curves):
            name = _name(*place, f"seed{result.case['seed']}", curve.name)
            if name in taken:
                name = f"{name}-{result.id[:8]}"
            taken.add(name)
            yield name, _chart(curve)
    for curve in detections(results)[1]:
        yield _name(curve.name), _chart(curve)


def _chart(curve: Curve) -> dict[str, Any]:
    return chart(curve, width=460, height=280)


def _name(*words: str) -> str:
    """A file name from words of strangers: letters, digits, underscores and dots; never a path."""
    return "-".join(re.sub(r"[^A-Za-z0-9_.]+", "_", word).strip("._")[:60] or "unnamed" for word in words)
