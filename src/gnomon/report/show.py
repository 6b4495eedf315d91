"""A result that shows itself: in a notebook as a table with figures, at a prompt as a few lines."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from gnomon.inference.ladder import headline
from gnomon.report.charts import chart
from gnomon.report.figures import render
from gnomon.report.words import OUTCOMES, fidelity_quoted, quoted
from gnomon.spec.errors import UnknownName
from gnomon.spec.results import Curve, Details, Result, Score

if TYPE_CHECKING:
    import altair

FIGURES = 4  # shown of one result; the report has all


@final
class ResultView:
    """One or more results with their details.

    Args:
        results: a result, or several (the trials of one model).
        details: one for each result; None where there is none.
    """

    def __init__(
        self, results: Result | Sequence[Result], details: Details | Sequence[Details | None] | None = None
    ):
        self.results: tuple[Result, ...] = (results,) if isinstance(results, Result) else tuple(results)
        given = (details,) if details is None or isinstance(details, Details) else tuple(details)
        self.details = given if len(given) == len(self.results) else (None,) * len(self.results)

    def __repr__(self) -> str:
        return "\n".join(_line(r) for r in self.results) or "no results"

    def _repr_html_(self) -> str:
        parts = [_block(r, d) for r, d in zip(self.results, self.details, strict=True)]
        return f'<div style="max-width:900px">{"".join(parts) or "no results"}</div>'

    def figure(self, name: str, *, result: int = 0) -> "altair.Chart":
        """A figure as an Altair chart, which a notebook draws and which can be changed before it is saved."""
        import altair

        details = self.details[result]
        every = {c.name: c for curves in (details.curves if details else {}).values() for c in curves}
        if name not in every:
            raise UnknownName(f"no figure {name!r}; there are: {', '.join(every) or 'none'}")
        return altair.Chart.from_dict(chart(every[name]))


def _line(result: Result) -> str:
    score = headline(result)
    place = f"{_shown(result, 'learner')} on {_shown(result, 'world')}, {_shown(result, 'trial')}"
    if score is None or not fidelity_quoted(score.fidelity):
        reason = (score.reason if score else None) or result.reason
        word = OUTCOMES[score.status if score else result.status]
        return f"{place}: {word}{f' ({reason})' if reason else ''}"
    lost = f", {score.diverged} of {score.n} units diverged" if score.diverged else ""
    return f"{place}: fidelity {fidelity_quoted(score.fidelity)} in {score.measure}, n = {score.n}{lost}"


def _block(result: Result, details: Details | None) -> str:
    rows = "".join(_row(s) for s in sorted(result.scores, key=lambda s: not s.headline))
    head = "".join(
        f'<th style="text-align:left">{h}</th>'
        for h in ("measure", "value", "null", "floor", "fidelity", "n")
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    curves = [c for cs in (details.curves if details else {}).values() for c in cs][:FIGURES]
    figures = "".join(
        f'<div style="display:inline-block;margin:8px 12px 0 0">{_svg(c)}</div>' for c in curves
    )
    return f'<p style="margin:12px 0 4px"><b>{html.escape(_line(result))}</b></p>{table}{figures}'


def _svg(curve: Curve) -> str:
    return render(chart(curve, width=340, height=210), "svg").decode()


def _row(score: Score) -> str:
    fid = fidelity_quoted(score.fidelity) or (OUTCOMES[score.status] if score.status != "ok" else "")
    cells = [
        score.measure.replace("_", " ") + (" ★" if score.headline else ""),
        quoted(score.value, score.units),
        quoted(score.null_value, score.units),
        quoted(score.floor_value, score.units),
        fid,
        str(score.n),
    ]
    return "<tr>" + "".join(f'<td style="text-align:left">{html.escape(c)}</td>' for c in cells) + "</tr>"


def _shown(result: Result, part: str) -> str:
    ref = result.case[part]
    return str(ref.get("label") or ref["kind"])
