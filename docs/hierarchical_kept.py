"""Results of the hierarchical studies as the page keeps them: a store of tens of gigabytes is not kept for ever.

One file a study: every result (scores, costs, what was learned; no figures and no runs), what interventions said, and
the lines of the figures that were drawn. The page can be written again from these files alone. Beside it stands the
study's report, with the figures of every cell.
"""

from pathlib import Path

import msgspec

from docs.hierarchical_figures import figures
from docs.hierarchical_models import acted_in, paired, spent_in
from docs.hierarchical_sections import ABLATION
from docs.results_page import scores
from gnomon.report.causes import causes
from gnomon.report.page import build_report
from gnomon.spec.results import Result
from gnomon.spec.study import CONTROLS
from gnomon.store.results import Store

REPORT = 950_000  # bytes; a file of this repository has less than a million, so a long report comes without its maps
LEARNED = (
    "saw",
    "knobs seen",
    "explained",
    "weights",
    "seconds",
    "lesson",
    "chosen",
    "budget",
    "invariant",
    "withheld",
)


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One study.

    Attributes:
        results: of its finished cases.
        causes: learner, world, intervention, sentence.
        figures: lines of Markdown.
        acted: simulator -> clipper or fixer -> share of cells and time.
        paired: sentences on differences between simulators.
        spent: simulator -> trial -> seconds of its runs.
    """

    results: tuple[Result, ...]
    causes: tuple[tuple[str, ...], ...] = ()
    figures: tuple[str, ...] = ()
    acted: dict[str, dict[str, float]] = {}
    paired: tuple[str, ...] = ()
    spent: dict[str, dict[str, float]] = {}


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
        if all(r.case["learner"]["kind"] in CONTROLS for r in found):
            found = []  # of controls alone there is nothing to tell yet
        before = read(path) if path.exists() else None
        if store and found and (before is None or len(found) >= len(before.results)):
            folder.mkdir(parents=True, exist_ok=True)
            out[name] = Kept(
                tuple(_lighter(r) for r in found), tuple(causes(store, found).rows),
                tuple(figures(store, found, folder, name)), acted_in(store, found),
                tuple(paired(store, found, base=name == ABLATION)), spent_in(store, found),
            )  # fmt: skip
            path.write_bytes(_lines(out[name]))
            (folder / f"{name}.csv").write_text(scores(store, name), encoding="utf-8")
            build_report(store, name, folder / f"{name}.html", largest=REPORT)
        elif before is not None:
            out[name] = before
    return out


def read(path: Path) -> Kept:
    """A kept study."""
    return msgspec.json.decode(path.read_bytes(), type=Kept)


def _lighter(result: Result) -> Result:
    """Without what only the store can use: the checksum of its figures, and curves of training."""
    learned = {k: v for k, v in result.learned.items() if k in LEARNED}
    return msgspec.structs.replace(result, details=None, learned=learned)


def _lines(study: Kept) -> bytes:
    """JSON with a line for every result, so that a change of one is a change of one line."""
    plain = msgspec.to_builtins(study)
    results = b",\n".join(msgspec.json.encode(r) for r in plain.pop("results"))
    return b'{"results":[\n' + results + b"\n]," + msgspec.json.encode(plain)[1:] + b"\n"
