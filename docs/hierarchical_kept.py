"""Results of the hierarchical studies as the page keeps them: a store of tens of gigabytes is not kept for ever.

One file a study: every result (scores, costs, what was learned; no figures and no runs), what interventions said, and
the lines of the figures that were drawn. The page can be written again from these files alone.
"""

from pathlib import Path
from typing import Any

import msgspec

from docs.hierarchical_figures import figures
from docs.results_page import scores
from gnomon.report.causes import causes
from gnomon.spec.results import Result
from gnomon.store.results import Store


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One study.

    Attributes:
        results: of its finished cases.
        causes: learner, world, intervention, sentence.
        figures: lines of Markdown.
    """

    results: tuple[Result, ...]
    causes: tuple[tuple[str, ...], ...] = ()
    figures: tuple[str, ...] = ()


def kept(store: Store | None, folder: Path, studies: tuple[str, ...]) -> dict[str, Kept]:
    """Every study that the store or the folder holds; what is in the store is written into the folder first.

    Args:
        store: of results; None for what is in the folder alone.
        folder: of kept files, tables and figures.
        studies: names, in the order in which the page speaks of them.
    """
    out: dict[str, Kept] = {}
    known = set(store.studies()) if store else set()
    for name in studies:
        path = folder / f"{name}.json"
        found = list(store.results(name)) if store and name in known else []
        before = read(path) if path.exists() else None
        if store and found and (before is None or len(found) >= len(before.results)):
            folder.mkdir(parents=True, exist_ok=True)
            lines = figures(store, found, folder, name)
            out[name] = Kept(tuple(found), tuple(causes(store, found).rows), tuple(lines))
            path.write_bytes(msgspec.json.format(msgspec.json.encode(_plain(out[name])), indent=1) + b"\n")
            (folder / f"{name}.csv").write_text(scores(store, name), encoding="utf-8")
        elif before is not None:
            out[name] = before
    return out


def read(path: Path) -> Kept:
    """A kept study."""
    return msgspec.json.decode(path.read_bytes(), type=Kept)


def _plain(study: Kept) -> dict[str, Any]:
    """Without what says where a result was made and nothing about it."""
    plain = msgspec.to_builtins(study)
    for result in plain["results"]:
        result.pop("details", None)
    return plain
