"""Whether columns of a simulator break: `python -m validation.broken_columns STORE [STUDY] [--trials shift,climate]`.

For every simulator, trial and experiment of a study on `speedy` that is in a store: how many runs were lost, in how
many the air at 50 hPa was somewhere ever 20 times moister than it ever was in the truth's own runs of that experiment,
how many of the lost ones were so before, and how far the air at 850 hPa ever was from the truth's mean at its place.
A run counts as lost where that is more than 50 scales (`core.runner.bounds_of`). The store is read and not written.
`--csv FILE` keeps the counts (humidity in kg kg-1); rows of trials and experiments that were not asked stay in it.

What misleads: days that a run discards are not kept, and days are means: the hour in which a run is lost is not seen.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnomon.inference.ladder import key_of, names_of
from gnomon.spec.results import Result
from gnomon.store.names import node_list
from gnomon.store.results import Store
from validation.table import keep

MOIST, AIR = "hus50", "ta850"
MANY = 20.0  # times the moistest that the truth ever was


class Truth(NamedTuple):
    """What the truth's runs of an experiment say.

    Attributes:
        moistest: kg kg-1 at 50 hPa, anywhere at any time.
        mean: [lat, lon] K at 850 hPa.
    """

    moistest: float
    mean: np.ndarray


class Broken(NamedTuple):
    """One experiment of one simulator.

    Attributes:
        runs: how many.
        lost: of them.
        unseen: of these, before the first day that is kept.
        moist: runs that were ever so moist at 50 hPa.
        both: lost runs that were.
        peak: kg kg-1 at 50 hPa.
        far: K from the truth's mean at 850 hPa, the largest anywhere.
    """

    runs: int
    lost: int
    unseen: int
    moist: int
    both: int
    peak: float
    far: float


def main() -> None:
    """Read, count, print."""
    parser = argparse.ArgumentParser(prog="python -m validation.broken_columns", description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("study", nargs="?", default="hierarchical")
    parser.add_argument("--trials", default="", help="joined by commas; all of the study's unless given")
    parser.add_argument("--csv", type=Path, help="file for the counts")
    asked = parser.parse_args()
    store = Store(asked.store, create=False, movable=False)
    results = [r for r in store.results(asked.study) if r.case["world"]["kind"] == "speedy"]
    names = names_of(r.case["learner"] for r in results)
    truths: dict[tuple[str, str], Truth] = {}
    rows: list[dict[str, Any]] = []
    print(
        "simulator, trial, experiment: runs; lost (unseen); moist; lost and moist; "
        "g/kg at 50 hPa (the truth's); K from the truth at 850 hPa"
    )
    for result in results:
        trial = result.case["trial"]["kind"]
        if asked.trials and trial not in asked.trials.split(","):
            continue
        for label, one in counts(store, result, truths):
            true, who = truths[trial, label].moistest, names[key_of(result.case["learner"])]
            print(
                f"{who}, {trial}, {label}: {one.runs}; {one.lost} ({one.unseen}); "
                f"{one.moist}; {one.both}; {1e3 * one.peak:.2g} ({1e3 * true:.2g}); {one.far:.0f}",
                flush=True,
            )
            rows.append(row(who, trial, label, one, true))
    if asked.csv and rows:
        keep(asked.csv, rows, ("simulator", "trial", "experiment"))


def row(simulator: str, trial: str, experiment: str, one: Broken, moistest: float) -> dict[str, Any]:
    """One experiment of one simulator as a row of the table; `moistest` is the truth's peak."""
    told = {"simulator": simulator, "trial": trial, "experiment": experiment} | one._asdict()
    far = told.pop("far")
    return told | {"truth peak": moistest, "far": far}


def counts(
    store: Store, result: Result, truths: dict[tuple[str, str], Truth]
) -> Iterator[tuple[str, Broken]]:
    """(experiment, counts) of a case; what the truth says is added to `truths` where it is not there yet."""
    trial, runs = result.case["trial"]["kind"], []
    for kind, name in node_list(result.provenance.get("nodes", "")):
        meta = store.node_meta(kind, name) if kind in ("truth", "runs") else None
        role, label = (
            (meta["recipe"].get("role"), meta["recipe"]["experiment"]["label"]) if meta else ("", "")
        )
        if role == "subject":
            runs.append((kind, name, label))
        elif role == "truth" and (trial, label) not in truths:
            arrays = arrays_of(store, kind, name)
            if arrays:
                moist, air = (np.asarray(arrays[f"obs.{k}"], float) for k in (MOIST, AIR))
                truths[trial, label] = Truth(float(moist.max()), air.mean(axis=(0, 1, 2)))
    for kind, name, label in runs:
        arrays = arrays_of(store, kind, name) if (trial, label) in truths else {}
        if arrays:
            moist, air, lost = (
                np.asarray(arrays[k], float) for k in (f"obs.{MOIST}", f"obs.{AIR}", "diverged")
            )
            yield label, counted(moist[:, 0], air[:, 0], lost[:, 0], truths[trial, label])


def arrays_of(store: Store, kind: str, name: str) -> dict[str, Any]:
    """Of a node; nothing where it is gone or holds no such fields."""
    node = store.get_node(kind, name)
    return node.arrays if node and all(f"obs.{k}" in node.arrays for k in (MOIST, AIR)) else {}


def counted(moist: np.ndarray, air: np.ndarray, lost: np.ndarray, truth: Truth) -> Broken:
    """Counts of one experiment; days after a run was lost hold no numbers.

    Args:
        moist: [run, day, lat, lon] at 50 hPa.
        air: [run, day, lat, lon] at 850 hPa.
        lost: [run], the kept day on which it was lost, or -1.
        truth: of the same experiment.
    """
    peaks = np.nan_to_num(moist, nan=0.0).reshape(len(moist), -1).max(axis=1)
    far = np.nan_to_num(np.abs(air - truth.mean), nan=0.0).max()
    wet, gone = peaks > MANY * truth.moistest, lost >= 0
    return Broken(
        len(lost), int(gone.sum()), int((lost == 0).sum()), int(wet.sum()), int((wet & gone).sum()),
        float(peaks.max()), float(far),
    )  # fmt: skip


if __name__ == "__main__":
    main()
