"""A study's results as one self-contained HTML file: no network, no server, one script for the figures."""

import base64
import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import msgspec
import vl_convert
from markupsafe import Markup, escape

from gnomon.inference.ladder import Ladder, ladder
from gnomon.inference.verdict import answer, first_failure
from gnomon.report import sections
from gnomon.report.causes import causes
from gnomon.report.drawer import HEAD, drawers
from gnomon.report.palette import STEPS, SURFACE, role_colour, shade
from gnomon.report.payload import Pool, pack, pack_text
from gnomon.report.versus import Tournament, tournament
from gnomon.report.view import MARKS, MEANING, LearnerView, judged_trials, learners
from gnomon.spec.errors import StoreError
from gnomon.spec.registry import BUILT_IN
from gnomon.spec.results import Result
from gnomon.spec.study import Rule
from gnomon.store.files import write_atomic
from gnomon.store.results import Store

LARGEST = 7_500_000  # bytes: a report must travel by mail
POINTS = (400, 240, 120, 60, 30)  # points a curve, tried in turn until the page is small enough
TEMPLATES = Path(__file__).parent / "templates"


def build_report(store: Store, study: str, out: Path, *, largest: int = 0) -> Path:
    """Write the report of a study.

    Args:
        store: of results.
        study: its name.
        out: the file, or a folder that gets `<study>.html`.
        largest: bytes; `LARGEST` unless given. Curves are thinned for it, and where that is not enough maps left out.
    """
    results = list(store.results(study))
    if not results:
        raise StoreError(f"the store {store.root} holds no finished case of study {study!r}: run it first")
    stored = store.study(study)
    rule = msgspec.convert(stored.study["rule"], Rule) if "rule" in stored.study else Rule()
    context = _context(store, study, results, rule)
    context |= {
        "study": study,
        "question": str(stored.study.get("question", "")),
        "rule": rule,
        "missing": len(set(stored.cases) - {r.id for r in results}),
    }
    text = _small_enough(store, {r.id: r for r in results}, context, largest or LARGEST)
    path = out / f"{study}.html" if out.is_dir() else out
    write_atomic(path, lambda file: file.write(text.encode()) and None)
    return path


def _context(store: Store, study: str, results: Sequence[Result], rule: Rule) -> dict[str, Any]:
    """Everything the page says in words and tables."""
    table = ladder(results)
    failures = first_failure(table, rule.threshold)
    views = learners(table, failures, results, rule.threshold)
    subjects = [v for v in views if v.role == "subject"]
    judged = judged_trials(table)
    games = tournament(store, results, rule, [v.name for v in subjects])
    curves, figures = sections.detections(results)
    versus = [c.versus for c in games.claims]
    return {
        "table": table,
        "trials": judged,
        "views": views,
        "subjects": subjects,
        "groups": _grouped(subjects, table),
        "controls": [v for v in views if v.role == "control"],
        "faults": [v for v in views if v.role == "fault"],
        "answer": answer(rule, table, versus),
        "games": games,
        "matrix": _matrix(games),
        "cost": sections.cost(results, table, judged),
        "causes": causes(store, results),
        "learned": sections.learned(results, table),
        "fates": sections.fates(results, table),
        "effects": sections.smallest_effects(table, judged),
        "power": curves,
        "power_figures": figures,
        "provenance": sections.provenance(results),
        "command": sections.command(results, study),
        "told_worlds": sections.worlds(results, table),
        "count": len(results),
        "stopped": sum(r.status in ("failed", "timeout", "memory") for r in results),
        "questions": {t: BUILT_IN["trials"][t].summary for t in table.trials if t in BUILT_IN["trials"]},
        "marks": [(MARKS[k], k, MEANING[k].format(threshold=f"{rule.threshold:g}")) for k in MARKS],
        "seeds": sorted({int(r.case.get("seed", 0)) for r in results}),
    }


def _small_enough(store: Store, results: dict[str, Result], context: dict[str, Any], largest: int) -> str:
    """The page with as many points a curve as its size allows, and with maps if it allows any."""
    text = ""
    for maps in (True, False):
        pool = Pool(0)
        for points in POINTS:
            pool = Pool(points, maps=maps)
            text = _page(store, results, context, pool)
            if len(text.encode()) <= largest:
                return text
        if all(f["k"] != "map" for f in pool.figures):
            break
    return text


