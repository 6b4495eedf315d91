"""Figures of the hierarchical test: what each simulator does in one picture, from the figures of single cases."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from docs.hierarchical_sections import claimed, named, simulators
from gnomon.report.charts import chart
from gnomon.report.figures import render
from gnomon.report.palette import ROLES
from gnomon.spec.results import DIFFERENCE, Curve, Result, Series
from gnomon.store.results import Store

MOST = len(ROLES["light"]["subject"])  # lines that have colours of their own


class Figure(NamedTuple):
    """One picture.

    Attributes:
        trial: whose cases are looked at.
        measure: of that trial.
        curve: the name of its figure.
        text: what it shows, in a sentence.
        without: words of labels that are left out where several simulators stand together.
    """

    trial: str
    measure: str
    curve: str
    text: str
    without: str = ""


FIGURES = (
    Figure("forecast", "skill", "rmse_zg500", "Weather: error of the height of 500 hPa against lead time."),
    Figure("climate", "zonal_state", "section_ta", "Climate: zonal mean of temperature, model less truth."),
    Figure("response", "response_gain", "equator", "El Niño: change of rain along the equator."),
    Figure("response", "response_phase", "profile", "El Niño: the stationary wave of middle latitudes."),
    Figure("shift", "warming_profile", "tropical_profile", "A warmer sea: warming of the tropical air by level.",
           without="adiabat"),
)  # fmt: skip


def figures(store: Store, found: list[Result], folder: Path, study: str) -> list[str]:
    """Draw what is there into the folder; lines of Markdown, one a figure."""
    lines = []
    for number, figure in enumerate(FIGURES, 1):
        cases = curves_of(store, found, figure)
        if not cases:
            continue
        asked = [who for r, who in named(found) if r.case["trial"]["kind"] == figure.trial]
        absent = [who for who in simulators(found) if who in asked and who not in cases]
        curve, left = together(cases, figure.without, absent)
        flat = curve.kind in ("line", "bars")
        name = f"{study}-{figure.trial}-{figure.curve}.{'svg' if flat else 'png'}"
        (folder / name).write_bytes(render(chart(curve, width=640, height=320), "svg" if flat else "png"))
        note = f" {curve.note[:1].upper()}{curve.note[1:]}." if curve.note and flat else ""
        note += "".join(f" {text}." for text in left)
        lines.append(f"![{figure.text}](hierarchical/{name})\n\n*Figure {number}. {figure.text}{note}*")
    return lines


def disclaimed(lines: Sequence[str], study: str) -> list[str]:
    """The same lines of Markdown; those of a measure on which the study supports no claim say so."""
    out = []
    for line in lines:
        asked = next((f for f in FIGURES if f"-{f.trial}-{f.curve}." in line), None)
        if asked is not None and not claimed(study, asked.measure):
            line = f"{line.removesuffix('*')} Shown without a claim: this size supports none on `{asked.measure}`.*"
        out.append(line)
    return out


def curves_of(store: Store, found: list[Result], figure: Figure) -> dict[str, Curve]:
    """Simulator -> the curve of its first seed, in the order in which simulators were asked; at most `MOST`."""
    out: dict[str, Curve] = {}
    order = simulators(found)
    for result, who in sorted(named(found), key=lambda pair: pair[0].case.get("seed", 0)):
        if who in out or who not in order or result.case["trial"]["kind"] != figure.trial:
            continue
        details = store.get_details(result.id)
        curves = details.curves.get(figure.measure, ()) if details else ()
        curve = next((c for c in curves if c.name == figure.curve), None)
        if curve is not None:
            out[who] = curve
    return {who: out[who] for who in order if who in out}


def together(
    cases: Mapping[str, Curve], without: str = "", absent: Sequence[str] = ()
) -> tuple[Curve, list[str]]:
    """One figure of many: the truth, floor and null once, each model under its own name; and who is left out, in words.

    Rasters show models less truth, for panels of whole fields look alike.

    Args:
        cases: simulator -> its figure.
        without: words of labels that are left out.
        absent: simulators that were asked and have no figure.
    """
    first = next(iter(cases.values()))
    if first.rasters:
        rasters = {who: c.rasters[DIFFERENCE] for who, c in cases.items() if DIFFERENCE in c.rasters}
        return msgspec.structs.replace(
            first, title=f"{first.title}, model less truth", rasters=rasters, marked={}, captions={}, levels=(),
            diverging=True, centre=0.0,
        ), _left([*absent, *(who for who in cases if who not in rasters)], [])  # fmt: skip
    own = {
        who: [s for s in c.series if s.role == "subject" and not (without and without in s.label) and _any(s)]
        for who, c in cases.items()
    }
    there = [who for who, series in own.items() if series]
    kept = [s for s in first.series if s.role != "subject" and not (without and without in s.label)]
    for who in there[:MOST]:
        kept += [msgspec.structs.replace(s, label=who) for s in own[who]]
    joined = msgspec.structs.replace(first, series=tuple(kept), note=_common(first.note))
    return joined, _left([*absent, *(who for who in own if who not in there)], there[MOST:])


def _any(series: Series) -> bool:
    """Whether there is a number to draw; a model whose runs were all lost has none."""
    return any(y is not None for y in series.y)


def _left(lost: Sequence[str], many: Sequence[str]) -> list[str]:
    """Sentences on models that have no line of their own."""
    said = [f"Without {', '.join(lost)}: no run was left to draw"] if lost else []
    return said + ([f"Not drawn, for there are no more colours: {', '.join(many)}"] if many else [])


def _common(note: str) -> str:
    """The part of a note that holds for all models: what a band is."""
    return next((part for part in note.split("; ") if part.startswith("band")), "")
