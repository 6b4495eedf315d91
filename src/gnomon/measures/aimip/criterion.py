"""What the criteria share: a coefficient at every point, compared with the reference's and told as one number."""

import abc
from collections.abc import Mapping

import equinox as eqx
import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.aimip.pairs import pair_error
from gnomon.measures.aimip.yearly import blocks_of, grouped, lost_years
from gnomon.measures.tables import each_unit, with_lost
from gnomon.spec.cards import Grid
from gnomon.spec.results import Curve

FEWEST = 3  # years, below which nothing is said


class AbstractCriterion(AbstractMeasure):
    """A field of coefficients (mean, trend, response …) for each variable, estimated from blocks of years.

    d = mean over variables of <(b - b_reference)^2> / size of the variable, < > the area mean, corrected for the noise
    of both (see `pairs.pair_error`); the subject's block of years stands beside the reference's. The size is the mean
    square of what single blocks of the reference say, sum D^2 / sum Q^2: b^2 where the signal is clear, and the noise
    of one block, n times that of b, where there is none. So a variable that does not respond decides nothing.

    Attributes:
        scale_key: entry of the reference's table whose area mean is a variable's size; "" for the mean square of single
            blocks.
        what: the coefficient, for figures.
        per: what its units are divided by, as in " / decade".
    """

    scale_key: eqx.AbstractClassVar[str]
    what: eqx.AbstractClassVar[str]
    per: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def summarise(self, evidence: Evidence) -> UnitTable:
        """See `AbstractMeasure.summarise`: a table made by `table_of`."""

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared error, a mean over variables."""
        require_reference(truth)
        if truth["span"].sum() < FEWEST:
            raise CannotMeasure(
                f"only {int(truth['span'].sum())} whole years are in both sets of files; {FEWEST} are the least"
            )
        if len(truth["alive"]) != len(subject["alive"]):
            raise CannotMeasure("reference and files are not held against each other over the same years")
        alive = subject["alive"]
        if not alive.any() or _mostly_missing(truth, subject):
            return np.full(len(alive), np.inf)
        root = _roots(truth, subject, self.scale_key)
        gap = (subject["sum"][alive] - truth["sum"][alive]) * root
        return with_lost(pair_error(np.nan_to_num(gap, nan=0.0), subject["weight"][alive]), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    @abc.abstractmethod
    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """See `AbstractMeasure.curves`: at least `drawing.figures`."""


def table_of(
    grid: Grid,
    sums: Mapping[str, np.ndarray],
    weights: np.ndarray,
    years: np.ndarray,
    *,
    block: int,
    scales: Mapping[str, np.ndarray] | None = None,
) -> UnitTable:
    """The table of a criterion.

    Args:
        grid: of the maps.
        sums: variable -> [year, lat, lon], the year's sum of regressor times value.
        weights: [year] the year's sum of the squared regressor.
        years: [year].
        block: years a unit, or 0 (see `blocks_of`).
        scales: variable -> [lat, lon], where `scale_key` is "size".

    Returns:
        "sum" [unit, feature], "weight", "alive", "year" (the first) and "span" (how many) [unit], and, alike for all
        units, "variable" and "area" (shares that sum to 1 within a variable) [unit, feature], "names" [unit,
        variable], and "size" where scales are given.
    """
    names = list(sums)
    which = blocks_of(len(years), block)
    units = int(which.max()) + 1
    lost = lost_years(sums)
    alive = grouped(lost.astype(float), which) == 0
    area = np.repeat(np.asarray(grid.weights)[:, None] / len(grid.lon), len(grid.lon), axis=1).ravel()
    points = len(area)
    total = np.empty((units, len(names) * points), np.float32)
    for i, name in enumerate(names):
        total[:, i * points : (i + 1) * points] = grouped(sums[name].reshape(len(years), -1), which)
    table = {
        "sum": total,
        "weight": grouped(np.asarray(weights, float), which),
        "span": np.bincount(which),
        "alive": alive,
        "year": np.array([years[which == k][0] for k in range(units)]),
        "variable": each_unit(np.repeat(np.arange(len(names)), points), units),
        "area": each_unit(np.tile(area, len(names)), units),
        "names": each_unit(np.array(names), units),
    }
    if scales is not None:
        table["size"] = each_unit(np.concatenate([np.ravel(scales[n]) for n in names]), units)
    return table


def require_reference(truth: UnitTable) -> None:
    """Refuse a reference with holes in time."""
    lost = truth["year"][~truth["alive"]]
    if len(lost):
        raise CannotMeasure(
            f"the reference has missing values in the years from {', '.join(map(str, lost))} at points that are there "
            "in most years; look at it with gnomon doctor"
        )


def held_points(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[feature] points that are there in every living unit of both (files mask levels below the ground)."""
    theirs = np.all(np.isfinite(truth["sum"]), axis=0)
    return np.asarray(theirs & np.all(np.isfinite(subject["sum"][subject["alive"]]), axis=0))


def _mostly_missing(truth: UnitTable, subject: UnitTable) -> bool:
    """Whether the subject never holds half of the area that the reference holds of some variable.

    A mask below the ground is no fault; a field that is not there is.
    """
    variable, area = truth["variable"][0], truth["area"][0]
    wanted = np.bincount(variable, weights=np.where(np.isfinite(truth["sum"]).all(axis=0), area, 0.0))
    got = np.bincount(variable, weights=np.where(held_points(truth, subject), area, 0.0))
    return bool((got < 0.5 * wanted).any())


def sizes(truth: UnitTable, there: np.ndarray, scale_key: str) -> np.ndarray:
    """[variable] the area mean that a variable's squared errors are divided by; 0 where it has none."""
    variable, area = truth["variable"][0], np.where(there, truth["area"][0], 0.0)
    squares = (
        truth[scale_key][0] if scale_key else (truth["sum"] ** 2).sum(axis=0) / (truth["weight"] ** 2).sum()
    )
    share = np.bincount(variable, weights=area)
    mean = np.bincount(variable, weights=area * np.where(there, squares, 0.0))
    return np.divide(mean, share, out=np.zeros_like(mean), where=share > 0)


def _roots(truth: UnitTable, subject: UnitTable, scale_key: str) -> np.ndarray:
    """[feature] what differences are multiplied by so that their squares sum to d."""
    there = held_points(truth, subject)
    variable, area = truth["variable"][0], np.where(there, truth["area"][0], 0.0)
    size = sizes(truth, there, scale_key)
    counted = size > 0
    if not counted.any():
        raise CannotMeasure("the reference has nothing to compare with: the coefficient is zero everywhere")
    share = np.bincount(variable, weights=area)
    factor = np.divide(1.0, size * share * counted.sum(), out=np.zeros_like(size), where=counted)
    return np.sqrt(area * factor[variable])
