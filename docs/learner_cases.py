"""Keeps what the studies of learners say of each case: budget, cost, fates of free runs, scores.

A page must not need the store that made it. `docs/results/learners-cases.csv` is what docs/learners-results.md shows
of tuning and fates; studies that the given store does not hold keep the rows that the file has of them.

    python -m docs.learner_cases --store results --csv docs/results/learners-cases.csv [--studies gtf alrnn]
"""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gnomon.numerics.fates import FATES
from gnomon.spec.results import Result
from gnomon.store.results import Store

STUDIES = (
    "horizons", "chaos_laptop", "chaos_rest", "equal_budgets", "koopman", "uncertainty", "gtf", "alrnn", "phyxmamba",
    "regularised_nde", "hybrids",
)  # fmt: skip
MEASURES = ("valid_time", "valid_time_smape", "attractor", "attractor_mixture", "spectrum_hellinger")
COLUMNS = (
    "study", "world", "learner", "kind", "version", "seed", "trial", "status", "tried", "budget", "seconds", "units",
    "diverged", *FATES, *(f"truth_{name}" for name in FATES),
    *(part for name in MEASURES for part in (name, f"{name}_floor")),
)  # fmt: skip
Row = dict[str, Any]


def main() -> None:
    """Bring the file up to date with a store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, default=Path("results"))
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--studies", nargs="+", default=list(STUDIES), choices=list(STUDIES))
    told = parser.parse_args()
    store = Store(told.store, create=False)
    there = [name for name in told.studies if name in store.studies()]
    rows = [row(name, result) for name in there for result in store.results(name) if asked(result)]
    print(
        f"{keep(told.csv, rows)} cases, {len(rows)} of them from {told.store} ({', '.join(there) or 'none'})"
    )


def asked(result: Result) -> bool:
    """Learners, and the physics that hybrids are given."""
    return bool(result.learned) or result.case["learner"]["kind"] == "peer"


def row(study: str, result: Result) -> Row:
    """One case, in plain words and numbers; what is not known is left out."""
    case, log = result.case, result.learned
    found: Row = {
        "study": study,
        "world": case["world"]["label"] or case["world"]["kind"],
        "learner": case["learner"]["label"] or case["learner"]["kind"],
        "kind": case["learner"]["kind"],
        "version": case["versions"].get(f"learners:{case['learner']['kind']}", ""),
        "seed": case["seed"],
        "trial": case["trial"]["kind"],
        "status": result.status,
        **{name: log[name] for name in ("tried", "budget", "seconds") if name in log},
        **result.fates.get("subject", {}),
        **{f"truth_{name}": count for name, count in result.fates.get("truth", {}).items()},
    }
    for score in result.scores:
        if score.measure in MEASURES and score.value.value is not None:
            found |= {score.measure: f"{score.value.value:.6g}", "units": score.n, "diverged": score.diverged}
            if score.floor_value is not None and score.floor_value.value is not None:
                found[f"{score.measure}_floor"] = f"{score.floor_value.value:.6g}"
    return found


def keep(path: Path, rows: Iterable[Row]) -> int:
    """Put these rows in the place of what the file has of their studies; how many it has then."""
    new = list(rows)
    studies = {r["study"] for r in new}
    held: list[Row] = []
    if path.exists():
        with path.open(newline="") as file:
            held = [r for r in csv.DictReader(file) if r["study"] not in studies]
    every = sorted(
        held + new,
        key=lambda r: (r["study"], r["world"], r["learner"], r["trial"], int(r["seed"])),
    )
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(every)
    return len(every)


if __name__ == "__main__":
    main()
