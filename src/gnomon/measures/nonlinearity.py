"""Does twice the forcing give twice the response, where it should?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.features import flat, normalised, response_table
from gnomon.measures.tables import declared, require_truth, with_lost
from gnomon.numerics.jackknife import pair_mean, paired_error, pseudo_values
from gnomon.spec.results import Curve


class Nonlinearity(AbstractMeasure):
    """How far the response to twice the forcing is from twice the response.

    value = |X(2d) - 2 X(d)| / |2 X(d)|, d the smallest shift whose double is run too, norms over features in units of
    internal variability, squares corrected for noise (the question of Chen et al. 2026,
    doi:10.48550/arXiv.2602.11313).

    discrepancy = |N - N_truth|^2 / |2 X_truth(d)|^2 with N = X(2d) - 2 X(d), corrected for the noise of both. The
    vector and the truth's own denominator are taken rather than the difference of two ratios, because the ratio of a
    model that hardly responds divides noise by noise. No response and a strictly linear response (pattern scaling) are
    then the same null: N = 0. The number a unit is the pseudo-value.

    What misleads: a ratio of norms has no sign, so saturation and amplification of equal size have equal values (the
    discrepancy and the figure tell them apart); where the true response is nearly linear there is no room.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2602.11313"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Responses to d and 2d."""
        offsets = {label: float(v) for label, v in declared(evidence, "offsets").items()}
        return response_table(evidence, doubled(offsets))

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared distance of the nonlinear parts."""
        require_truth(truth)
        true = normalised(truth, truth)
        size = 4 * pair_mean(true[:, 0])[0]
        if size <= 0:
            raise CannotMeasure(
                "the true response cannot be told from noise, so its nonlinearity has no scale"
            )
        gap = paired_error(_bend(normalised(truth, subject)), _bend(true), subject["alive"])
        return with_lost(gap / size, subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the ratio; none (NaN) where the subject's response cannot be told from noise."""
        x = normalised(truth, subject)
        if not len(x):
            return np.full(subject["alive"].shape, np.nan)
        bend, bend_left = pair_mean(_bend(x))
        base, base_left = pair_mean(2 * flat(x[:, 0]))
        if base <= 0 or (base_left <= 0).any():
            return np.full(subject["alive"].shape, np.nan)
        ratio = np.sqrt(max(bend, 0.0) / base)
        ratios = pseudo_values(ratio, np.sqrt(np.maximum(bend_left, 0.0) / base_left))
        return with_lost(ratios, subject["alive"], lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Response along the true one at d and 2d, beside the straight line through the true response at d."""
        truth = tables["truth"]
        true = normalised(truth, truth) * np.sqrt(truth["response"][0].size)
        along = true[:, 0].mean(axis=0)
        along = along / max(float(np.linalg.norm(along)), 1e-300)
        offset = np.concatenate([[0.0], truth["offset"][0]])
        series = []
        for role in present(tables, "truth", "subject", "null"):
            x = normalised(truth, tables[role]) * np.sqrt(truth["response"][0].size)
            mean, twice = over_units(x @ along, np.ones(len(x), bool))
            y, spread = np.concatenate([[0.0], mean]), np.concatenate([[0.0], twice])
            series.append(line(NAMES[role], role, offset, y, spread=spread))
        straight = float((true[:, 0] @ along).mean())
        series.append(line("truth, if linear", "truth", offset, offset / offset[1] * straight))
        return (
            Curve(
                name="doubling",
                title="Response to a forcing and to its double",
                kind="line",
                x_label="forcing (half of the training range)",
                y_label="response along the true one (internal standard deviations)",
                series=tuple(series),
                note="band: two standard errors over units",
            ),
        )


def doubled(offsets: Mapping[str, float]) -> dict[str, float]:
    """The smallest forcing whose double is run too, and its double."""
    for label in sorted(offsets, key=lambda label: offsets[label]):
        for other, value in offsets.items():
            if offsets[label] > 0 and np.isclose(value, 2 * offsets[label]):
                return {label: offsets[label], other: value}
    raise CannotMeasure("no forcing was run together with its double")


def _bend(x: np.ndarray) -> np.ndarray:
    """[unit, feature] X(2d) - 2 X(d)."""
    return x[:, 1] - 2 * x[:, 0]
