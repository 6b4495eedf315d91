"""Does the response saturate where the truth's does?"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.sphere.blocks import Block, block_table
from gnomon.measures.sphere.products import cross_mean, detected
from gnomon.measures.sphere.steady import grid_of, steady
from gnomon.measures.tables import declared, require_truth, with_lost
from gnomon.numerics.jackknife import pair_mean, paired, pseudo_values, standard_error
from gnomon.spec.results import Curve, Role, Series

Field = Literal["zg500", "pr"]
BLOCKS: dict[str, Block] = {"zg500": Block("zg500", "pna"), "pr": Block("pr", "tropics")}
WEAK = 0.25  # of the true squared norm: the first step of a weaker response is not divided by its own noise


class ResponseSaturation(AbstractMeasure):
    """Error of the saturation curve, against the truth's own.

    g(k) = <R(k), R(1)> / (k <R(1), R(1)>), R(1) the response to the smallest forcing of the same sign, R(k) to k
    times as much: 1 is linear, below 1 saturates (the question of Jimenez-Esteve and Domeisen 2020,
    doi:10.5194/wcd-1-225-2020). Products are area means over 20-80N 150E-60W (zg500) or within 30 degrees of the
    equator (precipitation), averaged over pairs of different units, so that neither the shared control nor noise
    enters (Hoeffding 1948, doi:10.1214/aoms/1177730196). d = mean over k > 1 inside the training range, both signs,
    of (g - g_true)^2; the number a unit is the jackknife pseudo-value, which takes out the noise of g. value = g at
    the largest positive forcing inside the range. Steps beyond the range are drawn only.

    What misleads: g has the strength of R(1) divided out, so a model of half the gain can be right here; a pattern
    that turns as the forcing grows lowers g just as saturation does. Where <R(1), R(1)> is below a quarter of the
    truth's, that quarter divides.

    Attributes:
        field: "zg500" or "pr"; ten members show "pr" only.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.5194/wcd-1-225-2020"

    field: Field = "zg500"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Each unit's responses inside the training range and, where they were run, beyond it."""
        grid, blocks = grid_of(evidence), (BLOCKS[self.field],)
        inside = declared(evidence, "amplitudes")
        table = block_table(grid, steady(evidence, inside, (self.field,)), blocks)
        steps(table["offset"][0])
        try:
            everything = {**inside, **evidence.design.get("beyond", {})}
            far = block_table(grid, steady(evidence, everything, (self.field,)), blocks)
        except CannotMeasure:
            return table
        return table | {f"all_{k}": far[k] for k in ("response", "offset", "alive")}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared error of g."""
        require_truth(truth)
        offset, alive = truth["offset"][0], subject["alive"]
        pairs = steps(offset)
        for first in {i for i, _ in pairs}:
            if not detected(truth["response"][:, first]):
                raise CannotMeasure(
                    f"the true response of {self.field} to {offset[first]:+g} cannot be told from noise: "
                    "nothing can be said to saturate"
                )
        x = subject["response"][alive]
        if not len(x):
            return with_lost(np.zeros(0), alive)
        both = paired(truth["response"], alive)
        total = np.zeros(len(x) + 1)
        for first, far in pairs:
            g = bend(x, offset, first, far, truth["response"])
            true = bend(truth["response"][alive] if both else truth["response"], offset, first, far)
            total += (g - (true if both else true[0])) ** 2 / len(pairs)
        return with_lost(pseudo_values(float(total[0]), total[1:]), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of g at the largest positive forcing inside the range; NaN where R(1) is not seen."""
        offset, alive = truth["offset"][0], subject["alive"]
        first, far = max(steps(offset), key=lambda pair: offset[pair[1]])
        x = subject["response"][alive]
        if not detected(x[:, first]):
            return np.full(alive.shape, np.nan)
        g = bend(x, offset, first, far)
        return with_lost(pseudo_values(float(g[0]), g[1:]), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """G against the forcing, steps beyond the training range included."""
        series = [
            found
            for role in present(tables, "truth", "subject", "floor")
            if (found := self._course(tables, role))
        ]
        reach = np.abs(tables["truth"]["offset"][0]).max()
        return (
            Curve(
                name=f"saturation_{self.field}",
                title=f"Saturation of the response of {self.field}",
                kind="line",
                x_label="forcing (half of the training range)",
                y_label="g, response over a linear one (1)",
                series=tuple(series),
                note=f"band: two standard errors; 1 by definition at the first step of each sign; "
                f"forcings beyond {reach:g} lie outside the training range",
            ),
        )

    def _course(self, tables: Mapping[str, UnitTable], role: Role) -> Series | None:
        table, prefix = tables[role], "all_" if "all_offset" in tables[role] else ""
        offset, alive = table[f"{prefix}offset"][0], table[f"{prefix}alive"]
        x = table[f"{prefix}response"][alive]
        found = {}
        for first, far in steps(offset):
            if not detected(x[:, first]):
                continue
            g = bend(x, offset, first, far)
            p = pseudo_values(float(g[0]), g[1:])
            found[float(offset[first])] = (1.0, 0.0)
            found[float(offset[far])] = (p.mean(), 2 * standard_error(p))
        if not found:
            return None
        at = np.array(sorted(found))
        y, spread = np.array([found[a] for a in at]).T
        return line(NAMES[role], role, at, y, spread=spread)


def steps(offset: np.ndarray) -> list[tuple[int, int]]:
    """(smallest forcing, a larger one) of the same sign, as indices."""
    out = []
    for sign in (-1, 1):
        found = [int(i) for i in np.argsort(np.abs(offset), kind="stable") if offset[i] * sign > 0]
        out += [(found[0], far) for far in found[1:]]
    if not out:
        raise CannotMeasure("saturation needs two forcings of one sign inside the training range")
    return out


def bend(
    x: np.ndarray, offset: np.ndarray, first: int, far: int, truth: np.ndarray | None = None
) -> np.ndarray:
    """[1 + unit] g of all units, then without each in turn.

    Args:
        x: [unit, forcing, feature].
        offset: [forcing].
        first: index of R(1).
        far: index of R(k).
        truth: whose R(1) sets the least denominator; none where None.
    """
    top, tops = cross_mean(x[:, far], x[:, first])
    base, bases = pair_mean(x[:, first])
    least = WEAK * pair_mean(truth[:, first])[0] if truth is not None else 0.0
    below = np.maximum(np.concatenate([[base], bases]), max(least, 1e-300))
    return np.concatenate([[top], tops]) / below / (offset[far] / offset[first])
