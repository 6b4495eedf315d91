"""Does the response have the right pattern, linear and nonlinear part apart?"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.features import flat, names, normalised, response_table
from gnomon.measures.response_amplitude import CERTAIN
from gnomon.measures.tables import declared, require_truth, with_lost
from gnomon.numerics.jackknife import (
    beside,
    left_out_means,
    pair_mean,
    paired,
    pseudo_values,
    squared_error,
    standard_error,
)
from gnomon.spec.results import Curve

Part = Literal["odd", "even"]
WEAK = 0.5  # of the true strength: a weaker response is not blown up to full size


class ResponsePattern(AbstractMeasure):
    """Pattern correlation of the odd (linear) or the even (nonlinear) part of the response with the true one.

    odd = (X(+a) - X(-a)) / 2, even = (X(+a) + X(-a)) / 2; r = X . R / (|X| |R|), uncentred, over all amplitudes and
    features in units of internal variability (Santer et al. 1993, doi:10.1007/BF00209666). d = 1 - r; the number a unit
    is the jackknife pseudo-value, which leaves out a unit of X together with the truth's unit beside it. Noise has a
    pattern too: where |X| is less than half of |R|, half of |R| takes its place in the denominator, so that no response
    has r near 0 instead of anything between -1 and 1.

    What misleads: strength does not enter above one half, and does below; noise in X and R pulls r below 1 for the
    perfect model too (the floor shows by how much); with few features a correlation is high by chance. Many worlds
    have no even part above their noise: the measure then gives the reason instead of a number.

    Attributes:
        part: "odd" or "even"; a trial that wants both asks twice.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.1007/BF00209666"

    part: Part = "odd"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Both parts of each unit's response."""
        table = response_table(evidence, declared(evidence, "amplitudes"))
        offset = table["offset"][0]
        up, down = _mirrored(offset)
        plus, minus = table["response"][:, up], table["response"][:, down]
        sizes = np.broadcast_to(offset[up], (len(plus), len(up)))
        return table | {"odd": (plus - minus) / 2, "even": (plus + minus) / 2, "size": sizes}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of 1 - r."""
        require_truth(truth)
        if not detected(truth, self.part):
            raise CannotMeasure(
                f"the true {self.part} response cannot be told from noise, so it has no pattern"
            )
        return with_lost(1 - _correlation(truth, subject, self.part), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the correlation."""
        d = self.discrepancy(truth, subject)
        return np.where(np.isfinite(d), 1 - d, np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Both parts at the largest amplitude, feature by feature."""
        truth, card = tables["truth"], evidence["truth"].card
        labels = names(card)
        out = []
        for part in ("odd", "even"):
            series = []
            for role in present(tables, "truth", "subject", "null"):
                x = normalised(truth, tables[role], part)[:, -1] * np.sqrt(truth[part][0].size)
                mean, twice = over_units(x, np.ones(len(x), bool))
                series.append(line(NAMES[role], role, np.arange(len(mean)), mean, spread=twice, most=64))
            listed = ", ".join(f"{i}: {n}" for i, n in enumerate(labels)) if len(labels) <= 8 else ""
            out.append(
                Curve(
                    name=part,
                    title="Linear part of the response"
                    if part == "odd"
                    else "Nonlinear part of the response",
                    kind="bars" if len(labels) <= 12 else "line",
                    x_label="feature",
                    y_label=f"{part} response to ±{truth['size'][0, -1]:g} (internal standard deviations)",
                    series=tuple(series),
                    note="; ".join(filter(None, [_told(tables, part), listed])),
                )
            )
        return tuple(out)


def detected(truth: UnitTable, part: Part) -> bool:
    """Whether a part of the true response stands out of its noise by three standard errors."""
    x = flat(normalised(truth, truth, part))
    return bool(pair_mean(x)[0] > CERTAIN * standard_error(squared_error(x)))


def _correlation(truth: UnitTable, subject: UnitTable, part: Part) -> np.ndarray:
    """[living unit] pseudo-values of r."""
    true, alive = flat(normalised(truth, truth, part)), subject["alive"]
    x = flat(normalised(truth, subject, part))
    if not len(x):
        return np.zeros(0)
    target = beside(true, alive).mean(axis=0)
    targets = left_out_means(true[alive]) if paired(true, alive) else target
    return pseudo_values(float(_cosine(x.mean(axis=0), target)), _cosine(left_out_means(x), targets))


def _cosine(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    whole = np.linalg.norm(target, axis=-1)
    size = np.maximum(np.linalg.norm(x, axis=-1), WEAK * whole) * whole
    return np.sum(x * target, axis=-1) / np.where(size > 0, size, 1.0)


def _mirrored(offset: np.ndarray) -> tuple[list[int], list[int]]:
    """Indices of forcings +a and of their mirror images -a."""
    up, down = [], []
    for i in np.flatnonzero(offset > 0):
        twin = np.flatnonzero(np.isclose(offset, -offset[i]))
        if len(twin):
            up.append(int(i))
            down.append(int(twin[0]))
    if not up:
        raise CannotMeasure("odd and even parts need forcings of both signs, and the trial declares none")
    return up, down


def _told(tables: Mapping[str, UnitTable], part: Part) -> str:
    if not detected(tables["truth"], part):
        return "the true part cannot be told from noise"
    r = _correlation(tables["truth"], tables["subject"], part)
    if len(r) < 2:
        return ""
    return f"pattern correlation {r.mean():.3f} ± {2 * standard_error(r):.3f} (two standard errors)"
