"""Causes in words: what each intervention of the trial `cause` says of each model, on the page and in the terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from gnomon.report.sections import Named, Table
from gnomon.spec.results import Result
from gnomon.store.results import Store

TRIAL = "cause"
ASKED = {
    "relaxed_share": "relaxed towards the truth",
    "regime_share": "single steps, by regime",
    "resolution_share": "truth at the model's resolution",
    "missing_term": "terms added to the equations",
}
HEAD = ("learner", "world", "intervention", "answer")


def causes(store: Store, results: Sequence[Result]) -> Table:
    """One row a learner, world and intervention: a sentence with a percentage and its interval, or "not attributable".

    The sentence is the note of the measure's first figure; a measure that could not be asked says why.
    """
    named = Named(results)
    rows, cells = [], []
    for result in _asked(results):
        details = store.get_details(result.id)
        curves = details.curves if details else {}
        place = (named(result, "learner"), named(result, "world"))
        opens = (*place, named(result, "trial"))
        for score in result.scores:
            notes = [c.note for c in curves.get(score.measure, ()) if c.note]
            answer = notes[0] if notes else f"not asked: {score.reason or score.status}"
            rows.append((*place, ASKED.get(score.measure, score.measure.replace("_", " ")), answer))
            cells.append(opens)
        if not result.scores:
            rows.append((*place, "", f"not asked: {result.reason or result.status}"))
            cells.append(opens)
    return Table(HEAD, tuple(rows), tuple(cells))


def print_causes(store: Store, results: Sequence[Result], console: Console) -> None:
    """Print what is known of causes, a paragraph a learner and world; nothing where nobody asked."""
    before = None
    for learner, world, asked, answer in causes(store, results).rows:
        if before is None:
            console.print()
            console.print(Text("where the error comes from", style="bold"))
        if (learner, world) != before:
            console.print(_plain(f"{learner} on {world}"))
        before = (learner, world)
        dull = answer.startswith(("not attributable", "not asked"))
        console.print(_plain(f"  {asked}: {answer}" if asked else f"  {answer}", "dim" if dull else ""))


def _asked(results: Iterable[Result]) -> list[Result]:
    """Results of the trial, except the null's, which is no model."""
    return [r for r in results if r.case["trial"]["kind"] == TRIAL and r.case["learner"]["kind"] != "null"]


def _plain(text: str, style: str = "") -> Text:
    return Text("".join(c if c.isprintable() else " " for c in text), style=style)
