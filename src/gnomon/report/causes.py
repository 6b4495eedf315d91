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
ALL = "every learner"
NOT_ASKED = "not asked: "
IN_PLAIN_WORDS = {"no experiment labelled 'free' was run": "the study runs nothing freely"}


def causes(store: Store, results: Sequence[Result]) -> Table:
    """One row a learner, world and intervention: a sentence with a percentage and its interval, or "not attributable".

    The sentence is the note of the measure's first figure; a measure that could not be asked says why, and says it
    once, at the end, where that is the same for every learner.
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
            reason = score.reason or score.status
            answer = notes[0] if notes else f"{NOT_ASKED}{IN_PLAIN_WORDS.get(reason, reason)}"
            rows.append((*place, ASKED.get(score.measure, score.measure.replace("_", " ")), answer))
            cells.append(opens)
        if not result.scores:
            rows.append((*place, "", f"{NOT_ASKED}{result.reason or result.status}"))
            cells.append(opens)
    return _once(rows, cells)


def _once(rows: Sequence[tuple[str, ...]], cells: Sequence[tuple[str, str, str]]) -> Table:
    """The table, with what nobody in a world was asked, for one reason, as a single row at the end."""
    answers: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for who, world, asked, answer in rows:
        answers.setdefault((world, asked), []).append((who, answer))
    shared = {
        place: said[0][1]
        for place, said in answers.items()
        if len({who for who, _ in said}) > 1
        and len({a for _, a in said}) == 1
        and said[0][1].startswith(NOT_ASKED)
    }
    own = [(r, c) for r, c in zip(rows, cells, strict=True) if (r[1], r[2]) not in shared]
    opened = {
        (r[1], r[2]): c for r, c in zip(reversed(rows), reversed(cells), strict=True)
    }  # the first learner's
    own += [((ALL, *place, answer), opened[place]) for place, answer in shared.items()]
    return Table(HEAD, tuple(r for r, _ in own), tuple(c for _, c in own))


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
        dull = answer.startswith(("not attributable", NOT_ASKED))
        console.print(_plain(f"  {asked}: {answer}" if asked else f"  {answer}", "dim" if dull else ""))


def _asked(results: Iterable[Result]) -> list[Result]:
    """Results of the trial, except the null's, which is no model."""
    return [r for r in results if r.case["trial"]["kind"] == TRIAL and r.case["learner"]["kind"] != "null"]


def _plain(text: str, style: str = "") -> Text:
    return Text("".join(c if c.isprintable() else " " for c in text), style=style)
