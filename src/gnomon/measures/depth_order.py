"""Errors of depth in the order of an ensemble's spread: what both sparsifications of depth share."""

import numpy as np

from gnomon.core.measure import UnitTable
from gnomon.measures.depth_ensembles import pixels, units_of
from gnomon.measures.drawing import line, over_units
from gnomon.measures.tables import with_lost
from gnomon.numerics.sparsification import Sparsification, sparsification
from gnomon.spec.results import Curve, Role, Series

FEWEST = 3  # members, so that those beside one of them still have a spread


def ranked(truth: UnitTable, subject: UnitTable, unit: int, run: int) -> Sparsification:
    """|ln truth - ln median member| of one picture, in the order of the standard deviation of the members."""
    y = pixels(truth, truth, "middle", unit, run)
    x, spread = (pixels(truth, subject, name, unit, run) for name in ("middle", "spread"))
    return sparsification(np.abs(y - x), spread)


def areas(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[unit] AUSE, the mean over runs; infinite where a unit is lost."""
    return with_lost(by_run(truth, subject).mean(axis=1), subject["alive"])


def by_run(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[living unit, run] AUSE."""
    runs = truth["judged"].shape[1]
    units = units_of(truth, subject)
    rows = [[ranked(truth, subject, unit, run).ause for run in range(runs)] for unit in units]
    return np.asarray(rows, float).reshape(-1, runs)


def sparsified(truth: UnitTable, subject: UnitTable, *, name: str, title: str) -> Curve:
    """Mean error of the pixels left, in the order of the spread and of the errors themselves; means over scenes."""
    units, runs = units_of(truth, subject), range(truth["judged"].shape[1])
    every = [[ranked(truth, subject, unit, run) for run in runs] for unit in units]
    removed = every[0][0].removed if every else np.zeros(1)
    series: list[Series] = []
    drawn: tuple[tuple[str, Role, str], ...] = (("model", "subject", "curve"), ("oracle", "floor", "oracle"))
    for label, role, field in drawn:
        curves = [np.mean([getattr(one, field) for one in row], axis=0) for row in every]
        mean, twice = over_units(
            np.asarray(curves, float).reshape(-1, len(removed)), np.ones(len(units), bool)
        )
        series.append(line(label, role, removed, mean, spread=twice))
    series.append(line("any order", "null", np.array([0.0, 1.0]), np.ones(2)))
    return Curve(
        name=name,
        title=title,
        kind="line",
        x_label="share of pixels taken away, the largest spread first",
        y_label="mean error of the rest over that of all",
        series=tuple(series),
        note="; ".join(
            filter(None, ["band: two standard errors over scenes", _were_it_right(truth, subject)])
        ),
    )


def _were_it_right(truth: UnitTable, subject: UnitTable) -> str:
    """In words, the AUSE that the first member has as the truth of the others: no order of random errors has 0."""
    units, runs = units_of(truth, subject), range(truth["judged"].shape[1])
    if not units or int(subject["members"][0]) < FEWEST:
        return ""
    found = []
    for unit in units:
        for run in runs:
            y, x, spread = (
                pixels(truth, subject, n, unit, run) for n in ("first", "rest_middle", "rest_spread")
            )
            found.append(sparsification(np.abs(y - x), spread).ause)
    return (
        f"AUSE were the truth one of its members: {np.mean(found):.2g}"
        if any(found)
        else "members are all alike"
    )
