"""Told levels beside the share of true depths below them: what both coverages of depth share."""

from collections.abc import Sequence

import numpy as np

from gnomon.core.measure import UnitTable
from gnomon.measures.depth_ensembles import pixels, units_of
from gnomon.measures.drawing import line, over_units
from gnomon.measures.rank_histogram import rank_shares
from gnomon.measures.tables import with_lost
from gnomon.numerics.jackknife import squared_error
from gnomon.spec.results import Curve, Role, Series

DIGITS = 12  # of a share: a sum over pixels has no more, and members that all equal the truth have a gap of 0


def told_levels(members: int) -> np.ndarray:
    """[level] k / (M + 1): how often a truth that is one more member lies below the k-th smallest of M members."""
    return np.arange(1, members + 1) / (members + 1)


def gaps(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[living unit, run, level] share of judged pixels whose truth lies below the level, minus the level."""
    runs, members = truth["judged"].shape[1], int(subject["members"][0])
    rows = [
        [_below(truth, subject, unit, run) - told_levels(members) for run in range(runs)]
        for unit in units_of(truth, subject)
    ]
    return np.asarray(rows, float).round(DIGITS).reshape(-1, runs, members)


def squared_gaps(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[unit] pseudo-values of the mean square over runs and levels of the gap of all units, its noise taken out."""
    flat = _flat(gaps(truth, subject))
    return with_lost(squared_error(flat) / flat.shape[1], subject["alive"])


def distances(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[unit] numbers whose mean is the mean |gap of all units| over runs and levels: gaps with the sign of their mean.

    By chance it lies above 0 even where all is right.
    """
    flat = _flat(gaps(truth, subject))
    if len(flat):
        flat = flat * np.sign(flat.mean(axis=0))
    return with_lost(flat.mean(axis=1), subject["alive"], lost=np.nan)


def reliability(
    found: Sequence[tuple[str, Role, np.ndarray]], *, name: str, title: str, note: str = ""
) -> Curve:
    """Observed against told level; each entry is a label, its role and gaps [unit, level]."""
    series: list[Series] = []
    for label, role, gap in found:
        told = told_levels(gap.shape[1])
        mean, twice = over_units(gap, np.ones(len(gap), bool))
        series.append(line(label, role, told, told + mean, spread=twice))
    series.append(line("calibrated", "truth", np.array([0.0, 1.0]), np.array([0.0, 1.0])))
    said = "steeper than the line at its middle: too wide; flatter: too narrow; band: two standard errors over scenes"
    return Curve(
        name=name,
        title=title,
        kind="line",
        x_label="told level",
        y_label="share of pixels whose true depth lies below",
        series=tuple(series),
        note="; ".join(filter(None, [said, note])),
    )


def _below(truth: UnitTable, subject: UnitTable, unit: int, run: int) -> np.ndarray:
    """[level] share of truths below the k-th smallest member; ties count for each rank they could have alike."""
    y = pixels(truth, truth, "logs", unit, run)[0]
    x = pixels(truth, subject, "logs", unit, run)
    return np.cumsum(rank_shares(y[None, None], x[None, :, None])[0])[: len(x)]


def _flat(gap: np.ndarray) -> np.ndarray:
    return gap.reshape(len(gap), gap.shape[1] * gap.shape[2])
