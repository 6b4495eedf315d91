"""Maps of responses, and which of their points stand out once every point counts as a test."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from gnomon.measures.sphere.fields import SIDE, Sphere, map_figure
from gnomon.spec.cards import Grid
from gnomon.spec.results import Curve

ALPHA = 0.05


def two_sample(a: np.ndarray, b: np.ndarray | float = 0.0) -> np.ndarray:
    """[...] two-sided p-values of Welch's t-test by unit, that the means along the first axis are equal.

    A number in place of `b` makes it the one-sample test. Points that never vary have p = 1, whatever their mean.
    """
    if len(a) < 2 or (isinstance(b, np.ndarray) and len(b) < 2):
        return np.ones(np.shape(a)[1:])
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Precision loss"
        )  # points that hardly vary: their p is looked at below
        if isinstance(b, np.ndarray):
            p = np.asarray(stats.ttest_ind(a, b, axis=0, equal_var=False))[1]
        else:
            p = np.asarray(stats.ttest_1samp(a, b, axis=0))[1]
    return np.where(np.isfinite(p), p, 1.0)


def discoveries(p: np.ndarray, rate: float) -> np.ndarray:
    """[...] which tests are rejected when the share of false discoveries is held at `rate`.

    The procedure of Benjamini and Hochberg (1995, doi:10.1111/j.2517-6161.1995.tb02031.x).
    """
    ordered = np.sort(p, axis=None)
    count = ordered.size
    passed = np.flatnonzero(ordered <= rate * np.arange(1, count + 1) / count)
    return p <= ordered[passed[-1]] if len(passed) else np.zeros(np.shape(p), bool)


def significant(a: np.ndarray, b: np.ndarray | float = 0.0, *, alpha: float = ALPHA) -> np.ndarray:
    """[...] points whose means differ, with the false-discovery rate held at 2 alpha.

    Fields are correlated in space, where the procedure is about twice as strict as its rate says: with 2 alpha the
    test of the whole map has level alpha (Wilks 2016, doi:10.1175/BAMS-D-15-00267.1). Units must be independent of
    each other.
    """
    return discoveries(two_sample(a, b), 2 * alpha)


def response_map(
    name: str,
    title: str,
    where: Sphere,
    fields: Mapping[str, np.ndarray],
    *,
    units: str,
    note: str = "",
    tested: bool = True,
    **style: Any,
) -> Curve:
    """A map of each role's mean response, and of the model's less the truth's, stippled where it stands out.

    Args:
        name: of the figure, without "map_".
        title: of the figure.
        where: the grid.
        fields: role -> [living unit, lat, lon].
        units: of the values.
        note: anything else to be said.
        tested: whether the difference is tested (`significant`).
        style: see `spec.figures.styled`.
    """
    shown = {role: x.mean(axis=0) for role, x in fields.items() if len(x)}
    told = [note] if note else []
    if {"truth", "subject"} <= shown.keys():
        shown["difference"] = shown["subject"] - shown["truth"]
        if tested:
            mask = significant(fields["subject"], fields["truth"])
            style["significant"] = {"difference": _coarse(mask)}
            told.append(significance_note(mask))
    return map_figure(f"map_{name}", title, where, shown, units=units, note="; ".join(told), **style)


def significance_note(mask: np.ndarray) -> str:
    """What the stipples of a difference mean."""
    return (
        f"stipples: the difference stands out of both samplings, {100 * mask.mean():.0f} % of the points "
        f"(t-test by unit, false-discovery rate {2 * ALPHA:g})"
    )


def fine_enough(grid: Grid) -> bool:
    """Whether the grid resolves what a flux of wave activity needs: T31 or points less than 3 degrees apart."""
    if grid.truncation is not None:
        return grid.truncation >= 31
    return len(grid.lon) > 120 and len(grid.lat) > 60


def _coarse(mask: np.ndarray) -> np.ndarray:
    """A mask on the points that `fields.map_figure` draws: the nearest of the grid's."""
    rows, columns = (min(size, SIDE) for size in mask.shape)
    i = np.linspace(0, mask.shape[0] - 1, rows).round().astype(int)
    j = (np.arange(columns) * mask.shape[1] / columns).round().astype(int) % mask.shape[1]
    return mask[np.ix_(i, j)]