def _page(store: Store, results: dict[str, Result], context: dict[str, Any], pool: Pool) -> str:
    cells, numbers = _cells(context["table"])
    data = {"cells": drawers(store, results, cells, pool), "head": HEAD, "worlds": context["told_worlds"]}
    power = [pool.add(curve) for curve in context["power_figures"]]
    told = {"numbers": numbers, "power_numbers": power, "thinned": pool.thinned, "left_out": pool.left_out}
    return _render(context | told, pack(data | pool.plain()))


def _cells(
    table: Ladder,
) -> tuple[list[tuple[dict[str, str], tuple[str, ...]]], dict[tuple[str, str, str], int]]:
    """Every cell of the ladder, cost included, with the number by which the page opens it."""
    cells, numbers = [], {}
    for cell in table.cells:
        numbers[cell.learner, cell.world, cell.trial] = len(cells)
        question = BUILT_IN["trials"][cell.trial].summary if cell.trial in BUILT_IN["trials"] else ""
        called = {
            "learner": cell.learner,
            "world": cell.world,
            "rung": cell.rung,
            "trial": cell.trial,
            "question": question,
        }
        cells.append((called, tuple(s.result for s in cell.seeds)))
    return cells, numbers


def _grouped(subjects: Sequence[LearnerView], table: Ladder) -> list[dict[str, Any]]:
    """Who fails where, the highest climbers first."""
    none = [v for v in subjects if v.fails_at is None]
    groups: list[dict[str, Any]] = (
        [{"where": "no failure shown", "rung": None, "world": "", "who": none}] if none else []
    )
    for i in reversed(range(len(table.rows))):
        who = [v for v in subjects if v.fails_at == i]
        if who:
            row = table.rows[i]
            groups.append(
                {"where": f"first fail on rung {i + 1}", "rung": row.rung, "world": row.world, "who": who}
            )
    return groups


def _matrix(games: Tournament) -> list[tuple[str, list[tuple[int, int] | None]]]:
    """Rows of (wins of the row over the column, cells tested); None on the diagonal and where nothing was asked."""
    return [
        (
            a,
            [
                (games.wins.get((a, b), 0), games.tested[a, b]) if a != b and (a, b) in games.tested else None
                for b in games.learners
            ],
        )
        for a in games.learners
    ]


def _render(context: dict[str, Any], data: str) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    vega = _vega()
    return environment.get_template("page.html.j2").render(
        **context,
        css=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        colours=Markup(_colours()),
        script=Markup(script),
        data=Markup(data),
        vega=Markup(pack_text(vega.encode())),
        policy=f"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; "
        f"script-src {_hash(script)} {_hash(vega)}; base-uri 'none'; form-action 'none'",
    )


@functools.cache
def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script; bundling takes a second or more."""
    return vl_convert.javascript_bundle()  # pyright: ignore[reportCallIssue] - its stub lacks the default


def _hash(script: str) -> str:
    """The only two scripts that the page lets run are known by their hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _breakable(name: str) -> Markup:
    """Names of worlds and learners may break after an underscore, a long word at its joint."""
    parts = (escape(part) for part in name.replace("unsupported", "unsup\N{SOFT HYPHEN}ported").split("_"))
    return Markup("_<wbr>".join(parts))


def _colours() -> str:
    """Custom properties of both schemes; everything else in the style sheet refers to them."""

    def block(scheme: Any) -> str:
        shades = "".join(f"--f{i}:{shade(i, scheme)};" for i in range(STEPS))
        surface = "".join(f"--{name}:{value};" for name, value in SURFACE[scheme].items())
        return f"{shades}{surface}--accent:{role_colour('subject', 0, scheme)};--warn:{role_colour('null', 0, scheme)};"

    used = "".join(f".f{i}{{background:var(--f{i})}}" for i in range(STEPS))
    light, dark = block("light"), block("dark")
    return (
        f":root{{color-scheme:light dark;{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f"@media print{{:root{{color-scheme:light;{light}}}}}{used}"
    )
